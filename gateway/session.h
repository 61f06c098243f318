#pragma once
// One client connection: reads requests in order, authorises each at one gate, hands it to its
// route, writes the answer. The client is waited for while its request is served, so one that
// leaves is noticed and the provider is told at once. A waiting connection holds no buffer.
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/types/money.h"
#include "gateway/auth.h"
#include "gateway/error_reply.h"
#include "gateway/net/buffer.h"
#include "gateway/net/chunk_decoder.h"
#include "gateway/net/io.h"
#include "gateway/net/request_reader.h"
#include "gateway/net/task.h"
#include "gateway/net/wheel.h"
#include "gateway/routes.h"
#include "router/ledger/ledger.h"

namespace steelyard {

class EarlyCounts;
class Worker;
struct Principal;
struct Runtime;
struct Serving;

// A body that is read while its request is served (session_body.cpp).
struct StreamedBody {
  net::Buffer room;
  net::ChunkDecoder chunks;
  std::uint64_t left = 0;  // of a body with a length
  bool begun = false, over = false, continued = false;
};

// Told when the client leaves while its request is served.
class DepartureListener {
 public:
  virtual ~DepartureListener() = default;
  virtual void client_left() = 0;
  // The gateway shuts down: end the answer with an error.
  virtual void must_end() = 0;
};

// A request that is answered once (once_call.h): its id, its answer as it goes to the client, how
// it ended.
struct OnceNote {
  void add(std::span<const net::ConstBytes> parts);
  router::RequestId id;
  std::size_t bytes_max = 0;
  std::string bytes;
  bool over = false;  // the answer was longer: `bytes` is empty
  NanoUsd spent;
  bool good = false;  // answered, and not with an error
};

class Session {
 public:
  Session(Worker& worker, std::unique_ptr<net::Connection> connection);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  void begin_drain();  // closes now if no request is being served
  void end_stream();   // see DepartureListener::must_end

  // For the routes, while they serve a request.
  Worker& worker() { return worker_; }
  const Runtime& runtime() const;
  Serving& serving() { return *serving_; }
  const Principal* principal() const { return principal_; }
  const net::RequestHead& head() const { return reader_->head(); }
  std::string_view body() const { return reader_->body(); }
  // Bytes that may be read behind body() (simdjson).
  std::size_t body_capacity() const { return reader_->body().size() + net::Buffer::padding; }
  // Head and body as they stand in memory; what views of the request point into.
  std::string_view request_bytes() const { return in_.view(); }
  // A stream has no more use for it: head(), body() and all views of them are gone.
  void let_request_go();
  bool holds_request() const { return reader_ != nullptr; }
  Tick started() const { return started_; }
  Instant started_at() const { return started_at_; }
  std::int64_t auth_ns() const { return auth_ns_; }            // finding the key and what it may do
  std::int64_t counted_early_ns() const { return early_ns_; }  // its texts, while the body came
  bool client_gone() const { return gone_; }
  // The dialect of the client: errors too are told in it.
  Route route() const { return route_; }
  dialect::hub::Wire wire() const { return wire_; }
  bool http_1_0() const { return http_1_0_; }
  bool will_close() const;
  void close_after() { close_after_ = true; }
  void listen_for_departure(DepartureListener* listener) { departure_ = listener; }

  // Until it is null again: what is written is noted, and how the request ends.
  void note_once(OnceNote* note) { once_ = note; }
  router::RequestId new_request_id();
  void note_end(NanoUsd spent, bool good) {
    if (once_ == nullptr) return;
    once_->spent = spent;
    once_->good = good && !gone_;
  }

  // Writes everything. Parts must live until it ends; false: the client is gone or stalled.
  net::Task<bool> send(std::span<const net::ConstBytes> parts);
  // The same without a coroutine when it goes at once: true and everything was taken; else the rest
  // was copied and `co_await drain()` must follow before the next write.
  bool send_now(std::span<const net::ConstBytes> parts);
  bool unsent() const { return unsent_.size() != 0; }
  net::Task<bool> drain();

  // The next piece of a body that is passed on as it comes (ForwardAsk::client_body); "" at its
  // end. It lives until the next call. False: the client is gone, or sent nonsense.
  net::Task<bool> read_body(std::string_view& piece);

  // A whole answer with a body that is already there. `extra` is head text, lines with CRLF.
  net::Task<bool> reply(unsigned status, std::string_view content_type, std::string_view body,
                        std::string_view extra = {});

 private:
  friend class Worker;
  enum class Step : std::uint8_t {
    more,     // wait for bytes
    proceed,  // tell the client to go on ("100 Continue")
    serve,    // a whole, admitted request
    refused,  // not HTTP as we accept it: reader_.refusal()
    denied,   // the gate said no: denied_
  };
  net::Detached run();
  net::Task<bool> next_request();
  Step advance();
  Step admit();  // routes and authorises a head
  void count_early();
  bool take_in(net::IoResult result);
  net::IoResult take_first();
  net::IoResult take_more();
  net::Task<bool> tell_to_continue();
  net::Task<void> refuse(net::Refusal refusal);
  net::Task<void> deny();
  net::Task<bool> upgrade();
  net::Task<void> take_turn();
  void begin_serving();
  void end_serving();
  void expect(std::size_t bytes);
  net::Task<void> linger();
  void identify();
  net::Task<bool> read_piece(std::span<char>& raw);
  bool decode_body(std::span<char> raw, std::string_view& piece);
  void begin_watch();
  void end_watch();
  void on_client_event();
  void on_deadline();

  Worker& worker_;
  std::unique_ptr<net::Connection> connection_;
  std::list<std::unique_ptr<Session>>::iterator self_;
  std::shared_ptr<Serving> serving_;
  const Principal* principal_ = nullptr;
  LastKey last_key_;
  Route route_ = Route::none;
  dialect::hub::Wire wire_ = dialect::hub::Wire::openai_chat;
  GateRefusal denied_;
  DepartureListener* departure_ = nullptr;
  OnceNote* once_ = nullptr;

  net::Buffer in_;      // the request being read or served
  net::Buffer next_;    // what comes while it is served
  net::Buffer unsent_;  // the rest of a write that did not fit the socket
  net::IoSlot read_, write_;
  net::Deadline deadline_;
  std::unique_ptr<net::RequestReader> reader_;  // null once the request was let go
  std::unique_ptr<EarlyCounts> early_;          // of a large body that is arriving
  std::int64_t early_ns_ = 0;                   // what it has taken
  std::unique_ptr<StreamedBody> streamed_;      // of a request whose body is passed on as it comes
  std::size_t expected_bytes_ = 0;              // of the next request; 0: unknown
  Tick started_;
  std::int64_t auth_ns_ = 0;
  Instant started_at_;
  bool busy_ = false, gone_ = false, close_after_ = false, http_1_0_ = false;
  bool shed_ = false;        // this request is turned away: denied_
  bool head_timed_ = false;  // the deadline is that of a head that has begun
};

}  // namespace steelyard
