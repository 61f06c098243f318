#include "gateway/session.h"

#include <array>
#include <cstring>
#include <exception>
#include <utility>

#include "config/types/limits.h"
#include "gateway/chat_call.h"
#include "gateway/completions_call.h"
#include "gateway/count_call.h"
#include "gateway/early_counts.h"
#include "gateway/embeddings_call.h"
#include "gateway/error_reply.h"
#include "gateway/explain_call.h"
#include "gateway/models_call.h"
#include "gateway/net/head_writer.h"
#include "gateway/once_call.h"
#include "gateway/outcome_call.h"
#include "gateway/pass_call.h"
#include "gateway/pass_through.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/store/books.h"
#include "gateway/stored_call.h"
#include "gateway/telemetry/log.h"
#include "gateway/telemetry/metrics.h"
#include "gateway/websocket_connection.h"
#include "gateway/websocket_upgrade.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

constexpr std::size_t first_buffer_bytes = 8u << 10;
constexpr std::size_t linger_bytes_max = 256u << 10;
constexpr std::int64_t linger_ms = 1'000;
constexpr std::string_view nothing_to_say = "{}";  // to a probe
constexpr std::uint64_t shed_body_bytes_max = 16u << 10;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

// Gemini's clients have it in a field of their own, old ones in the query.
std::string_view key_of_google(const net::RequestHead& head, Route route) {
  const std::string_view key = head.value(net::RequestField::x_goog_api_key);
  const bool in_query = key.empty() && client_wire(route, head) == dialect::hub::Wire::gemini;
  return in_query ? query_value(head.target(), "key") : key;
}

}  // namespace

Session::Session(Worker& worker, std::unique_ptr<net::Connection> connection)
    : worker_(worker),
      connection_(std::move(connection)),
      serving_(worker.serving()),
      deadline_([](void* self) { static_cast<Session*>(self)->on_deadline(); }, this),
      reader_(std::make_unique<net::RequestReader>()) {
  read_.set_hook([](void* self) { static_cast<Session*>(self)->on_client_event(); }, this);
}

Session::~Session() = default;

void Session::start() {
  run();
}

const Runtime& Session::runtime() const {
  return *serving_->runtime;
}

bool Session::will_close() const {
  return close_after_ || worker_.draining() || (reader_ && reader_->close_after());
}

net::Detached Session::run() {
  try {
    for (;;) {
      const bool got = co_await next_request();
      if (!got) break;
      if (reader_->body().size() >= limits::large_body_bytes && !shed_) co_await take_turn();
      begin_serving();
      if (shed_) {
        const bool told = co_await reply_refused(*this, denied_);
        gone_ = gone_ || !told;
      } else if (asks_once(*this)) [[unlikely]] {
        co_await serve_once(*this);
      } else if (is_chat(route_)) {
        co_await serve_chat(*this);
      } else if (route_ == Route::embeddings || route_ == Route::embed_content ||
                 route_ == Route::batch_embed) {
        co_await serve_embeddings(*this);
      } else if (route_ == Route::completions) {
        co_await serve_completions(*this);
      } else if (route_ == Route::pass_through) {
        co_await serve_pass_through(*this);
      } else if (route_ == Route::stored_response || route_ == Route::conversations) {
        co_await serve_stored(*this);
      } else if (route_ == Route::probe) {
        (void)co_await reply(200, "application/json", nothing_to_say);
      } else if (route_ == Route::explain) {
        co_await serve_explain(*this);
      } else if (route_ == Route::outcomes) {
        co_await serve_outcome(*this);
      } else if (route_ == Route::count_messages || route_ == Route::count_contents) {
        co_await serve_count(*this, route_);
      } else {
        co_await serve_models(*this, route_);
      }
      end_serving();
      if (gone_ || will_close()) break;
    }
    if (!gone_ && connection_->is_open()) co_await linger();
  } catch (const std::exception& failure) {
    telemetry::log_error("a connection ended by an exception: {}", failure.what());
    if (busy_) end_serving();
  }
  connection_->close(net::IoError::closed);
  worker_.forget(*this);  // destroys this; the coroutine frame goes last
}

