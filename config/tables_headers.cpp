// Head fields of a provider's own that go with every request to it.
#include <algorithm>
#include <array>

#include "config/tables.h"

namespace steelyard {
namespace {

constexpr std::size_t headers_max = 16;
constexpr std::size_t value_bytes_max = 1024;

// What frames the request, or what the gateway says itself.
constexpr std::array<std::string_view, 13> taken{"accept",         "accept-encoding",
                                                 "connection",     "content-encoding",
                                                 "content-length", "content-type",
                                                 "expect",         "host",
                                                 "keep-alive",     "te",
                                                 "trailer",        "transfer-encoding",
                                                 "upgrade"};

bool valid_field(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool sendable(std::string_view value) {
  const auto visible = [](char c) { return c >= 0x20 && c < 0x7F; };
  return !value.empty() && value.size() <= value_bytes_max && value.front() != ' ' &&
         value.back() != ' ' && std::all_of(value.begin(), value.end(), visible);
}

void refuse_name(BindContext& context, const YamlEntry& entry, const char* why) {
  context.sink.error("C0217", entry.key_at, "`" + entry.key + "` cannot be sent", why,
                     "head fields are written in lower case: `x-title`");
}

}  // namespace

void bind_headers(BindContext& context, const YamlNode& node, ProviderSpec& out) {
  if (node.kind != YamlNode::Kind::map || node.entries.size() > headers_max)
    return context.wrong_type(node, "a map from at most 16 head fields to what they say");
  for (const YamlEntry& entry : node.entries) {
    if (!valid_field(entry.key)) {
      refuse_name(context, entry, "not a head field");
      continue;
    }
    if (std::find(taken.begin(), taken.end(), entry.key) != taken.end()) {
      refuse_name(context, entry, "the gateway writes this field itself");
      continue;
    }
    std::optional<Secret> value;
    if (entry.value.text.find("${") != std::string::npos) {
      value = context.secret(entry.value, "what the field says");
    } else if (std::optional<std::string> text = context.text(entry.value, "what the field says")) {
      value = Secret(std::move(*text));
    }
    if (!value) continue;
    if (!sendable(value->reveal())) {
      context.sink.error("C0217", entry.value.at, "`" + entry.key + "` cannot be sent",
                         "empty, over 1,024 bytes, or with line breaks or other control characters",
                         "check for a stray line break in its source");
      continue;
    }
    out.headers.emplace_back(entry.key, std::move(*value));
  }
}

// With keys of its own, what carries them is said already.
void check_headers(BindContext& context, const ProviderSpec& provider) {
  if (provider.keys.empty() && provider.credentials.type == CredentialType::none) return;
  for (const auto& header : provider.headers)
    for (const std::string_view field : {"authorization", "x-api-key", "api-key", "x-goog-api-key"})
      if (header.first == field)
        context.sink.error("C0217", provider.at, "`" + provider.name + "` says who it is twice",
                           "`headers` has `" + header.first + "` beside keys or credentials",
                           "keep the one it shall use");
}

}  // namespace steelyard
