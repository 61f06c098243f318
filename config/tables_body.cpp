// Members of a provider's own that every body for it gets, as JSON.
#include <algorithm>
#include <array>

#include "config/tables.h"
#include "config/types/json_writer.h"

namespace steelyard {
namespace {

constexpr std::size_t members_max = 16, depth_max = 8, bytes_max = 8u << 10;

// What the gateway decides on, counts, prices or writes itself, in any dialect: a body that says
// more of it than the plan knew would cost what nobody allowed.
constexpr std::array<std::string_view, 36> taken{"anthropic_beta",
                                                 "anthropic_version",
                                                 "audio",
                                                 "background",
                                                 "best_of",
                                                 "contents",
                                                 "conversation",
                                                 "fallbacks",
                                                 "generationConfig",
                                                 "generation_config",
                                                 "inferenceConfig",
                                                 "input",
                                                 "instructions",
                                                 "max_completion_tokens",
                                                 "max_output_tokens",
                                                 "max_tokens",
                                                 "max_tool_calls",
                                                 "messages",
                                                 "modalities",
                                                 "model",
                                                 "modelId",
                                                 "models",
                                                 "n",
                                                 "plugins",
                                                 "previous_response_id",
                                                 "prompt",
                                                 "service_tier",
                                                 "speed",
                                                 "stream",
                                                 "stream_options",
                                                 "system",
                                                 "systemInstruction",
                                                 "system_instruction",
                                                 "toolConfig",
                                                 "tools",
                                                 "web_search_options"};

bool valid_member(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    const char lower = static_cast<char>(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

void refuse(BindContext& context, const std::string& key, SourceSpan at, const char* why,
            const char* help) {
  context.sink.error("C0218", at, "`" + key + "` cannot be sent", why, help);
}

// As JSON spells them: what looks like one and is none (`1_000`, `.5`, `0x1F`) is text.
bool is_number(std::string_view text) {
  const auto digits = [&] {
    const std::size_t most = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(most);
    return most > 0;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const std::size_t before = text.size();
  if (!digits() || (zero && before - text.size() > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!digits()) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!digits()) return false;
  }
  return text.empty();
}

// Truth values that only some versions of YAML know.
bool is_doubtful(std::string text) {
  if (text == "true" || text == "false") return false;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  constexpr std::array<std::string_view, 8> words{"true", "false", "yes", "no",
                                                  "on",   "off",   "y",   "n"};
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool write_scalar(BindContext& context, const YamlNode& node, JsonWriter& json) {
  if (!node.quoted && (node.text == "true" || node.text == "false" || is_number(node.text))) {
    json.raw(node.text);
    return true;
  }
  if (!node.quoted && is_doubtful(node.text)) {
    context.wrong_value("C0216", node, "`true` or `false`, or text in quotes");
    return false;
  }
  const std::optional<std::string> text = context.text(node, "a value of the body");
  if (text) json.string(*text);
  return text.has_value();
}

bool write_value(BindContext& context, const YamlNode& node, JsonWriter& json, std::size_t depth) {
  if (depth > depth_max) {
    context.sink.error("C0218", node.at, "this lies too deep", "more than 8 levels",
                       "send a body that deep from the client");
    return false;
  }
  bool good = true;
  switch (node.kind) {
    case YamlNode::Kind::null: json.null(); return true;
    case YamlNode::Kind::scalar: return write_scalar(context, node, json);
    case YamlNode::Kind::sequence:
      json.begin_array();
      for (const YamlNode& item : node.items)
        good = write_value(context, item, json, depth + 1) && good;
      json.end_array();
      return good;
    case YamlNode::Kind::map: break;
  }
  json.begin_object();
  for (const YamlEntry& entry : node.entries) {
    json.key(entry.key);
    good = write_value(context, entry.value, json, depth + 1) && good;
  }
  json.end_object();
  return good;
}

}  // namespace

void bind_body(BindContext& context, const YamlNode& node, ProviderSpec& out) {
  if (node.kind != YamlNode::Kind::map || node.entries.size() > members_max)
    return context.wrong_type(node, "a map from at most 16 members of a body to their values");
  std::size_t bytes = 0;
  for (const YamlEntry& entry : node.entries) {
    if (!valid_member(entry.key)) {
      refuse(context, entry.key, entry.key_at, "not the name of a member",
             "letters, digits and `_-.`, at most 64");
      continue;
    }
    if (std::find(taken.begin(), taken.end(), entry.key) != taken.end()) {
      refuse(context, entry.key, entry.key_at,
             "the gateway decides on it, or it decides what an answer costs",
             "policies and clients say it; here stands what only this provider knows");
      continue;
    }
    std::string value;
    JsonWriter json(value);
    if (!write_value(context, entry.value, json, 1)) continue;
    bytes += entry.key.size() + value.size();
    if (bytes > bytes_max) {
      refuse(context, entry.key, entry.value.at, "over 8 KiB in all", "");
      return;
    }
    out.body.emplace_back(entry.key, std::move(value));
  }
}

}  // namespace steelyard
