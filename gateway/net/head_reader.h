#pragma once
// Strict reader of HTTP/1.1 and 1.0 request heads: complete by itself, no copy, no allocation.
//
// A head it accepts can be read in one way only. Refused, each with its status and a text that
// names the fault:
//   400  bare CR or LF, control bytes, DEL, bytes >= 0x80; obs-fold; a name that is not a token,
//   white space before the
//        colon; anything but "method SP origin-form SP HTTP/1.x"; Host missing (1.1), repeated or
//        malformed; Content-Length repeated or not canonical, beside Transfer-Encoding, or above
//        zero on GET, HEAD, DELETE, OPTIONS; Transfer-Encoding repeated, malformed, or on 1.0; a
//        Connection header that is no token list or names a field the gateway reads; content_length
//        and other names that fold to such a field; a repeated credential
//   405  CONNECT, TRACE      413  Content-Length of more than 16 digits      414  request line
//   above 8 KiB 417  any Expect but 100-continue      431  more than 100 fields, a field above 8
//   KiB, a head above 16 KiB 501  another method; a transfer coding other than chunked      505
//   another HTTP version
// Sources: RFC 9110 and RFC 9112; where they leave a choice, the strict one.
#include <cstdint>
#include <optional>
#include <string_view>

#include "config/types/limits.h"
#include "gateway/net/head_reader_fields.h"
#include "gateway/net/head_reader_lines.h"

namespace steelyard::net {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options };
std::string_view name_of(Method method);

// Fields the gateway reads; `Fields::value` finds them without a search.
enum class RequestField : std::uint8_t {
  host,
  content_length,
  transfer_encoding,
  connection,
  expect,
  authorization,
  x_api_key,
  x_goog_api_key,
  content_type,
  content_encoding,
  user_agent,
  accept,
  traceparent,
  idempotency_key,
  x_stainless_retry_count,
  anthropic_version,
  anthropic_beta,
  x_initiator,
  steelyard_task,
  steelyard_tier,
  steelyard_session,
  steelyard_deadline_ms,
  steelyard_tags,
  steelyard_explain,
  count_,
};

struct RequestHead {
  Method method = Method::get;
  std::uint8_t version_minor = 1;  // HTTP/1.0 or 1.1
  bool chunked = false;            // body in chunks; content_length is then absent
  bool expect_continue = false;    // 1.1, Expect: 100-continue, and there is a body to wait for
  bool keep_alive = true;          // what the client asked for
  std::uint16_t target_at = 0, target_bytes = 0;
  std::uint32_t head_bytes = 0;                 // up to and with the empty line
  std::optional<std::uint64_t> content_length;  // below 10^16
  const char* base = nullptr;                   // first byte of the head
  Refusal refusal;                              // set when read_head returns `refused`
  Fields<RequestField, limits::head_fields_max> fields;

  // Path and query as sent, never decoded: starts with '/', or is "*" (OPTIONS only).
  std::string_view target() const { return {base + target_at, target_bytes}; }
  std::string_view value(RequestField known) const { return fields.value(known); }
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  // The head's bytes now live at `where`: views taken before are stale, this object is not.
  void rebase(const char* where) {
    base = where;
    fields.rebase(where);
  }
};

// Reads one head from the front of `buffer`. `lines` carries the search over calls: reset() it
// before the first byte of each request, then call again with the same bytes and more until it
// answers something else than need_more. complete: `head` describes the first head.head_bytes
// bytes. refused: only head.refusal is meaningful; answer it and close. Fields named by a
// Connection option are removed from head.fields (RFC 9110 7.6.1).
HeadStatus read_head(std::string_view buffer, HeadLines& lines, RequestHead& head);

}  // namespace steelyard::net
