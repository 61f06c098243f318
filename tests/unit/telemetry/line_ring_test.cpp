#include "gateway/telemetry/line_ring.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <thread>

namespace steelyard::telemetry {
namespace {

std::string line_of(std::uint64_t number, std::size_t size) {
  std::string line = std::to_string(number) + " ";
  line.resize(size, static_cast<char>('a' + number % 26));
  line.back() = '\n';
  return line;
}

// Takes at most `most` bytes of what waits.
std::string take(LineRing& ring, std::size_t most) {
  const LineRing::Chunk chunk = ring.peek();
  std::string all = std::string(chunk.first) + std::string(chunk.second);
  all.resize(std::min(all.size(), most));
  ring.consume(all.size());
  return all;
}

}  // namespace

TEST_CASE("a ring gives back what was pushed, in order, wherever it begins again") {
  for (const std::size_t bytes :
       {std::size_t{4096}, std::size_t{512} << 10, std::size_t{1} << 20}) {
    CAPTURE(bytes);
    LineRing ring(bytes);
    std::mt19937 chance(7);
    std::string pushed, taken;
    std::uint64_t refused = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const std::string line = line_of(i, 30 + chance() % 3000);
      if (ring.push(line)) {
        pushed += line;
      } else {
        ++refused;
      }
      // Mostly all of it, so that the ring is often empty; at times a part, at times nothing.
      const unsigned die = chance() % 16;
      if (die < 3) taken += take(ring, ~std::size_t{0});
      if (die == 3) taken += take(ring, chance() % 5000);
    }
    taken += take(ring, ~std::size_t{0});
    CHECK(ring.peek().size() == 0);
    CHECK(taken == pushed);
    CHECK(ring.dropped() == refused);
    CHECK(ring.consumed() == ring.published());
  }
}

TEST_CASE("while the reader keeps up, only the front of a large ring is used") {
  LineRing ring(4u << 20);
  const std::string line = line_of(1, 3000);
  const char* lowest = nullptr;
  const char* highest = nullptr;
  for (int i = 0; i < 5'000; ++i) {
    REQUIRE(ring.push(line));
    const LineRing::Chunk chunk = ring.peek();
    REQUIRE(chunk.size() == line.size());
    if (lowest == nullptr) lowest = chunk.first.data();
    lowest = std::min(lowest, chunk.first.data());
    highest = std::max(highest, chunk.first.data() + chunk.first.size());
    ring.consume(line.size());
  }
  CHECK(highest - lowest < (300 << 10));
}

TEST_CASE("one thread pushes, another takes") {
  LineRing ring(512u << 10);
  constexpr std::uint64_t kLines = 50'000;
  std::string pushed;
  for (std::uint64_t i = 0; i < kLines; ++i) pushed += line_of(i, 40 + i % 900);
  std::thread producer([&] {
    for (std::uint64_t i = 0; i < kLines; ++i) {
      const std::string line = line_of(i, 40 + i % 900);
      while (!ring.push(line)) std::this_thread::yield();
    }
  });
  std::string taken;
  while (taken.size() < pushed.size()) {
    const std::string more = take(ring, ~std::size_t{0});
    if (more.empty()) std::this_thread::yield();
    taken += more;
  }
  producer.join();
  CHECK(taken == pushed);
  CHECK(ring.lines() == kLines);
}

}  // namespace steelyard::telemetry
