#pragma once
// Deadlines without a timer each: a hashed wheel of intrusive nodes. Moving a deadline later only
// writes a field; the node is re-queued when its old slot comes up (research/performance 4,
// timers).
#include <array>
#include <cstddef>
#include <cstdint>

#include "config/types/instant.h"

namespace steelyard::net {

class Wheel;

// A deadline owned by whoever waits. Fires once, from Wheel::advance, on the owner's thread.
class Deadline {
 public:
  using Callback = void (*)(void* owner);
  Deadline(Callback callback, void* owner) : callback_(callback), owner_(owner) {}
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(Wheel& wheel, Tick due);  // replaces any earlier due time
  void clear() { due_.ns = never; }  // stays queued until its slot comes up, then drops out
  bool armed() const { return due_.ns != never; }

 private:
  friend class Wheel;
  static constexpr std::int64_t never = INT64_MAX;
  void unlink();
  Tick due_{never};
  std::int64_t queued_ns_ = never;  // start of the slot it is queued in
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
  Wheel* wheel_ = nullptr;
  Callback callback_;
  void* owner_;
};

class Wheel {
 public:
  static constexpr std::int64_t resolution_ns = 10'000'000;  // a deadline fires at most this late
  static constexpr std::size_t slots = 1024;                 // one turn is 10.24 s

  explicit Wheel(Tick start) : now_slot_(start.ns / resolution_ns) {}
  ~Wheel();
  // Fires everything due at or before `now`. A callback may set or destroy any deadline.
  void advance(Tick now);
  bool empty() const { return count_ == 0; }

 private:
  friend class Deadline;
  void link(Deadline& node);
  std::array<Deadline*, slots> heads_{};
  std::int64_t now_slot_;  // all slots before this one have been visited
  std::size_t count_ = 0;
  Deadline* cursor_ = nullptr;  // next node to visit, kept right while callbacks unlink
};

}  // namespace steelyard::net
