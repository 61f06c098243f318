#pragma once
// Which JSON type the fields have that OpenAI's two dialects know and that other dialects mostly
// have no place for: a wrong one is refused, although the field itself would be left out and told.
#include <string_view>

namespace steelyard::dialect::hub {

// `first` begins the value of the top-level field `key`. "": it fits, or the field is not among
// these; else the words for the client, "must be an array or null".
std::string_view misfit(std::string_view key, char first);

}  // namespace steelyard::dialect::hub