// Reads until a whole, admitted request is in `in_`. False: the connection is over.
net::Task<bool> Session::next_request() {
  if (!reader_) reader_ = std::make_unique<net::RequestReader>();
  reader_->reset();
  early_.reset();
  early_ns_ = 0;
  head_timed_ = false;
  worker_.set_deadline(deadline_, worker_.serving()->runtime->spec.timeouts.keep_alive);
  for (;;) {
    const Step step = advance();
    if (step == Step::serve) break;
    if (step == Step::refused) {
      co_await refuse(reader_->refusal());
      co_return false;
    }
    if (step == Step::denied && denied_.status == 101) {
      const bool open = co_await upgrade();
      if (!open) co_return false;
      continue;
    }
    if (step == Step::denied) {
      co_await deny();
      co_return false;
    }
    if (step == Step::proceed) {
      const bool sent = co_await tell_to_continue();
      if (!sent) co_return false;
      continue;
    }
    if (worker_.draining() && reader_->idle()) co_return false;
    if (!read_.pending() && !read_.done()) connection_->start_wait_readable(read_);
    const net::IoResult ready = co_await read_;
    if (!take_in(ready)) co_return false;
  }
  deadline_.clear();
  early_.reset();
  co_return true;
}

// What the bytes that are there mean.
Session::Step Session::advance() {
  const TimeoutSpec& timeouts = worker_.serving()->runtime->spec.timeouts;
  while (in_.data() != nullptr) {
    std::size_t size = in_.size();
    const net::RequestEvent event = reader_->advance(in_.data(), size);
    if (size < in_.size()) in_.truncate(size);  // chunk framing was squeezed out
    if (event == net::RequestEvent::request) {
      if (early_ != nullptr) count_early();
      return Step::serve;
    }
    if (event == net::RequestEvent::refused) return Step::refused;
    if (event == net::RequestEvent::need_more) {
      count_early();
      break;
    }
    const Step admitted = admit();
    if (admitted != Step::more && admitted != Step::proceed) return admitted;
    worker_.set_deadline(deadline_, timeouts.body);
    if (admitted == Step::proceed) return admitted;
  }
  if (!head_timed_ && !reader_->idle()) {
    head_timed_ = true;
    worker_.set_deadline(deadline_, timeouts.head);
  }
  return Step::more;
}

void Session::on_deadline() {
  if (busy_) return connection_->close(net::IoError::timed_out);  // a stalled write
  if (!reader_ || reader_->idle()) return connection_->close(net::IoError::timed_out);
  // Something of a request came: say what was late, then close.
  reader_->timed_out();
  std::array<char, 512> room;
  net::HeadWriter head(room);
  head.status_line(408);
  head.append_raw("content-length: 0\r\nconnection: close\r\n\r\n");
  const net::ConstBytes part(head.view());
  (void)connection_->try_write({&part, 1});
  connection_->close(net::IoError::timed_out);
}

net::Task<void> Session::refuse(net::Refusal refusal) {
  close_after_ = true;
  std::string body;
  write_http_refusal(body, refusal);
  const bool sent = co_await reply(refusal.status, "application/json", body);
  if (sent) co_await linger();
  gone_ = true;
}

// Sets principal_ from the key of the head, if that is known.
void Session::identify() {
  const net::RequestHead& head = reader_->head();
  principal_ = nullptr;
  const std::string_view key = presented_key(head.value(net::RequestField::authorization),
                                             head.fields.has(net::RequestField::x_api_key)
                                                 ? head.value(net::RequestField::x_api_key)
                                                 : key_of_google(head, route_));
  if (key.empty()) return;
  const std::uint64_t generation = runtime().generation;
  std::uint32_t known = last_key_.principal();
  if (!last_key_.matches(key, generation)) {
    const auto found = runtime().keys->find(key);
    if (!found) return;
    known = *found;
    last_key_.remember(key, generation, known);
  }
  principal_ = &runtime().principals[known];
}

// The one gate: nothing is served, and no body byte is read, before it.
Session::Step Session::admit() {
  const net::RequestHead& head = reader_->head();
  serving_ = worker_.serving();
  started_ = worker_.last_tick();
  started_at_ = worker_.now();
  http_1_0_ = head.version_minor == 0;
  RouteMatch match = match_route(head.method, head.target());
  if (match.route == Route::none && !match.wrong_method) [[unlikely]]
    if (match_pass(runtime(), nullptr, head.method, head.target()).provider >= 0)
      match.route = Route::pass_through;
  route_ = match.route;
  wire_ = client_wire(route_, head);
  identify();
  if (is_chat(route_) && wants_explanation(head)) [[unlikely]]
    route_ = match.route = Route::explain;
  denied_ = gate(*this, match);
  auth_ns_ = worker_.tick_now() - started_;
  if (denied_.status != 0) return Step::denied;
  shed_ = is_chat(route_) && worker_.sheds();
  if (streams_body(route_) && head.has_body()) {
    streamed_ = std::make_unique<StreamedBody>();
    streamed_->chunks =
        net::ChunkDecoder(net::ChunkSource::client,
                          static_cast<std::uint64_t>(runtime().spec.pass_through_bytes_max));
    streamed_->left = head.content_length.value_or(0);
    return Step::serve;
  }
  if (shed_) {
    denied_ = overloaded(*this);
    // A small body is swallowed and the connection stays: a new one would cost more.
    const std::uint64_t size = head.content_length.value_or(shed_body_bytes_max + 1);
    if (size > shed_body_bytes_max || head.expect_continue) return Step::denied;
  }
  const auto limit = static_cast<std::uint64_t>(runtime().spec.body_bytes_max);
  if (reader_->accept(limit) == net::RequestEvent::refused) return Step::refused;
  return reader_->wants_continue() ? Step::proceed : Step::more;
}

