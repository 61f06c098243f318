#include "config/diagnostic.h"

#include <algorithm>
#include <string_view>

#include "config/diagnostic_parts.h"
#include "config/text_bytes.h"

namespace steelyard {
namespace {

constexpr std::size_t line_bytes_shown_max = 160;

struct Paint {
  const char *error = "", *warning = "", *frame = "", *bold = "", *off = "";
};
constexpr Paint colored{"\033[1;31m", "\033[1;33m", "\033[1;34m", "\033[1m", "\033[0m"};
constexpr Paint plain{};

// What is shown of one source line, and where the carets go (both in bytes of `text`).
struct Excerpt {
  std::string text;
  std::size_t caret = 0;
  std::size_t carets = 1;
};

bool is_tail(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// UTF-8 tail bytes take no column of their own on a terminal.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_tail(c); }));
}

Excerpt excerpt_of(std::string_view line, const SourceSpan& at) {
  Excerpt shown;
  const std::size_t column = std::min<std::size_t>(at.column == 0 ? 0 : at.column - 1, line.size());
  std::size_t begin = 0;
  if (line.size() > line_bytes_shown_max && column > line_bytes_shown_max / 2) {
    begin = column - line_bytes_shown_max / 2;
    while (begin < column && is_tail(line[begin])) ++begin;
    shown.text = "...";
  }
  std::string_view kept = line.substr(begin, line_bytes_shown_max);
  while (begin + kept.size() < line.size() && !kept.empty() && is_tail(line[begin + kept.size()])) {
    kept.remove_suffix(1);  // never cut a character in two
  }
  const std::size_t lead = shown.text.size() + width_of(line.substr(begin, column - begin));
  const bool clean = !find_bad_byte(kept).has_value();  // else no byte above ASCII is trusted
  for (const char c : kept)
    shown.text += clean || static_cast<unsigned char>(c) < 0x80 ? printable(c) : '?';
  if (begin + kept.size() < line.size()) shown.text += "...";
  shown.caret = lead;
  const std::size_t room = column < begin + kept.size() ? begin + kept.size() - column : 1;
  const std::size_t bytes = std::clamp<std::size_t>(at.length, 1, room);
  shown.carets = std::max<std::size_t>(1, width_of(line.substr(column, bytes)));
  return shown;
}

// " --> path:line:column" and the line with its carets.
void append_place(std::string& out, const Label& label, std::span<const SourceText> sources,
                  std::size_t gutter, const Paint& paint, const char* caret_paint,
                  bool show_label) {
  if (label.at.line == 0 || label.at.file >= sources.size()) return;
  const SourceText& source = sources[label.at.file];
  const std::string pad(gutter, ' ');
  const std::string number = std::to_string(label.at.line);
  const Excerpt shown = excerpt_of(line_of(source.text, label.at.line), label.at);
  const std::string bar = std::string(paint.frame) + "|" + paint.off;
  out += pad + paint.frame + "--> " + paint.off + source.path + ":" + number + ":" +
         std::to_string(label.at.column) + "\n";
  out += pad + " " + bar + "\n";
  out += std::string(gutter - number.size(), ' ') + paint.frame + number + paint.off + " " + bar;
  out += (shown.text.empty() ? "" : " ") + shown.text + "\n";
  out += pad + " " + bar + " " + std::string(shown.caret, ' ') + caret_paint +
         std::string(shown.carets, '^');
  if (show_label && !label.text.empty()) out += " " + label.text;
  out += std::string(paint.off) + "\n";
}

std::size_t gutter_of(const Diagnostic& diagnostic) {
  std::uint32_t largest = diagnostic.primary.at.line;
  for (const Label& note : diagnostic.notes) largest = std::max(largest, note.at.line);
  return std::to_string(largest).size();
}

}  // namespace

std::string_view line_of(std::string_view text, std::uint32_t line) {
  std::size_t begin = 0;
  for (std::uint32_t i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) return {};
    begin = end + 1;
  }
  std::string_view found = text.substr(begin, text.find('\n', begin) - begin);
  if (!found.empty() && found.back() == '\r') found.remove_suffix(1);
  return found;
}

char printable(char c) {
  if (c == '\t') return ' ';
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F ? '?' : c;
}

const char* name_of(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

std::string to_text(const Diagnostic& diagnostic, std::span<const SourceText> sources,
                    PrintOptions options) {
  const Paint& paint = options.color ? colored : plain;
  const char* tone = diagnostic.severity == Severity::error ? paint.error : paint.warning;
  const std::size_t gutter = gutter_of(diagnostic);
  std::string out;
  out += std::string(tone) + name_of(diagnostic.severity) + "[" + diagnostic.code + "]" + paint.off;
  out += std::string(paint.bold) + ": " + printable_text(diagnostic.message) + paint.off + "\n";
  append_place(out, diagnostic.primary, sources, gutter, paint, tone, true);
  for (const Label& note : diagnostic.notes) {
    out += std::string(paint.bold) + "note" + paint.off + ": " + note.text + "\n";
    append_place(out, note, sources, gutter, paint, paint.frame, false);
  }
  if (!diagnostic.help.empty()) {
    out += std::string(gutter, ' ') + paint.frame + " = " + paint.off + paint.bold + "help" +
           paint.off + ": " + printable_text(diagnostic.help) + "\n";
  }
  return out;
}

}  // namespace steelyard
