#pragma once
// Paths as text; nothing here looks at a disk.
#include <string>
#include <string_view>

namespace steelyard {

// `path` as seen from the folder of the file `from`: absolute paths stay, "." and ".." are folded.
std::string beside(std::string_view from, std::string_view path);

}  // namespace steelyard
