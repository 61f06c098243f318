#pragma once
// Lines from one thread to one other thread: a ring of bytes. A line is published whole or not at
// all, so what the reader sees always ends with a line.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace steelyard::telemetry {

class LineRing {
 public:
  // `bytes` is rounded up to a power of two. The memory is touched only as the ring fills.
  explicit LineRing(std::size_t bytes)
      : size_(std::bit_ceil(std::max<std::size_t>(bytes, 64))), bytes_(new char[size_]) {}

  // Producer. False: no room, nothing was written, counted as dropped.
  bool push(std::string_view line) {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (line.size() > size_ - (head - seen_tail_)) {
      seen_tail_ =
          std::max(seen_tail_, tail_.load(std::memory_order_acquire));  // it may be at a gap
      if (line.size() > size_ - (head - seen_tail_)) return drop();
    }
    std::size_t at = head & (size_ - 1);
    if (at >= kNear && tail_.load(std::memory_order_acquire) == head) {
      // Nothing waits: begin again at the front, whose bytes are still in the cache.
      gap_.store(head, std::memory_order_relaxed);
      head = seen_tail_ = after_gap(head);
      at = 0;
    }
    const std::size_t before_wrap = std::min(line.size(), size_ - at);
    std::memcpy(bytes_.get() + at, line.data(), before_wrap);
    std::memcpy(bytes_.get(), line.data() + before_wrap, line.size() - before_wrap);
    lines_.store(lines_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    // Not sequentially consistent, which would wait for every byte above to reach the cache: a
    // reader that falls asleep at this moment may not be woken. It looks again by itself.
    head_.store(head + line.size(), std::memory_order_release);
    return true;
  }

  struct Chunk {
    std::string_view first, second;  // second: after the wrap, usually empty
    std::size_t size() const { return first.size() + second.size(); }
  };
  // Reader. All that is published; valid until consume().
  Chunk peek() const {
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    const std::uint64_t tail = start(head);
    const std::size_t count = head - tail;
    const std::size_t at = tail & (size_ - 1);
    const std::size_t before_wrap = std::min(count, size_ - at);
    return {{bytes_.get() + at, before_wrap}, {bytes_.get(), count - before_wrap}};
  }
  void consume(std::size_t bytes) {
    tail_.store(start(head_.load(std::memory_order_relaxed)) + bytes, std::memory_order_release);
  }

  // Reader: so that nobody has to look for line feeds. Lines ever pushed (asked after peek(): of
  // these, and perhaps of the next one or two), and how many that are since it was last told.
  std::uint64_t lines() const { return lines_.load(std::memory_order_relaxed); }
  std::uint64_t count_to(std::uint64_t lines) { return lines - std::exchange(counted_, lines); }
  // Reader: one line less to be counted.
  void forget_line() { ++counted_; }

  // Any thread: bytes ever published, bytes ever consumed, lines refused.
  std::uint64_t published() const { return head_.load(std::memory_order_acquire); }
  std::uint64_t consumed() const { return tail_.load(std::memory_order_acquire); }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kNear = 256u << 10;  // a few milliseconds of lines

  std::uint64_t after_gap(std::uint64_t at) const { return (at | (size_ - 1)) + 1; }
  // Reader: where what waits begins, given a head it has seen. The producer leaves a gap only when
  // nothing waits, and publishes it with the line behind it.
  std::uint64_t start(std::uint64_t head) const {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    return head != tail && tail == gap_.load(std::memory_order_relaxed) ? after_gap(tail) : tail;
  }

  bool drop() {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return false;
  }

  const std::size_t size_;
  const std::unique_ptr<char[]> bytes_;
  // Producer's and reader's words on lines of their own.
  alignas(64) std::atomic<std::uint64_t> head_{0};
  std::uint64_t seen_tail_ = 0;
  std::atomic<std::uint64_t> gap_{~std::uint64_t{0}};  // where the producer last left one
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> lines_{0};
  alignas(64) std::atomic<std::uint64_t> tail_{0};
  std::uint64_t counted_ = 0;
};

}  // namespace steelyard::telemetry
