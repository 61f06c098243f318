#pragma once
// One request to one provider outside a chat plan: a stored answer, a count, a path that is passed
// through. Connect, send, wait for the head of the answer; then its body as a whole, or relayed as
// it comes. Nothing is tried twice, but for a kept-alive connection that had died before.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "gateway/net/chunk_decoder.h"
#include "gateway/net/response_head.h"
#include "gateway/net/task.h"
#include "gateway/net/upstream_pool.h"
#include "gateway/net/wheel.h"
#include "gateway/session.h"

namespace steelyard {

struct ProviderRuntime;
namespace cloud {
struct Credentials;
}

// Sees a relayed body, piece by piece.
class BodyWatch {
 public:
  virtual void feed(std::string_view bytes) = 0;
  // Asked at its end. False: something is missing, although the framing is whole.
  virtual bool said_all() const { return true; }

 protected:
  ~BodyWatch() = default;
};

struct ForwardAsk {
  // Request line and lines of its own, with CRLF; host, key and framing are added.
  std::string head;
  std::string_view body;           // lives until ask() ends
  bool client_body = false;        // instead of `body`: the client's, passed on as it comes
  BodyWatch* watch = nullptr;      // sees the client's body as it passes
  bool to_head = false;            // the method is HEAD
  bool any_path = false;           // a 403 may be about the path: it says nothing of the key
  std::int64_t first_byte_ms = 0;  // 0: the configuration's
  std::int32_t key = -1;           // its number, where one account has what is asked for; -1: any
};

class Forward final : public DepartureListener {
 public:
  // `provider`: index into Runtime::providers.
  Forward(Session& session, std::int32_t provider);
  ~Forward() override;

  // True: head() is the answer's. False: error() says what the client is to be told.
  net::Task<bool> ask(const ForwardAsk& ask);
  // The same with each of the provider's keys in turn, while the answer is that it will not have
  // the one that was used. Not for a client's body, which comes only once.
  net::Task<bool> ask_each_key(const ForwardAsk& ask);
  const net::ResponseHead& head() const { return head_; }
  // The whole body; false: error(). body() lives until the next wait, or finish().
  net::Task<bool> collect(std::size_t limit);
  std::string_view body() const;
  // The answer to the client, its body piece by piece (an error as a whole). `lines`: more head
  // lines. False: it broke off after the first byte; error() says why, and the client's connection
  // will be closed.
  net::Task<bool> relay(std::string_view lines, BodyWatch* watch);
  // Which of the provider's keys was used.
  std::size_t key_used() const { return key_used_; }
  // The connection goes back to its pool if it can be used again.
  void finish();

  const Error& error() const { return error_; }
  int head_status() const { return head_status_; }  // the provider's
  int told_status() const { return told_status_; }  // of relay(): what the client got
  bool sent() const { return sent_; }               // the provider may have got the request
  // The answer was an error about the key, which rests now; another one of the provider does not.
  // Known once the body was collected or relayed.
  bool other_key_left() const { return other_key_left_; }
  std::int64_t waited_ns() const { return waited_ns_; }

  void client_left() override;
  void must_end() override;

 private:
  const ProviderRuntime& provider() const;
  net::UpstreamPool& pool() const;
  void arm(std::int64_t from_now_ms);
  static void on_deadline(void* self);
  void waited();
  bool fail(ErrorKind kind, std::string text);
  bool refuse_body();
  bool io_failed(net::IoResult result, const char* doing);
  net::Task<bool> take_credentials(const ForwardAsk& ask);
  net::Task<bool> take_client_body(const ForwardAsk& ask);
  void append_credentials(std::string& head, std::string_view body) const;
  net::Task<net::IoResult> connect();
  net::Task<net::IoResult> write(std::string_view bytes);
  net::Task<net::IoResult> write_client_body(BodyWatch* watch);
  net::Task<net::IoResult> send(const ForwardAsk& ask);
  net::Task<net::IoResult> read_head(bool to_head);
  net::Task<net::IoResult> read_some();
  bool decode(std::span<char> raw, std::string_view& payload);
  void begin_body();
  void heed_fault();
  std::string_view client_head(std::string_view lines, std::span<char> room);
  net::Task<bool> tell(std::string_view piece);
  net::Task<bool> relay_fault(std::string_view lines);
  net::Task<void> tell_failure();

  Session& session_;
  Worker& worker_;
  std::int32_t provider_;
  std::unique_ptr<net::UpstreamConnection> upstream_;
  net::HeadLines lines_;
  net::ResponseHead head_;
  net::Deadline deadline_;
  net::IoSlot writable_, pause_;
  // Of a cloud: a token, or keys that sign; null: a key, which is in the head already.
  std::shared_ptr<const cloud::Credentials> credentials_;
  std::string signed_body_;  // the client's, where it is signed and so must be had first
  net::ChunkDecoder chunks_{net::ChunkSource::provider};
  std::uint64_t body_left_ = 0;
  std::size_t body_at_ = 0, body_end_ = 0;  // of a collected body, in the upstream's buffer
  Tick total_due_;
  std::int64_t waited_ns_ = 0;
  int told_status_ = 0, head_status_ = 0;
  std::size_t key_used_ = 0;
  Error error_;
  bool any_path_ = false, other_key_left_ = false, heeded_ = false;
  bool sent_ = false, over_ = false, reusable_ = false, must_end_ = false;
};

}  // namespace steelyard
