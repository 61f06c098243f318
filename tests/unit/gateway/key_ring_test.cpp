#include "gateway/key_ring.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace steelyard {
namespace {

std::string turns(KeyRing& ring, std::int64_t now_ms, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += std::to_string(ring.next(Tick{}.plus_ms(now_ms)));
  return out;
}

TEST_CASE("key ring: in turn, but not those at rest") {
  KeyRing ring(3);
  CHECK(turns(ring, 0, 4) == "0120");
  ring.rest(1, Tick{}.plus_ms(100));
  CHECK(turns(ring, 50, 4) == "2020");
  CHECK(ring.any_ready(Tick{}.plus_ms(50)));
  ring.rest(1, Tick{}.plus_ms(60));  // never shorter
  CHECK(turns(ring, 70, 2) == "20");
  CHECK(turns(ring, 100, 4) == "1201");
  ring.rest(0, Tick{}.plus_ms(300));
  ring.rest(1, Tick{}.plus_ms(200));
  ring.rest(2, Tick{}.plus_ms(250));
  CHECK_FALSE(ring.any_ready(Tick{}.plus_ms(150)));
  CHECK(turns(ring, 150, 3) == "111");  // the first that will be ready
  CHECK(turns(ring, 400, 3).size() == 3);
  KeyRing alone;
  CHECK(turns(alone, 0, 3) == "000");
}

TEST_CASE("key ring: a refused key is told from one that is only to be left alone") {
  KeyRing ring(2);
  const auto at = [](std::int64_t ms) { return Tick{}.plus_ms(ms); };
  CHECK_FALSE(ring.rests(0, at(10)));
  ring.rest(0, at(100));
  CHECK(ring.rests(0, at(99)));
  CHECK_FALSE(ring.rests(0, at(100)));
  CHECK_FALSE(ring.refused(0, at(10)));
  ring.rest(1, at(100), true);
  ring.rest(1, at(200));  // limited as well
  CHECK(ring.refused(1, at(99)));
  CHECK_FALSE(ring.refused(1, at(100)));
  CHECK(ring.rests(1, at(199)));
  CHECK(ring.rests_until(1).ns == at(200).ns);
}

TEST_CASE("key ring: a conversation stays with its key, and while that rests with one other") {
  KeyRing ring(3);
  std::array<int, 3> users{};
  for (std::uint64_t who = 1; who <= 3000; ++who)
    ++users[ring.of(who * 0x9e3779b97f4a7c15u, Tick{}.plus_ms(50))];
  for (const int count : users) CHECK(count > 900);
  const Tick now = Tick{}.plus_ms(50), later = Tick{}.plus_ms(200);
  for (std::uint64_t who = 1; who <= 100; ++who) {
    KeyRing keys(3);
    const std::size_t own = keys.of(who, now);
    (void)keys.next(now);
    CHECK(keys.of(who, now) == own);
    keys.rest(own, Tick{}.plus_ms(100));
    const std::size_t other = keys.of(who, now);
    CHECK(other != own);
    (void)keys.next(now);
    CHECK(keys.of(who, now) == other);
    CHECK(keys.of(who, later) == own);
    keys.rest(other, Tick{}.plus_ms(100));
    CHECK(keys.of(who, now) == 3 - own - other);
    keys.rest(3 - own - other, Tick{}.plus_ms(70));
    CHECK(keys.of(who, now) == 3 - own - other);  // the first that will be ready
  }
}

}  // namespace
}  // namespace steelyard