net::Task<bool> Session::tell_to_continue() {
  const net::ConstBytes part(continue_line);
  const std::span<const net::ConstBytes> parts(&part, 1);
  co_return co_await send(parts);
}

// A body that was not read may not be taken for the next request.
net::Task<void> Session::deny() {
  close_after_ = true;
  const bool sent = co_await reply_refused(*this, denied_);
  if (sent) co_await linger();
  gone_ = true;
}

// From here on the connection is a WebSocket, whose messages come as requests.
net::Task<bool> Session::upgrade() {
  const std::string answer = websocket_answer(reader_->head());
  std::string request = websocket_request(reader_->head());
  const net::ConstBytes part(answer);
  const std::span<const net::ConstBytes> parts(&part, 1);
  const bool sent = co_await send(parts);
  if (!sent) co_return false;
  const auto limit = static_cast<std::size_t>(runtime().spec.body_bytes_max);
  connection_ =
      std::make_unique<WebSocketConnection>(std::move(connection_), std::move(request), limit);
  in_.release();
  reader_->reset();
  head_timed_ = false;
  worker_.set_deadline(deadline_, runtime().spec.timeouts.keep_alive);
  co_return true;
}

void Session::begin_serving() {
  busy_ = true;
  worker_.overload().entered();
  if (!streamed_) begin_watch();  // else once the body is over
  worker_.seams().metrics.request_started();
}

void Session::end_serving() {
  worker_.seams().metrics.request_ended();
  worker_.overload().left();
  busy_ = false;
  if (reader_) expect(reader_->consumed());
  departure_ = nullptr;
  if (streamed_) [[unlikely]]
    streamed_.reset();
  end_watch();
}

// While a request is served the client is waited for; what it sends goes to a buffer of its own.
void Session::begin_watch() {
  const std::size_t used = reader_->consumed();
  const std::size_t left = in_.size() - used;
  if (left != 0) {
    next_.reserve(std::max(first_buffer_bytes, left + 1));
    std::memcpy(next_.data(), in_.data() + used, left);
    next_.commit(left);
  }
  if (!read_.pending() && !read_.done()) connection_->start_wait_readable(read_);
}

void Session::end_watch() {
  in_.release();
  std::swap(in_, next_);
}

// The client stirred while its request is served: it sent the next one already, or it left.
void Session::on_client_event() {
  if (!busy_ || (streamed_ && !streamed_->over)) return;  // read_body() takes it
  net::IoResult result = read_.take();
  if (result.ok()) {
    next_.reserve(first_buffer_bytes);
    result = connection_->try_read(next_.free_space());
    if (result.error == net::IoError::would_block) result = {};
  }
  if (result.ok()) {
    next_.commit(result.bytes);  // a pipelined request: kept for later
    if (!next_.free_space().empty()) connection_->start_wait_readable(read_);
    return;
  }
  gone_ = true;
  if (departure_ != nullptr) departure_->client_left();
}

// After the last answer: FIN, then swallow what the client still sends, so that it reads the answer
// instead of a reset.
net::Task<void> Session::linger() {
  connection_->shutdown_write();
  // What the connection has taken may have found no room yet; the end comes behind it.
  worker_.set_deadline(deadline_, runtime().spec.timeouts.write_stall);
  connection_->start_wait_writable(write_);
  (void)co_await write_;
  worker_.set_deadline(deadline_, linger_ms);
  busy_ = false;
  std::size_t swallowed = 0;
  while (swallowed < linger_bytes_max) {
    if (!read_.pending() && !read_.done()) {
      connection_->start_wait_readable(read_);
    }
    net::IoResult result = co_await read_;
    if (result.ok()) {
      in_.clear();
      in_.reserve(first_buffer_bytes);
      result = connection_->try_read(in_.free_space());
      if (result.error == net::IoError::would_block) continue;
    }
    if (!result.ok()) break;
    swallowed += result.bytes + 1;
  }
  deadline_.clear();
}

void Session::begin_drain() {
  if (!busy_ && reader_ && reader_->idle()) connection_->close(net::IoError::closed);
}

void Session::end_stream() {
  close_after_ = true;
  if (departure_ != nullptr) departure_->must_end();
}

}  // namespace steelyard
