#include "config/fields.h"

#include <algorithm>

#include "config/nearest.h"
#include "config/types/limits.h"

namespace steelyard {

std::string written_duration(std::int64_t ms) {
  constexpr std::pair<const char*, std::int64_t> units[] = {
      {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}};
  for (const auto& [name, unit] : units) {
    if (ms >= unit && ms % unit == 0) return std::to_string(ms / unit) + name;
  }
  return std::to_string(ms) + "ms";
}

std::string written_bytes(std::int64_t bytes) {
  if (bytes >= 1 << 20 && bytes % (1 << 20) == 0) return std::to_string(bytes >> 20) + "MiB";
  if (bytes >= 1 << 10 && bytes % (1 << 10) == 0) return std::to_string(bytes >> 10) + "KiB";
  return std::to_string(bytes);
}

std::string written_count(std::int64_t count) {
  return std::to_string(count);
}

std::optional<std::int64_t> bind_integer(BindContext& context, const YamlNode& node,
                                         Parsed<std::int64_t> (*parse)(std::string_view),
                                         const char* code, const char* what, std::int64_t min,
                                         std::int64_t max, std::string (*written)(std::int64_t)) {
  const std::optional<std::string> text = context.text(node, what);
  if (!text) return std::nullopt;
  const Parsed<std::int64_t> value = parse(*text);
  if (!value) {
    context.wrong_value(code, node, value.error());
    return std::nullopt;
  }
  if (*value < min || *value > max) {
    context.sink.error("C0202", node.at, "`" + node.text + "` is out of range",
                       "expected " + written(min) + " to " + written(max));
    return std::nullopt;
  }
  return *value;
}

std::optional<bool> bind_bool(BindContext& context, const YamlNode& node) {
  const std::optional<std::string> text = context.text(node, "`true` or `false`");
  if (!text) return std::nullopt;
  const Parsed<bool> value = parse_bool(*text);
  if (value) return *value;
  std::string lower = *text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const bool yes =
      lower == "yes" || lower == "on" || lower == "true" || lower == "1" || lower == "y";
  const bool no =
      lower == "no" || lower == "off" || lower == "false" || lower == "0" || lower == "n";
  context.sink.error("C0216", node.at, "`" + node.text + "` is not `true` or `false`",
                     value.error(),
                     yes  ? "write `true`"
                     : no ? "write `false`"
                          : "");
  return std::nullopt;
}

bool valid_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (name.empty() || name.size() > 64 || !plain(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

std::optional<std::string> bind_name(BindContext& context, const YamlNode& node) {
  std::optional<std::string> text = context.text(node, "a name");
  if (!text || valid_name(*text)) return text;
  context.sink.error("C0214", node.at, "`" + node.text + "` cannot be a name", "not a name",
                     name_help);
  return std::nullopt;
}

std::optional<std::string> bind_glob(BindContext& context, const YamlNode& node) {
  std::optional<std::string> text = context.text(node, "a name or a pattern such as `gpt-*`");
  if (!text) return text;
  const bool fits = !text->empty() && text->size() <= limits::model_name_bytes_max;
  if (fits && text->find_first_of(" \t\n") == std::string::npos) return text;
  context.wrong_value("C0215", node,
                      "expected a name or a pattern such as `gpt-*`, at most 128 bytes, no blanks");
  return std::nullopt;
}

std::optional<std::string> bind_time_zone(BindContext& context, const YamlNode& node) {
  std::optional<std::string> text = context.text(node, "a time zone such as `Europe/Berlin`");
  if (!text || looks_like_time_zone(*text)) return text;
  context.wrong_value("C0210", node, "expected an IANA time zone such as `Europe/Berlin` or `UTC`");
  return std::nullopt;
}

std::optional<std::size_t> bind_choice(BindContext& context, const YamlNode& node,
                                       const std::vector<std::string>& choices) {
  std::string all;
  for (const std::string& choice : choices) all += (all.empty() ? "`" : ", `") + choice + "`";
  const std::optional<std::string> text = context.text(node, "one of " + all);
  if (!text) return std::nullopt;
  const auto found = std::find(choices.begin(), choices.end(), *text);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  const std::optional<std::string> close = nearest(*text, choices);
  context.sink.error("C0203", node.at, "`" + node.text + "` is not one of the choices",
                     "expected one of " + all, close ? "write `" + *close + "`" : "");
  return std::nullopt;
}

std::vector<const YamlNode*> list_items(BindContext& context, const YamlNode& node,
                                        const std::string& what, bool one_is_fine) {
  std::vector<const YamlNode*> items;
  if (node.kind == YamlNode::Kind::sequence) {
    for (const YamlNode& item : node.items) items.push_back(&item);
  } else if (node.kind == YamlNode::Kind::scalar && one_is_fine) {
    items.push_back(&node);
  } else if (node.kind != YamlNode::Kind::null) {
    context.wrong_type(node, what);
  } else {
    context.sink.error("C0105", node.at, "this list is empty", "expected " + what,
                       "write the values, or remove the key");
  }
  return items;
}

}  // namespace steelyard
