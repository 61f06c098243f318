#pragma once
// When a worker has more than it can do, who comes is told so at once, and what was let in goes on
// at full speed. Two signs: too many requests under way, and a queue that stands. The queue is in
// the kernel: what waits there waits as long as the timer that ticks, so a late tick is the delay.
#include <cstddef>
#include <cstdint>

#include "config/types/instant.h"

namespace steelyard {

class Overload {
 public:
  struct Limits {
    std::size_t in_flight = SIZE_MAX;           // of one worker
    std::int64_t queue_delay_ns = 100'000'000;  // 0: not looked at
  };
  explicit Overload(Limits limits) : limits_(limits) {}
  void set(Limits limits) { limits_ = limits; }

  // Every `period_ns` of the event loop, or as late as that comes. `cpu_ns`: what this thread has
  // used so far. Late once is one long piece of work, twice in a row a queue that stands. Late with
  // little of it used means that the machine was not ours, or that there was nothing to do: no
  // reason to turn anybody away.
  void on_tick(Tick now, std::int64_t cpu_ns, std::int64_t period_ns);

  // Nobody need be turned away: what is asked of every request.
  bool calm() const { return share_ == 0 && in_flight_ < limits_.in_flight; }
  // `draw`: a random number. A share of those who come is refused, more while the queue stands and
  // less when it does not, so that the queue stays short and the worker busy. With nothing under
  // way there is nobody to make room for.
  bool sheds(std::uint32_t draw) const {
    return in_flight_ >= limits_.in_flight || (in_flight_ != 0 && draw % whole < share_);
  }
  void entered() { ++in_flight_; }
  void left() { --in_flight_; }
  std::size_t in_flight() const { return in_flight_; }
  double share() const { return static_cast<double>(share_) / whole; }  // refused, 0 to 1

 private:
  static constexpr std::uint32_t whole = 1024;
  Limits limits_;
  std::size_t in_flight_ = 0;
  std::uint32_t share_ = 0;  // of `whole`
  bool was_late_ = false;    // the tick before
  Tick last_;
  std::int64_t last_cpu_ns_ = 0;
};

}  // namespace steelyard
