#pragma once
// Keep-alive connections of one worker to one origin, last in first out. An idle connection is
// always waited for: a provider that closes it is noticed at once. It holds no buffer.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/net/buffer.h"
#include "gateway/net/dialer.h"
#include "gateway/net/io.h"
#include "gateway/net/response_head_memo.h"
#include "gateway/net/wheel.h"

namespace steelyard::net {

class UpstreamPool;

struct UpstreamConnection {
  explicit UpstreamConnection(UpstreamPool& owner);
  ~UpstreamConnection();
  UpstreamConnection(const UpstreamConnection&) = delete;
  UpstreamConnection& operator=(const UpstreamConnection&) = delete;

  // Makes sure `read` is waiting for bytes (or is done and not yet taken).
  void arm_read();
  // After `read` was awaited: what there is, into `buffer`. would_block: nothing, wait again.
  IoResult receive();

  std::unique_ptr<Connection> pipe;
  IoSlot read;
  Buffer buffer;        // what arrived and is not consumed
  bool reused = false;  // came from the pool: its death before the first byte is no answer
  bool idle = false;
  Deadline idle_deadline;
  UpstreamPool* pool;
};

class UpstreamPool {
 public:
  struct Options {
    std::size_t connections_max = 1024;
    std::int64_t idle_ms = 55'000;  // below the 60 s of common load balancers
  };
  UpstreamPool(Dialer& dialer, Wheel& wheel, Origin origin, Options options);
  ~UpstreamPool();

  // An idle connection, or null.
  std::unique_ptr<UpstreamConnection> take_idle();
  // A new one; `read` completes when it is connected. Null when connections_max are in use.
  std::unique_ptr<UpstreamConnection> open();
  // Back into the pool. Only after a complete answer with nothing left over; else destroy it.
  void give_back(std::unique_ptr<UpstreamConnection> connection, Tick now);

  const Origin& origin() const { return origin_; }
  // Of streams, and of whole answers.
  ResponseHeadMemo& heads(bool streams) { return heads_[streams ? 1 : 0]; }
  std::size_t idle_count() const { return idle_.size(); }
  std::size_t open_count() const { return open_; }

 private:
  friend struct UpstreamConnection;
  void stirred(UpstreamConnection& connection);
  void drop_idle(UpstreamConnection& connection);
  Dialer& dialer_;
  Wheel& wheel_;
  Origin origin_;
  Options options_;
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;
  std::array<ResponseHeadMemo, 2> heads_;
  std::size_t open_ = 0;  // idle and in use
};

}  // namespace steelyard::net
