#include "gateway/dialect/call_listing.h"

#include "gateway/dialect/chat.h"

namespace steelyard::dialect {
namespace {

// Arguments are JSON in a JSON string: blanks between their tokens are not shown.
void append_compact(std::string& out, std::string_view escaped) {
  bool quoted = false;
  for (std::size_t at = 0; at < escaped.size(); ++at) {
    const char c = escaped[at];
    const bool escape = c == '\\' && at + 1 < escaped.size();
    const char next = escape ? escaped[at + 1] : c;
    if (!quoted && (next == ' ' || (escape && (next == 'n' || next == 'r' || next == 't')))) {
      at += escape;
      continue;
    }
    if (next == '"') quoted = !quoted;
    out += c;
    if (!escape) continue;
    out += next;
    ++at;
    // \\ of the string and what it escapes in the JSON inside: \\\" is no quote.
    if (next != '\\' || at + 1 >= escaped.size()) continue;
    if (escaped[at + 1] == '\\' && at + 2 < escaped.size()) out += escaped[++at];
    out += escaped[++at];
  }
}

// The next of a kind at or after `at`; `texts.size()`: there is none.
std::size_t next_of(TextKind kind, std::span<const TextSlice> texts, std::size_t at) {
  while (at < texts.size() && texts[at].kind != kind) ++at;
  return at;
}

}  // namespace

// A name may stand before or after its arguments.
void write_call_listing(std::string& out, std::span<const TextSlice> texts) {
  out = R"({\"tool_uses\":[)";
  std::size_t name = next_of(TextKind::tool_name, texts, 0);
  std::size_t arguments = next_of(TextKind::tool_arguments, texts, 0);
  for (bool first = true; name < texts.size(); first = false) {
    out.append(first ? "" : ",").append(R"({\"recipient_name\":\"functions.)");
    out.append(texts[name].raw).append(R"(\",\"parameters\":)");
    if (arguments < texts.size()) append_compact(out, texts[arguments].raw);
    out += '}';
    name = next_of(TextKind::tool_name, texts, name + 1);
    arguments = next_of(TextKind::tool_arguments, texts, arguments + 1);
  }
  out += "]}";
}

}  // namespace steelyard::dialect
