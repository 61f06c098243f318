#pragma once
// An in-memory TCP connection: two ends, bounded pipes, every write cut into pieces that arrive
// later, short reads, FIN and RST as TCP does them. The gateway holds one end as a net::Connection;
// a script holds the other. Completions come from the loop, never from inside a call.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/net/io.h"
#include "tests/sim/loop.h"

namespace steelyard::sim {

struct LinkOptions {
  std::size_t capacity = 16'384;  // bytes on the way and unread, per direction
  std::int64_t delay_min = 20 * us, delay_max = 2 * ms;
  std::size_t piece_max = 1'460;  // of one arrival; 1: every byte by itself
  double short_io = 0.1;          // chance that a read or write does less than it could
};

class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(Loop& loop, std::uint64_t seed, LinkOptions options)
      : loop_(loop), dice_(seed), options_(options) {}

  // End 0 is the gateway's, end 1 the script's.
  net::IoResult write(int end, std::span<const net::ConstBytes> from);
  net::IoResult read(int end, std::span<char> into);
  void start_read(int end, std::span<char> into, net::IoSlot& slot, bool wait_only);
  void start_write_wait(int end, net::IoSlot& slot);
  void shutdown(int end);
  // With unread bytes, or `hard`, the other end gets a reset instead of an end of stream.
  void close(int end, net::IoError why, bool hard = false);
  void forget_slots(int end);
  bool is_open(int end) const { return side_[end].ended == net::IoError::none; }

  // Dialling: operations of end 0 wait until established().
  void begin_connecting(net::IoSlot& slot);
  bool connecting() const { return connecting_ != nullptr; }
  void established(net::IoError outcome);

  // For scripts: called (later) when there may be something to read or room to write.
  void set_wake(int end, std::function<void()> wake) { side_[end].wake = std::move(wake); }
  std::string take(int end, std::size_t most);
  std::size_t put(int end, std::string_view bytes);  // how many were taken
  bool ended_by_peer(int end) const { return side_[end].fin || side_[end].reset; }
  bool has_arrived(int end) const { return !side_[end].arrived.empty(); }
  bool was_reset(int end) const { return side_[end].reset; }

 private:
  static constexpr std::size_t fin_mark = SIZE_MAX;
  struct Side {
    std::deque<std::size_t> pieces;  // on their way here, in order
    std::string flying, arrived;
    std::int64_t last_due = 0;
    bool fin = false, reset = false, shut = false;
    net::IoError ended = net::IoError::none;
    net::IoSlot* reader = nullptr;
    net::IoSlot* writer = nullptr;
    std::span<char> into;
    bool wait_only = false;
    bool read_posted = false, write_posted = false, wake_posted = false;
    std::function<void()> wake;
  };
  bool readable(const Side& side) const {
    return !side.arrived.empty() || side.fin || side.reset || side.ended != net::IoError::none;
  }
  bool writable(int end) const;
  void fly(int to, std::size_t piece);
  void arrive(int to);
  void arrive_reset(int to);
  void tell_reader(int end);
  void tell_writer(int end);
  void wake(int end);
  std::int64_t jitter() { return dice_.chance(0.5) ? 0 : dice_.between(0, 200 * us); }

  Loop& loop_;
  Dice dice_;
  LinkOptions options_;
  Side side_[2];
  net::IoSlot* connecting_ = nullptr;
};

// The gateway's end.
std::unique_ptr<net::Connection> gateway_end(std::shared_ptr<Link> link);

}  // namespace steelyard::sim
