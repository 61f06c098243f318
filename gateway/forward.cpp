#include "gateway/forward.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "config/types/limits.h"
#include "gateway/cloud/token_source.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/failure_of.h"
#include "gateway/key_rest.h"
#include "gateway/net/head_writer.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

constexpr int interim_heads_max = 5;

net::IoResult broken(net::IoError error) {
  net::IoResult result;
  result.error = error;
  return result;
}

bool ended(net::IoError error) {
  return error == net::IoError::closed || error == net::IoError::reset;
}

}  // namespace

Forward::Forward(Session& session, std::int32_t provider)
    : session_(session),
      worker_(session.worker()),
      provider_(provider),
      deadline_(&Forward::on_deadline, this) {
  total_due_ = session.started().plus_ms(session.runtime().spec.timeouts.total);
  session_.listen_for_departure(this);
}

Forward::~Forward() {
  session_.listen_for_departure(nullptr);
}

const ProviderRuntime& Forward::provider() const {
  return session_.runtime().providers[static_cast<std::size_t>(provider_)];
}

net::UpstreamPool& Forward::pool() const {
  return *session_.serving().pools[static_cast<std::size_t>(provider_)];
}

void Forward::arm(std::int64_t from_now_ms) {
  const Tick due = worker_.last_tick().plus_ms(from_now_ms);
  worker_.set_deadline_at(deadline_, std::min(due, total_due_));
}

void Forward::on_deadline(void* self) {
  auto& call = *static_cast<Forward*>(self);
  if (call.pause_.pending()) return call.pause_.complete({0, net::IoError::timed_out});
  if (call.upstream_ && call.upstream_->pipe) call.upstream_->pipe->close(net::IoError::timed_out);
}

void Forward::client_left() {
  if (pause_.pending()) return pause_.complete({0, net::IoError::cancelled});
  if (upstream_ && upstream_->pipe) upstream_->pipe->close(net::IoError::cancelled);
}

void Forward::must_end() {
  must_end_ = true;
  if (pause_.pending()) return pause_.complete({0, net::IoError::cancelled});
  if (upstream_ && upstream_->pipe) upstream_->pipe->close(net::IoError::cancelled);
}

void Forward::waited() {
  const Tick before = worker_.last_tick();
  waited_ns_ += worker_.tick_now() - before;
}

bool Forward::fail(ErrorKind kind, std::string text) {
  error_ = Error(kind, ErrorSource::upstream, Retry::never, std::move(text));
  upstream_.reset();
  deadline_.clear();
  return false;
}

bool Forward::io_failed(net::IoResult result, const char* doing) {
  const std::string name = "provider `" + provider().name + "` ";
  if (session_.client_gone())
    return fail(ErrorKind::client_gone, "the client closed the connection");
  if (must_end_) return fail(ErrorKind::overloaded, "the gateway is shutting down");
  if (result.error == net::IoError::timed_out)
    return fail(ErrorKind::upstream_timeout, name + "did not answer in time");
  const ErrorKind kind = sent_ ? ErrorKind::upstream_protocol : ErrorKind::upstream_connect;
  return fail(kind, name + doing + ": " + net::name_of(result.error));
}

// The client's framing broke in the middle of its body, or the body is too long.
bool Forward::refuse_body() {
  (void)fail(ErrorKind::bad_request, "the body is too long, or its chunks are malformed");
  error_.source = ErrorSource::client;
  session_.close_after();
  return false;
}

net::Task<net::IoResult> Forward::connect() {
  upstream_ = pool().open();
  if (!upstream_) co_return broken(net::IoError::refused);
  arm(session_.runtime().spec.timeouts.connect);
  const net::IoResult result = co_await upstream_->read;
  waited();
  deadline_.clear();
  co_return result;
}

net::Task<net::IoResult> Forward::write(std::string_view bytes) {
  net::Connection& pipe = *upstream_->pipe;
  while (!bytes.empty()) {
    const net::ConstBytes part(bytes);
    const net::IoResult wrote = pipe.try_write({&part, 1});
    if (!wrote.ok() && wrote.error != net::IoError::would_block) co_return wrote;
    bytes.remove_prefix(wrote.bytes);
    if (bytes.empty()) break;
    arm(session_.runtime().spec.timeouts.write_stall);
    pipe.start_wait_writable(writable_);
    const net::IoResult ready = co_await writable_;
    waited();
    if (!ready.ok()) co_return ready;
  }
  co_return net::IoResult();
}

