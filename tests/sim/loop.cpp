#include "tests/sim/loop.h"

#include <algorithm>
#include <utility>

namespace steelyard::sim {

void Loop::after(std::int64_t delay_ns, std::function<void()> work) {
  queue_.push(
      {tick_ + std::max<std::int64_t>(delay_ns, 0), ties_.draw(), serial_++, std::move(work)});
}

bool Loop::run_one() {
  if (queue_.empty()) return false;
  // top() is const: the work is moved out of an element that is popped at once.
  auto& next = const_cast<Event&>(queue_.top());
  tick_ = next.due;
  const std::function<void()> work = std::move(next.work);
  queue_.pop();
  ++events_;
  work();
  return true;
}

}  // namespace steelyard::sim
