#include "gateway/dialect/anthropic_usage.h"

#include <algorithm>

#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::anthropic {
namespace {

enum Key {
  kInput,
  kCreation,
  kRead,
  kOutput,
  kCreationParts,
  kOutputDetails,
  kServerTools,
  kIterations,
  kType
};
constexpr KeyTable kKeys(key_names("input_tokens", "cache_creation_input_tokens",
                                   "cache_read_input_tokens", "output_tokens", "cache_creation",
                                   "output_tokens_details", "server_tool_use", "iterations",
                                   "type"));
constexpr KeyTable kDetails(key_names("thinking_tokens"));
constexpr KeyTable kTools(key_names("web_search_requests"));

std::int64_t in_range(std::int64_t tokens) {
  return std::clamp(tokens, std::int64_t{0}, usage_tokens_max);
}

// null and a missing key leave the figure.
bool figure(LenientReader& reader, std::int64_t& out, bool& present) {
  std::int64_t value = 0;
  bool given = false;
  if (!reader.integer(value, given)) return false;
  if (given) out = in_range(value);
  present = present || given;
  return true;
}

// Not by a key table: the two names begin and end alike.
bool read_parts(LenientReader& reader, Usage& out) {
  if (reader.cursor.peek() != '{') return reader.cursor.skip_value();
  if (!reader.cursor.open('{')) return false;
  std::string_view key;
  bool ignored = false;
  for (bool first = true; reader.cursor.next_member(first, key);) {
    const bool short_lived = key == "ephemeral_5m_input_tokens";
    const bool known = short_lived || key == "ephemeral_1h_input_tokens";
    if (!(known ? figure(reader, short_lived ? out.write_5m : out.write_1h, ignored)
                : reader.cursor.skip_value()))
      return false;
  }
  return reader.cursor.fault() == JsonFault::none;
}

bool read_object(LenientReader& reader, Usage& out, bool top, std::string_view& type);

bool read_iteration(LenientReader& reader, Usage& out) {
  Usage one;
  std::string_view type;
  if (!read_object(reader, one, false, type)) return false;
  // A fallback's tokens are in the top level already.
  if (type == "message" || type == "fallback_message" || type.empty()) return true;
  out.more_input = in_range(out.more_input + one.input);
  const std::int64_t creation = std::max(one.cache_creation, in_range(one.write_5m + one.write_1h));
  out.more_cache_creation = in_range(out.more_cache_creation + creation);
  out.more_write_1h = in_range(out.more_write_1h + std::min(one.write_1h, creation));
  out.more_cache_read = in_range(out.more_cache_read + one.cache_read);
  out.more_output = in_range(out.more_output + one.output);
  return true;
}

bool read_object(LenientReader& reader, Usage& out, bool top, std::string_view& type) {
  bool ignored = false;
  return reader.object(kKeys, [&](int key) {
    switch (key) {
      case kInput: return figure(reader, out.input, out.present);
      case kCreation: return figure(reader, out.cache_creation, ignored);
      case kRead: return figure(reader, out.cache_read, ignored);
      case kOutput: return figure(reader, out.output, out.present);
      case kType: return reader.text(type);
      case kCreationParts: return read_parts(reader, out);
      case kOutputDetails:
        return reader.object(kDetails, [&](int part) {
          return part < 0 ? reader.cursor.skip_value() : figure(reader, out.thinking, ignored);
        });
      case kServerTools:
        return reader.object(kTools, [&](int part) {
          return part < 0 ? reader.cursor.skip_value() : figure(reader, out.web_searches, ignored);
        });
      case kIterations:
        if (!top || reader.cursor.peek() != '[') return reader.cursor.skip_value();
        out.more_input = out.more_cache_creation = out.more_cache_read = out.more_output = 0;
        out.more_write_1h = 0;
        return reader.array([&] { return read_iteration(reader, out); });
      default: return reader.cursor.skip_value();
    }
  });
}

}  // namespace

bool read_usage(LenientReader& reader, Usage& out) {
  std::string_view type;
  return read_object(reader, out, true, type);
}

ReportedUsage reported(const Usage& u) {
  ReportedUsage out;
  out.present = u.present;
  out.cache_write = std::max(u.cache_creation, in_range(u.write_5m + u.write_1h));
  out.cache_write_1h = std::min(u.write_1h, out.cache_write);
  out.cache_write += u.more_cache_creation;
  out.cache_write_1h += u.more_write_1h;
  out.cached = u.cache_read + u.more_cache_read;
  out.prompt = u.input + u.more_input + out.cached + out.cache_write;
  out.completion = u.output + u.more_output;
  out.reasoning = u.thinking;
  out.web_searches = u.web_searches;
  return out;
}

void write_usage(hub::PieceWriter& json, const TokenUsage& usage, std::string_view tier) {
  json.key("usage").open('{').field_number("input_tokens", usage.uncached);
  if (usage.reasoning > 0) {
    json.key("output_tokens_details").open('{');
    json.field_number("thinking_tokens", usage.reasoning).close('}');
  }
  json.field_number("cache_creation_input_tokens", usage.cache_write);
  json.field_number("cache_read_input_tokens", usage.cache_read);
  json.key("cache_creation").open('{');
  json.field_number("ephemeral_5m_input_tokens", usage.cache_write - usage.cache_write_1h);
  json.field_number("ephemeral_1h_input_tokens", usage.cache_write_1h).close('}');
  json.field_number("output_tokens", usage.output);
  if (usage.web_searches != 0)
    json.key("server_tool_use")
        .open('{')
        .field_number("web_search_requests", usage.web_searches)
        .close('}');
  json.given("service_tier", tier).close('}');
}

}  // namespace steelyard::dialect::anthropic
