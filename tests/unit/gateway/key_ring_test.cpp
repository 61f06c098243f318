#include "gateway/key_ring.h"

#include <doctest/doctest.h>

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

}  // namespace
}  // namespace steelyard
