#include "gateway/overload.h"

#include <algorithm>

namespace steelyard {
namespace {

constexpr std::uint32_t more = 64, less = 16;     // of 1024, a tick
constexpr std::uint32_t most = 1024 - 1024 / 32;  // some are always let in: else nothing is learnt

}  // namespace

void Overload::on_tick(Tick now, std::int64_t cpu_ns, std::int64_t period_ns) {
  const std::int64_t passed = now - last_, used = cpu_ns - last_cpu_ns_;
  last_ = now;
  last_cpu_ns_ = cpu_ns;
  const bool late = limits_.queue_delay_ns != 0 && passed - period_ns > limits_.queue_delay_ns &&
                    used > passed / 2;
  const bool stands = late && was_late_;
  was_late_ = late;
  if (stands)
    share_ = std::min(share_ + more, most);
  else
    share_ -= std::min(share_, less);
}

}  // namespace steelyard
