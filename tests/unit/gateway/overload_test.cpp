#include "gateway/overload.h"

#include <doctest/doctest.h>

namespace steelyard {
namespace {

constexpr std::int64_t ms = 1'000'000, period = 10 * ms;

struct Loop {
  Overload overload{{100, 50 * ms}};
  Tick now{0};
  std::int64_t cpu = 0;
  // One tick, `late_ms` later than it should come, after so much work.
  void tick(std::int64_t late_ms, double busy) {
    const std::int64_t passed = period + late_ms * ms;
    now = Tick{now.ns + passed};
    cpu += static_cast<std::int64_t>(busy * static_cast<double>(passed));
    overload.on_tick(now, cpu, period);
  }
};

TEST_CASE("overload: so many at once, and not one more") {
  Overload overload({3, 0});
  for (int i = 0; i < 3; ++i) {
    CHECK(overload.calm());
    CHECK(!overload.sheds(0));
    overload.entered();
  }
  CHECK(!overload.calm());
  CHECK(overload.sheds(1023));
  overload.left();
  CHECK(overload.calm());
}

TEST_CASE("overload: a standing queue refuses more and more, never all, and recovers") {
  Loop loop;
  loop.overload.entered();
  for (int i = 0; i < 100; ++i) loop.tick(0, 1.0);
  CHECK(loop.overload.calm());
  loop.tick(80, 0.95);
  CHECK(loop.overload.calm());  // one long piece of work
  loop.tick(0, 0.95);
  loop.tick(80, 0.95);
  CHECK(loop.overload.calm());
  loop.tick(80, 0.95);
  CHECK(!loop.overload.calm());
  CHECK(loop.overload.share() < 0.1);
  for (int i = 0; i < 100; ++i) loop.tick(80, 0.95);
  CHECK(loop.overload.share() > 0.9);
  CHECK(loop.overload.share() < 1.0);
  CHECK(loop.overload.sheds(0));
  CHECK(!loop.overload.sheds(1023));
  loop.overload.left();
  CHECK(!loop.overload.sheds(0));  // nobody under way to make room for
  for (int i = 0; i < 62; ++i) loop.tick(0, 0.5);
  CHECK(loop.overload.calm());
}

TEST_CASE("overload: late without work done is the machine's doing") {
  Loop loop;
  for (int i = 0; i < 100; ++i) loop.tick(80, 0.3);
  loop.tick(5'000, 0.0);  // nothing to do: no ticks were asked for
  CHECK(loop.overload.calm());
}

TEST_CASE("overload: switched off") {
  Loop loop;
  loop.overload.set({SIZE_MAX, 0});
  for (int i = 0; i < 100; ++i) loop.tick(80, 1.0);
  CHECK(loop.overload.calm());
}

}  // namespace
}  // namespace steelyard
