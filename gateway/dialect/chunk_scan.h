#pragma once
// A look at the beginning of an event: may it still turn out to be the usage chunk nobody asked
// for?
#include <cstdint>
#include <string_view>

namespace steelyard::dialect::openai {

// Could these first bytes of an event become a chunk with empty choices? Monotone: once `no`, every
// longer prefix is `no`; once `yes`, every longer prefix is `yes`.
enum class EmptyChoices : std::uint8_t { undecided, yes, no };
EmptyChoices empty_choices(std::string_view event_prefix);

}  // namespace steelyard::dialect::openai
