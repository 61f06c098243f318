#pragma once
// The long story behind every diagnostic code of this folder: `steelyard errors C0102`.
#include <span>
#include <string_view>

namespace steelyard {

struct CodeStory {
  std::string_view code;   // "C0102"
  std::string_view title;  // one lower-case clause
  std::string_view story;  // why it is refused, and what to do: one to three sentences
};

// Sorted by code. A test provokes each of them.
std::span<const CodeStory> code_stories();

// Null when there is no such code.
const CodeStory* find_code(std::string_view code);

}  // namespace steelyard
