#pragma once
// What is wrong with a configuration, where, and how to mend it; and the three ways to say so.
// House rules for the words: lower case, no full stop, backticks around code, state the fix instead
// of asking.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/types/span.h"

namespace steelyard {

// One file as it was read. `SourceSpan::file` indexes a list of these.
struct SourceText {
  std::string path;
  std::string text;
};

enum class Severity : std::uint8_t { error, warning };

struct Label {
  SourceSpan at;
  std::string text;  // beside the carets: "not a policy key"; may be empty
};

struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;     // "C0102": config/codes.h has the long story
  std::string message;  // "unknown key `prefr` in a policy"
  Label primary;        // `at.line` 0: no place in a file
  std::vector<Label>
      notes;         // other places that matter; `text` is the sentence: "first written here"
  std::string help;  // "the key is `prefer`"; may be empty
};

struct PrintOptions {
  bool color = false;  // ANSI; callers look at isatty and NO_COLOR
};

// The caret form, for people; ends with a newline. Control bytes of the source are shown as `?`,
// tabs as one space.
std::string to_text(const Diagnostic& diagnostic, std::span<const SourceText> sources,
                    PrintOptions options = {});

// One JSON object: severity, code, message, file, line, column, length, label, notes[], help.
std::string to_json(const Diagnostic& diagnostic, std::span<const SourceText> sources);

// One workflow command a line: "::error file=...,line=...,col=...,title=C0102::message".
std::string to_github(const Diagnostic& diagnostic, std::span<const SourceText> sources);

}  // namespace steelyard