// Piece by piece, in chunks if the client sent chunks.
net::Task<net::IoResult> Forward::write_client_body(BodyWatch* watch) {
  const bool chunked = session_.head().chunked;
  std::string frame;
  for (;;) {
    std::string_view piece;
    const bool got = co_await session_.read_body(piece);
    if (!got) co_return broken(net::IoError::cancelled);
    if (piece.empty()) break;
    if (watch != nullptr) watch->feed(piece);
    frame.clear();
    if (chunked) {
      std::array<char, 20> digits;
      const auto end = std::to_chars(digits.data(), digits.data() + 16, piece.size(), 16).ptr;
      frame.assign(digits.data(), end).append("\r\n");
    }
    frame.append(piece);
    if (chunked) frame.append("\r\n");
    const net::IoResult wrote = co_await write(frame);
    if (!wrote.ok()) co_return wrote;
  }
  if (!chunked) co_return net::IoResult();
  co_return co_await write("0\r\n\r\n");
}

net::Task<net::IoResult> Forward::send(const ForwardAsk& ask) {
  const auto index = static_cast<std::size_t>(provider_);
  key_used_ = ask.key >= 0 ? static_cast<std::size_t>(ask.key)
                           : session_.serving().keys[index].next(worker_.last_tick());
  std::string head = ask.head;
  head += provider().auth_heads[key_used_].reveal();
  const bool taken = credentials_ && credentials_->token.reveal().empty();
  const bool passes = ask.client_body && session_.head().has_body() && !taken;
  const std::string_view body = taken && ask.client_body ? signed_body_ : ask.body;
  if (credentials_) append_credentials(head, body);
  if (passes && session_.head().chunked)
    head += "transfer-encoding: chunked\r\n";
  else if (passes)
    head +=
        "content-length: " + std::to_string(session_.head().content_length.value_or(0)) + "\r\n";
  else if (!body.empty() || ask.head.starts_with("POST "))
    head += "content-length: " + std::to_string(body.size()) + "\r\n";
  head += "\r\n";
  if (!passes) head += body;
  const net::IoResult wrote = co_await write(head);
  std::fill(head.begin(), head.end(), '\0');  // it held the key
  if (!wrote.ok() || !passes) co_return wrote;
  co_return co_await write_client_body(ask.watch);
}

net::Task<net::IoResult> Forward::read_head(bool to_head) {
  lines_.reset();
  int interim = 0;
  for (;;) {
    net::Buffer& buffer = upstream_->buffer;
    while (buffer.size() != 0) {
      const net::HeadStatus status = net::read_response_head(buffer.view(), lines_, head_, to_head);
      if (status == net::HeadStatus::refused) co_return broken(net::IoError::reset);
      if (status == net::HeadStatus::need_more) break;
      if (!head_.interim()) co_return net::IoResult();
      if (++interim > interim_heads_max) co_return broken(net::IoError::reset);
      buffer.consume(head_.head_bytes);
      lines_.reset();
    }
    const net::IoResult got = co_await read_some();
    if (!got.ok()) co_return got;
  }
}

// One read behind what is in the connection's buffer.
net::Task<net::IoResult> Forward::read_some() {
  for (;;) {
    upstream_->arm_read();
    net::IoResult result = co_await upstream_->read;
    waited();
    if (result.ok()) result = upstream_->receive();
    if (result.error != net::IoError::would_block) co_return result;
  }
}

net::Task<bool> Forward::ask(const ForwardAsk& ask) {
  const TimeoutSpec& timeouts = session_.runtime().spec.timeouts;
  any_path_ = ask.any_path;
  if (provider().tokens != nullptr) {
    const bool ready = co_await take_credentials(ask);
    if (!ready) co_return false;
  }
  for (bool fresh = ask.client_body;; fresh = true) {
    if (!fresh) upstream_ = pool().take_idle();
    if (!upstream_) {
      const net::IoResult connected = co_await connect();
      if (!connected.ok()) co_return io_failed(connected, "could not be reached");
    }
    net::IoResult got = co_await send(ask);
    sent_ = sent_ || got.ok();
    if (got.error == net::IoError::cancelled && ask.client_body && !session_.client_gone())
      co_return refuse_body();
    // A provider that refuses a long body answers before its end, and closes.
    const bool early = !got.ok() && ask.client_body && ended(got.error);
    if (got.ok() || early) {
      arm(ask.first_byte_ms == 0 ? timeouts.first_byte : ask.first_byte_ms);
      got = co_await read_head(ask.to_head);
    }
    if (got.ok()) break;
    const bool stale =
        !fresh && upstream_->reused && ended(got.error) && upstream_->buffer.size() == 0;
    if (!stale) co_return io_failed(got, "gave no answer");
    upstream_.reset();
  }
  deadline_.clear();
  head_status_ = head_.status;
  // The next one comes with others.
  if (credentials_ && (head_status_ == 401 || head_status_ == 403))
    provider().tokens->refused(credentials_);
  begin_body();
  co_return true;
}

