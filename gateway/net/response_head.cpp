#include "gateway/net/response_head.h"

#include <array>

#include "gateway/net/head_reader_field_line.h"
#include "gateway/net/head_reader_names.h"
#include "gateway/net/head_reader_values.h"

namespace steelyard::net {
namespace {

constexpr std::size_t known_count = static_cast<std::size_t>(ResponseField::count_);

// In the order of ResponseField.
constexpr std::array<std::string_view, known_count> known_names{
    "content-length",
    "transfer-encoding",
    "connection",
    "content-type",
    "content-encoding",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "x-request-id",
    "request-id",
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "x-ratelimit-limit-project-tokens",
    "x-ratelimit-remaining-project-tokens",
    "x-ratelimit-reset-project-tokens",
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
    "anthropic-ratelimit-input-tokens-limit",
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-input-tokens-reset",
    "anthropic-ratelimit-output-tokens-limit",
    "anthropic-ratelimit-output-tokens-remaining",
    "anthropic-ratelimit-output-tokens-reset",
};
constexpr NameTable<known_count> names(known_names);

constexpr std::uint64_t bit(ResponseField field) {
  return std::uint64_t{1} << static_cast<unsigned>(field);
}
constexpr std::uint64_t unique_fields =
    bit(ResponseField::content_length) | bit(ResponseField::transfer_encoding);

constexpr std::uint16_t bad_gateway = 502;
Refusal refuse(const char* text) {
  return {bad_gateway, text};
}

// "HTTP/1.x NNN", then the end or a blank and any text (some servers leave the blank out, RFC 9112
// 4 wants it).
Refusal read_status_line(std::string_view line, ResponseHead& head) {
  if (line.size() < 12 || line.substr(0, 7) != "HTTP/1." || line[8] != ' ')
    return refuse("malformed status line");
  if (line[7] != '0' && line[7] != '1') return refuse("HTTP version other than 1.0 and 1.1");
  head.version_minor = static_cast<std::uint8_t>(line[7] - '0');
  unsigned status = 0;
  for (const char c : line.substr(9, 3)) {
    if (!bytes::is_digit(c)) return refuse("malformed status");
    status = status * 10 + static_cast<unsigned>(c - '0');
  }
  if (line.size() > 12 && line[12] != ' ') return refuse("malformed status line");
  if (status < 100 || status > 599) return refuse("status out of range");
  if (status == 101) return refuse("protocol switch nobody asked for");
  head.status = static_cast<std::uint16_t>(status);
  return {};
}

Refusal read_connection(ResponseHead& head) {
  head.keep_alive = head.version_minor == 1;
  if (!head.fields.has(ResponseField::connection)) return {};
  bool close = false;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const FieldView field = head.fields[i];
    if (!equals_folded(field.name, "connection")) continue;
    TokenList list(field.value);
    for (std::string_view option; list.next(option);) {
      close |= equals_folded(option, "close");
      head.keep_alive |= equals_folded(option, "keep-alive");
    }
    if (list.malformed()) return refuse("malformed Connection");
  }
  head.keep_alive &= !close;
  return {};
}

// RFC 9112 6.3.
Refusal read_framing(ResponseHead& head, bool to_head) {
  const bool sized = head.fields.has(ResponseField::content_length);
  const bool coded = head.fields.has(ResponseField::transfer_encoding);
  if (sized && coded) return refuse("Content-Length beside Transfer-Encoding");
  head.content_length = 0;
  if (sized) {
    const std::optional<std::uint64_t> length =
        parse_length(head.value(ResponseField::content_length));
    if (!length) return refuse("malformed Content-Length");
    head.content_length = *length;
  }
  if (coded && !is_chunked(head.value(ResponseField::transfer_encoding))) {
    return refuse("transfer coding other than chunked");
  }
  const bool bodiless = head.interim() || head.status == 204 || head.status == 304;
  if (to_head || bodiless) {
    head.framing = BodyFraming::none;
    // A body announced where none may be would be read as the next answer: the connection is not to
    // be used again.
    const bool announced = coded || head.content_length > 0;
    if (announced && !to_head && head.status != 304) head.keep_alive = false;
  } else if (coded) {
    head.framing = BodyFraming::chunked;
    head.keep_alive &= head.version_minor == 1;
  } else if (sized) {
    head.framing = head.content_length == 0 ? BodyFraming::none : BodyFraming::length;
  } else {
    head.framing = BodyFraming::until_close;
    head.keep_alive = false;
  }
  return {};
}

// `wanted` with any parameters.
bool is_type(std::string_view type, std::string_view wanted) {
  if (type.size() < wanted.size() || !equals_folded(type.substr(0, wanted.size()), wanted))
    return false;
  return type.size() == wanted.size() || type[wanted.size()] == ';' ||
         bytes::is_blank(type[wanted.size()]);
}

bool is_event_stream(std::string_view type) {
  return is_type(type, "text/event-stream") || is_type(type, "application/vnd.amazon.eventstream");
}

Refusal parse(std::string_view buffer, const HeadLines& lines, ResponseHead& head, bool to_head) {
  head.head_bytes = lines.head_bytes();
  const std::uint32_t begin = lines.begin(0);
  if (begin != 0) return refuse("bytes before the status line");
  if (const Refusal bad = read_status_line(buffer.substr(0, lines.end(0)), head); bad.status != 0)
    return bad;
  std::uint64_t repeated = 0;
  const char* fault =
      read_fields<names>(buffer, lines, {unique_fields, nullptr}, head.fields, repeated);
  if (fault != nullptr) return refuse(fault);
  if (const Refusal bad = read_connection(head); bad.status != 0) return bad;
  if (const Refusal bad = read_framing(head, to_head); bad.status != 0) return bad;
  head.event_stream = is_event_stream(head.value(ResponseField::content_type));
  return {};
}

}  // namespace

HeadStatus read_response_head(std::string_view buffer, HeadLines& lines, ResponseHead& head,
                              bool to_head) {
  const HeadStatus found = lines.scan<response_head_rules>(buffer, head.refusal);
  if (found == HeadStatus::refused) head.refusal.status = bad_gateway;
  if (found != HeadStatus::complete) return found;
  head.refusal = parse(buffer, lines, head, to_head);
  return head.refusal.status == 0 ? HeadStatus::complete : HeadStatus::refused;
}

}  // namespace steelyard::net
