#include "config/binder.h"

#include <algorithm>

#include "config/nearest.h"
#include "config/paths.h"
#include "config/references.h"

namespace steelyard {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "`" : ", `") + name + "`";
  return out;
}

// At most one line of a value: messages stay readable whatever a file holds.
std::string shortened(const std::string& text) {
  constexpr std::size_t shown = 40;
  const std::string first = text.substr(0, text.find('\n'));
  return first.size() <= shown && first.size() == text.size() ? text
                                                              : first.substr(0, shown) + "...";
}

}  // namespace

void BindContext::wrong_type(const YamlNode& node, const std::string& what) {
  const std::string got = name_of(node.kind);
  sink.error("C0103", node.at, "expected " + what, "this is " + got);
}

void BindContext::wrong_value(const char* code, const YamlNode& node, const std::string& expected) {
  const std::string what = node.text.empty() ? "an empty text" : "`" + shortened(node.text) + "`";
  sink.error(code, node.at, what + " does not fit here", expected);
}

void BindContext::unknown_key(const YamlEntry& entry, const std::string& owner,
                              const std::vector<std::string>& known) {
  const std::optional<std::string> close = nearest(entry.key, known);
  const std::string help = close ? "the key is `" + *close + "`" : "the keys are " + listed(known);
  sink.error("C0102", entry.key_at, "unknown key `" + shortened(entry.key) + "` in " + owner,
             "not a key of " + owner, help);
}

void BindContext::missing_keys(SourceSpan owner_at, const std::string& owner,
                               const std::vector<std::string>& keys) {
  const char* noun = keys.size() == 1 ? " needs the key " : " needs the keys ";
  sink.error("C0104", owner_at, owner + noun + listed(keys), "missing here");
}

void BindContext::redact(SourceSpan at) {
  if (at.file >= sources.size() || at.line == 0) return;
  std::string& text = sources[at.file].text;
  std::size_t begin = 0;
  for (std::uint32_t line = 1; line < at.line && begin != std::string::npos; ++line) {
    begin = text.find('\n', begin);
    if (begin != std::string::npos) ++begin;
  }
  if (begin == std::string::npos) return;
  begin += at.column - 1;
  for (std::size_t i = begin; i < std::min(begin + at.length, text.size()); ++i) {
    if (text[i] != '"' && text[i] != '\'' && text[i] != '\n') text[i] = '*';
  }
}

std::optional<std::string> BindContext::text(const YamlNode& node, const std::string& what) {
  if (node.kind != YamlNode::Kind::scalar) {
    wrong_type(node, what);
    return std::nullopt;
  }
  return resolve_references(node.text, node.at, *this);
}

std::optional<Secret> BindContext::secret(const YamlNode& node, const std::string& what) {
  const std::size_t errors_before = sink.errors();
  in_secret = true;
  std::optional<std::string> found = text(node, what);
  in_secret = false;
  if (!found) return std::nullopt;
  const bool literal = node.text.find("${") == std::string::npos;
  if (literal) redact(node.at);
  if (found->empty() && sink.errors() == errors_before) {
    sink.error("C0305", node.at, "this secret is empty", "nothing in it",
               "set it, or remove the line");
    return std::nullopt;
  }
  if (literal) {
    sink.warning("C0304", node.at, "a secret is written into the configuration",
                 "everyone who reads this file can use it",
                 "write `${env:NAME}` or `${file:/run/secrets/name}`");
  }
  return Secret(std::move(*found));
}

std::optional<std::string> BindContext::path(const YamlNode& node, const std::string& what) {
  std::optional<std::string> written = text(node, what);
  if (!written || written->empty() || node.at.file >= sources.size()) return written;
  return beside(sources[node.at.file].path, *written);
}

}  // namespace steelyard
