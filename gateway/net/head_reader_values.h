#pragma once
// Grammar of the field values that decide framing and routing; shared by the request and the
// response reader.
#include <cstdint>
#include <optional>
#include <string_view>

namespace steelyard::net {

// 0, or digits without a leading zero, up to 2^64-1 (RFC 9110 8.6; lists and signs are not
// accepted).
std::optional<std::uint64_t> parse_length(std::string_view text);

// Exactly "chunked", any case.
bool is_chunked(std::string_view text);

// A non-empty token (RFC 9110 5.6.2).
bool is_token(std::string_view text);

// name / IPv4 / [IPv6], then optionally ":" and a port up to 65535. No user part, no empty host.
bool is_host(std::string_view text);

// Splits a comma-separated list of tokens, empty elements skipped (RFC 9110 5.6.1). False at the
// end; then `malformed` tells whether an element was no token.
class TokenList {
 public:
  explicit TokenList(std::string_view text) : rest_(text) {}
  bool next(std::string_view& token);
  bool malformed() const { return malformed_; }

 private:
  std::string_view rest_;
  bool malformed_ = false;
};

}  // namespace steelyard::net
