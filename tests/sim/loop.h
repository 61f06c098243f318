#pragma once
// Virtual time and the one queue of events. Nothing in a simulation waits, sleeps or runs on
// another thread: the next event decides what time it is. Events due at the same instant run in an
// order drawn from the seed, which is how races are found and found again.
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "gateway/sys/clock.h"
#include "gateway/sys/random.h"

namespace steelyard::sim {

inline constexpr std::int64_t ms = 1'000'000;  // nanoseconds
inline constexpr std::int64_t us = 1'000;

// Chance with the words a script needs. One per part of the world, so that a change in one part
// does not reshuffle all others.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t draw() { return random_.next(); }
  std::int64_t between(std::int64_t low, std::int64_t high) {  // both included
    const std::uint64_t drawn = random_.next();
    if (high <= low) return low;
    return low + static_cast<std::int64_t>(drawn % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(double p) { return random_.unit() < p; }
  template <class List>
  const auto& pick(const List& list) {
    return list[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(list.size()) - 1))];
  }

 private:
  sys::Random random_;
};

class Loop final : public sys::Clock {
 public:
  explicit Loop(std::uint64_t seed) : ties_(seed) {}

  Instant now() const override { return {wall_start + tick_ + wall_step_}; }
  Tick tick() const override { return {tick_}; }
  std::int64_t elapsed() const { return tick_ - tick_start; }  // ns since the simulation began
  // The wall clock jumps (NTP, an operator); the monotonic one does not.
  void step_wall(std::int64_t by_ns) { wall_step_ += by_ns; }

  void after(std::int64_t delay_ns, std::function<void()> work);
  void post(std::function<void()> work) { after(0, std::move(work)); }
  // Runs the next event. False: there is none.
  bool run_one();
  std::uint64_t events() const { return events_; }

 private:
  static constexpr std::int64_t wall_start = 1'795'000'000'000'000'000;  // November 2026
  static constexpr std::int64_t tick_start = 5'000'000'000'000;
  struct Event {
    std::int64_t due;
    std::uint64_t tie, serial;
    std::function<void()> work;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      if (a.due != b.due) return a.due > b.due;
      return a.tie != b.tie ? a.tie > b.tie : a.serial > b.serial;
    }
  };
  std::priority_queue<Event, std::vector<Event>, Later> queue_;
  Dice ties_;
  std::int64_t tick_ = tick_start, wall_step_ = 0;
  std::uint64_t serial_ = 0, events_ = 0;
};

}  // namespace steelyard::sim
