#pragma once
// What is wrong with a configuration, and where: `steelyard check` prints it with a caret.
#include <cstdint>
#include <string>
#include <vector>

#include "config/types/span.h"

namespace steelyard::policies {

enum class Severity : std::uint8_t { error, warning };

struct Problem {
  Severity severity = Severity::error;
  const char* code = "";  // "P0301": stable, for `steelyard errors`
  SourceSpan at;
  std::string message;  // lower case, no full stop, code in backticks
  std::string help;     // the fix, stated; "" when there is nothing to say
  std::string note;     // about `note_at`; "" when there is no second place
  SourceSpan note_at;
};

bool has_errors(const std::vector<Problem>& problems);

// The candidate closest to `text` by edit distance, if it is close enough to be a slip of the pen;
// else "".
std::string closest(const std::string& text, const std::vector<std::string>& candidates);

}  // namespace steelyard::policies
