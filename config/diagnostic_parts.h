#pragma once
// Shared by the printers; nobody else needs it.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/diagnostic.h"

namespace steelyard {

// The 1-based line without its line break; empty when there is none.
std::string_view line_of(std::string_view text, std::uint32_t line);

// A byte fit for a terminal: tabs become a space, other control bytes `?` (no escape sequences from
// a file).
char printable(char c);

inline std::string printable_text(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = printable(c);
  return out;
}

const char* name_of(Severity severity);  // "error", "warning"

}  // namespace steelyard
