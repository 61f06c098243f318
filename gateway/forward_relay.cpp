// An answer passed on as it comes: one read from the provider becomes one write to the client.
#include <array>
#include <charconv>

#include "gateway/dialect/hub_errors.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/error_reply.h"
#include "gateway/failure_of.h"
#include "gateway/forward.h"
#include "gateway/net/head_writer.h"
#include "gateway/runtime.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

// What of a provider's head its client is shown: nothing of cookies, hops or accounts.
constexpr std::array<std::string_view, 12> passed{
    "content-type", "content-disposition", "content-language", "content-encoding", "cache-control",
    "etag",         "last-modified",       "retry-after",      "retry-after-ms",   "x-should-retry",
    "x-request-id", "request-id"};

constexpr std::string_view end_of_body;
constexpr std::size_t fault_body_bytes_max = 64u << 10;

net::IoResult broken_off() {
  net::IoResult result;
  result.error = net::IoError::reset;
  return result;
}

}  // namespace

std::string_view Forward::client_head(std::string_view lines, std::span<char> room) {
  net::HeadWriter out(room);
  out.status_line(head_.status);
  for (std::size_t i = 0; i < head_.fields.size(); ++i) {
    const net::FieldView field = head_.fields[i];
    for (const std::string_view name : passed)
      if (net::equals_folded(field.name, name)) (void)out.append_field(name, field.value);
  }
  out.append_raw(lines);
  if (head_.framing == net::BodyFraming::length || head_.framing == net::BodyFraming::none) {
    if (head_.status != 204 && head_.status != 304)
      out.append_number("content-length: ", head_.content_length);
  } else if (session_.http_1_0()) {
    session_.close_after();
  } else {
    out.append_raw("transfer-encoding: chunked\r\n");
  }
  if (session_.will_close()) out.append_raw("connection: close\r\n");
  out.end_of_head();
  return out.ok() ? out.view() : std::string_view();
}

// A piece of the body, in a chunk where there is no length.
net::Task<bool> Forward::tell(std::string_view piece) {
  const bool chunked = (head_.framing == net::BodyFraming::chunked ||
                        head_.framing == net::BodyFraming::until_close) &&
                       !session_.http_1_0();
  std::array<char, 20> digits;
  std::array<net::ConstBytes, 3> parts;
  std::size_t count = 0;
  if (chunked) {
    char* end = std::to_chars(digits.data(), digits.data() + 16, piece.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    parts[count++] = net::ConstBytes(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  if (!piece.empty()) parts[count++] = net::ConstBytes(piece);
  if (chunked) parts[count++] = net::ConstBytes(std::string_view("\r\n"));
  if (count == 0) co_return true;
  if (session_.send_now({parts.data(), count})) co_return true;
  if (session_.client_gone()) co_return false;
  co_return co_await session_.drain();
}

// An error of the provider's, in its own words; but not where it is about the gateway's own key or
// account, whose beginning some providers print.
net::Task<bool> Forward::relay_fault(std::string_view lines) {
  const std::string more = std::string(lines) + retry_lines(head_, worker_.now());
  std::string type(head_.value(net::ResponseField::content_type));
  if (type.empty()) type = "application/json";
  const int status = head_.status;
  const bool whole = co_await collect(fault_body_bytes_max);
  const std::string text(whole ? body() : std::string_view());
  const dialect::UpstreamFault fault = dialect::openai::parse_error(status, text);
  told_status_ = dialect::openai::client_status(fault.cls, status);
  if (whole && dialect::openai::forwards_body(fault.cls))
    co_return co_await session_.reply(static_cast<unsigned>(told_status_), type, text, more);
  error_ = dialect::to_error(fault, status);
  if (!dialect::openai::forwards_body(fault.cls))
    error_.context = "provider `" + provider().name + "` refused the gateway's key or account";
  const dialect::ErrorExtras extras;
  told_status_ = dialect::hub::reply_for(session_.wire(), error_.kind).status;
  co_return co_await reply_error(session_, error_, extras, more);
}

net::Task<bool> Forward::relay(std::string_view lines, BodyWatch* watch) {
  told_status_ = head_.status;
  if (head_.status >= 400) co_return co_await relay_fault(lines);
  const std::string_view head = client_head(lines, worker_.tools().head_scratch);
  if (head.empty())
    co_return fail(ErrorKind::upstream_protocol, "the provider's head is too large");
  const net::ConstBytes part(head);
  const std::span<const net::ConstBytes> parts(&part, 1);
  const bool began = co_await session_.send(parts);
  if (!began) co_return io_failed(broken_off(), "");
  net::Buffer& buffer = upstream_->buffer;
  std::span<char> raw(buffer.data() + head_.head_bytes, buffer.size() - head_.head_bytes);
  while (!over_) {
    std::string_view payload;
    const bool sound = decode(raw, payload);
    if (!sound) break;
    if (watch != nullptr) watch->feed(payload);
    if (!payload.empty()) {
      const bool told = co_await tell(payload);
      if (!told) break;
    }
    if (over_) break;
    buffer.release();
    arm(session_.runtime().spec.timeouts.stream_idle);
    const net::IoResult got = co_await read_some();
    if (got.error == net::IoError::closed && head_.framing == net::BodyFraming::until_close) {
      over_ = true;
      break;
    }
    if (!got.ok()) break;
    raw = std::span<char>(buffer.data(), buffer.size());
  }
  deadline_.clear();
  const bool cut = over_ && watch != nullptr && !watch->said_all();
  if (!over_ || cut || session_.client_gone()) {
    (void)io_failed(broken_off(), "broke off its answer");
    co_await tell_failure();
    co_return false;
  }
  co_return co_await tell(end_of_body);
}

// A stream of events ends with an error of its own; of anything else the client sees that bytes are
// missing, because the connection closes before the length or the last chunk.
net::Task<void> Forward::tell_failure() {
  session_.close_after();
  if (!head_.event_stream || session_.client_gone()) co_return;
  std::string frame = "\n\n";
  dialect::hub::write_sse_error(frame, session_.wire(), error_, {});
  const bool told = co_await tell(frame);
  if (told && (head_.framing == net::BodyFraming::chunked ||
               head_.framing == net::BodyFraming::until_close))
    (void)co_await tell(end_of_body);
}

}  // namespace steelyard
