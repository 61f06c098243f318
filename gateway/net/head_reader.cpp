#include "gateway/net/head_reader.h"

#include <algorithm>
#include <array>
#include <span>

#include "gateway/net/head_reader_field_line.h"
#include "gateway/net/head_reader_names.h"
#include "gateway/net/head_reader_request_line.h"
#include "gateway/net/head_reader_values.h"

namespace steelyard::net {
namespace {

constexpr std::size_t known_count = static_cast<std::size_t>(RequestField::count_);

// In the order of RequestField.
constexpr std::array<std::string_view, known_count> known_names{
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "expect",
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    "content-type",
    "content-encoding",
    "user-agent",
    "accept",
    "traceparent",
    "idempotency-key",
    "x-stainless-retry-count",
    "anthropic-version",
    "anthropic-beta",
    "x-initiator",
    "x-steelyard-task",
    "x-steelyard-tier",
    "x-steelyard-session",
    "x-steelyard-deadline-ms",
    "x-steelyard-tags",
    "x-steelyard-explain",
};
constexpr NameTable<known_count> names(known_names);

constexpr std::uint64_t content_length_max = 9'999'999'999'999'999;

constexpr std::uint64_t bit(RequestField field) {
  return std::uint64_t{1} << static_cast<unsigned>(field);
}
// All others decide framing, identity or routing: a second one is an attack or a mistake.
constexpr std::uint64_t repeatable =
    bit(RequestField::connection) | bit(RequestField::accept) | bit(RequestField::user_agent) |
    bit(RequestField::traceparent) | bit(RequestField::x_stainless_retry_count) |
    bit(RequestField::anthropic_beta) | bit(RequestField::x_initiator);

// "content_length" means Content-Length to many a server behind CGI rules: refused rather than
// guessed.
bool folds_to_known(std::string_view name) {
  constexpr std::size_t longest = 32;
  if (name.size() > longest || name.find('_') == std::string_view::npos) return false;
  std::array<char, longest> folded{};
  std::transform(name.begin(), name.end(), folded.begin(),
                 [](char c) { return c == '_' ? '-' : c; });
  return names.find(folded.data(), name.size()) != names.none;
}

class Parse {
 public:
  Parse(std::string_view buffer, const HeadLines& lines, RequestHead& head)
      : text_(buffer), lines_(lines), head_(head) {}

  Refusal run() {
    head_.base = text_.data();
    head_.head_bytes = lines_.head_bytes();
    const Refusal start = read_request_line(text_.data(), lines_.begin(0), lines_.end(0), head_);
    if (start.status != 0) return start;
    if (const Refusal refusal = fields(); refusal.status != 0) return refusal;
    if (const Refusal refusal = expectation(); refusal.status != 0) return refusal;
    if (const Refusal refusal = host(); refusal.status != 0) return refusal;
    if (const Refusal refusal = framing(); refusal.status != 0) return refusal;
    return connection();
  }

 private:
  Refusal fields();
  Refusal expectation() const;
  Refusal host() const;
  Refusal framing();
  Refusal connection();
  Refusal connection_options(std::span<const std::string_view> options);
  bool has(RequestField field) const { return head_.fields.has(field); }

  std::string_view text_;
  const HeadLines& lines_;
  RequestHead& head_;
  bool connections_ = false;  // more than one Connection field
};

Refusal Parse::fields() {
  std::uint64_t repeated = 0;
  const char* fault =
      read_fields<names>(text_, lines_, {~repeatable, folds_to_known}, head_.fields, repeated);
  connections_ = (repeated & bit(RequestField::connection)) != 0;
  return fault == nullptr ? Refusal{} : Refusal{400, fault};
}

Refusal Parse::expectation() const {
  if (!has(RequestField::expect)) return {};
  if (equals_folded(head_.value(RequestField::expect), "100-continue")) return {};
  return {417, "expectation other than 100-continue"};
}

Refusal Parse::host() const {
  if (!has(RequestField::host)) {
    return head_.version_minor == 0 ? Refusal{} : Refusal{400, "no Host field"};
  }
  return is_host(head_.value(RequestField::host)) ? Refusal{} : Refusal{400, "malformed Host"};
}

Refusal Parse::framing() {
  head_.chunked = false;
  head_.content_length.reset();
  if (has(RequestField::transfer_encoding)) {
    const std::string_view coding = head_.value(RequestField::transfer_encoding);
    if (has(RequestField::content_length)) return {400, "Content-Length beside Transfer-Encoding"};
    if (head_.version_minor == 0) return {400, "Transfer-Encoding on HTTP/1.0"};
    if (!is_chunked(coding)) {
      return is_token(coding) ? Refusal{501, "transfer coding other than chunked"}
                              : Refusal{400, "malformed Transfer-Encoding"};
    }
    head_.chunked = true;
  } else if (has(RequestField::content_length)) {
    head_.content_length = parse_length(head_.value(RequestField::content_length));
    if (!head_.content_length) return {400, "malformed Content-Length"};
    if (*head_.content_length > content_length_max) return {413, "the body is too large"};
  }
  const bool body = head_.has_body();
  if (body && !may_have_body(head_.method)) return {400, "body on a method that has none"};
  head_.expect_continue = body && head_.version_minor == 1 && has(RequestField::expect);
  return {};
}

Refusal Parse::connection() {
  head_.keep_alive = head_.version_minor == 1;
  if (!has(RequestField::connection)) return {};
  if (!connections_ && equals_folded(head_.value(RequestField::connection), "keep-alive")) {
    head_.keep_alive = true;
    return {};
  }
  constexpr std::size_t options_max = 16;
  std::array<std::string_view, options_max> options;
  std::size_t count = 0;
  for (std::size_t i = 0; i < head_.fields.size(); ++i) {
    const FieldView field = head_.fields[i];
    if (!equals_folded(field.name, "connection")) continue;
    TokenList list(field.value);
    for (std::string_view option; list.next(option);) {
      if (count == options_max) return {400, "too many Connection options"};
      options[count++] = option;
    }
    if (list.malformed()) return {400, "malformed Connection"};
  }
  return connection_options({options.data(), count});
}

Refusal Parse::connection_options(std::span<const std::string_view> options) {
  bool close = false;
  for (const std::string_view option : options) {
    if (names.find(option) != names.none)
      return {400, "Connection names a field the gateway reads"};
    close |= equals_folded(option, "close");
    head_.keep_alive |= equals_folded(option, "keep-alive");
  }
  head_.keep_alive &= !close;
  for (const std::string_view option : options) head_.fields.drop(option);
  return {};
}

}  // namespace

std::string_view name_of(Method method) {
  static constexpr std::array<std::string_view, 7> texts{"GET",   "HEAD",   "POST",   "PUT",
                                                         "PATCH", "DELETE", "OPTIONS"};
  return texts[static_cast<std::size_t>(method)];
}

HeadStatus read_head(std::string_view buffer, HeadLines& lines, RequestHead& head) {
  const HeadStatus found = lines.scan<request_head_rules>(buffer, head.refusal);
  if (found != HeadStatus::complete) return found;
  head.refusal = Parse(buffer, lines, head).run();
  return head.refusal.status == 0 ? HeadStatus::complete : HeadStatus::refused;
}

}  // namespace steelyard::net