net::Task<bool> Forward::ask_each_key(const ForwardAsk& asked) {
  constexpr std::size_t fault_bytes_max = 64u << 10;
  for (std::size_t keys = session_.serving().keys[static_cast<std::size_t>(provider_)].size();;
       --keys) {
    const bool got = co_await ask(asked);
    const int status = head_status_;
    const bool about_key = status == 401 || status == 402 || status == 403 || status == 429 ||
                           status == 400;  // Gemini and xAI say it so
    if (!got || keys < 2 || !about_key || asked.key >= 0) co_return got;
    const bool whole = co_await collect(fault_bytes_max);
    if (!whole) co_return false;
    if (!other_key_left_) co_return true;
    finish();
  }
}

void Forward::begin_body() {
  heeded_ = other_key_left_ = false;
  chunks_ = net::ChunkDecoder(net::ChunkSource::provider);
  body_left_ = head_.content_length;
  over_ = head_.framing == net::BodyFraming::none;
  reusable_ = over_ && head_.keep_alive && upstream_->buffer.size() == head_.head_bytes;
  body_at_ = body_end_ = head_.head_bytes;
}

// Takes the framing off `raw`, in place. False: the provider's framing is broken.
bool Forward::decode(std::span<char> raw, std::string_view& payload) {
  std::size_t size = raw.size();
  if (head_.framing == net::BodyFraming::chunked) {
    const net::ChunkDecoder::InPlace step = chunks_.feed(raw);
    size = step.produced;
    if (step.status == net::ChunkStatus::refused) return false;
    over_ = step.status == net::ChunkStatus::done;
    reusable_ = over_ && head_.keep_alive && step.consumed == raw.size();
  } else if (head_.framing == net::BodyFraming::length) {
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, body_left_));
    body_left_ -= size;
    over_ = body_left_ == 0;
    reusable_ = over_ && head_.keep_alive && size == raw.size();
  }
  payload = {raw.data(), size};
  return true;
}

std::string_view Forward::body() const {
  return upstream_->buffer.view().substr(body_at_, body_end_ - body_at_);
}

net::Task<bool> Forward::collect(std::size_t limit) {
  net::Buffer& buffer = upstream_->buffer;
  for (bool closed = false; !over_;) {
    const std::span<char> raw(buffer.data() + body_end_, buffer.size() - body_end_);
    std::string_view payload;
    if (!decode(raw, payload))
      co_return io_failed(broken(net::IoError::reset), "sent a broken body");
    body_end_ += payload.size();
    buffer.truncate(body_end_);
    if (body_end_ - body_at_ > limit)
      co_return fail(ErrorKind::upstream_protocol, "the provider's answer is too large");
    if (over_ || closed) break;
    arm(session_.runtime().spec.timeouts.stream_idle);
    const net::IoResult got = co_await read_some();
    closed = got.error == net::IoError::closed && head_.framing == net::BodyFraming::until_close;
    if (!got.ok() && !closed) co_return io_failed(got, "broke off its answer");
    if (closed) break;
  }
  over_ = true;
  deadline_.clear();
  head_.rebase(buffer.data());
  if (head_status_ >= 400) heed_fault();
  co_return true;
}

// Of an error's whole body.
void Forward::heed_fault() {
  const auto index = static_cast<std::size_t>(provider_);
  Serving& serving = session_.serving();
  if (serving.keys[index].size() < 2 || (any_path_ && head_status_ == 403)) return;
  if (std::exchange(heeded_, true)) return;
  const dialect::UpstreamFault fault = dialect::openai::parse_error(head_status_, body());
  other_key_left_ = rest_key(serving, index, key_used_, fault.cls, hint_ms(head_, worker_.now()),
                             worker_.tick_now());
}

void Forward::finish() {
  deadline_.clear();
  if (upstream_ && reusable_ && upstream_->pipe && upstream_->pipe->is_open())
    pool().give_back(std::move(upstream_), worker_.last_tick());
  upstream_.reset();
}

}  // namespace steelyard
