#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "gateway/net/buffer.h"
#include "gateway/net/io.h"
#include "gateway/net/task.h"
#include "gateway/net/wheel.h"

using namespace steelyard;
using namespace steelyard::net;

namespace {

constexpr std::int64_t ms = 1'000'000;

struct Fired {
  explicit Fired(std::vector<int>& into, int number) : order(into), id(number) {}
  std::vector<int>& order;
  int id;
  Deadline deadline{[](void* self) {
                      auto& f = *static_cast<Fired*>(self);
                      f.order.push_back(f.id);
                    },
                    this};
};

}  // namespace

TEST_CASE("wheel: fires once, never early, at most one slot late") {
  std::mt19937 random(7);
  Wheel wheel(Tick{0});
  std::vector<int> order;
  std::vector<std::unique_ptr<Fired>> all;
  std::vector<std::int64_t> due;
  for (int i = 0; i < 500; ++i) {
    all.push_back(std::make_unique<Fired>(order, i));
    due.push_back(static_cast<std::int64_t>(random() % 30'000) * ms);  // up to three turns away
    all.back()->deadline.set(wheel, Tick{due.back()});
  }
  std::vector<std::int64_t> fired_at(500, -1);
  for (std::int64_t now = 0; now <= 30'100 * ms; now += 3 * ms) {
    order.clear();
    wheel.advance(Tick{now});
    for (const int id : order) {
      CHECK(fired_at[static_cast<std::size_t>(id)] == -1);
      fired_at[static_cast<std::size_t>(id)] = now;
    }
  }
  for (std::size_t i = 0; i < 500; ++i) {
    CHECK(fired_at[i] >= due[i]);
    CHECK(fired_at[i] <= due[i] + Wheel::resolution_ns + 3 * ms);
  }
  CHECK(wheel.empty());
}

TEST_CASE("wheel: moved later, moved earlier, cleared, destroyed") {
  Wheel wheel(Tick{0});
  std::vector<int> order;
  Fired later(order, 1), earlier(order, 2), cleared(order, 3);
  auto destroyed = std::make_unique<Fired>(order, 4);
  later.deadline.set(wheel, Tick{50 * ms});
  later.deadline.set(wheel, Tick{500 * ms});
  earlier.deadline.set(wheel, Tick{500 * ms});
  earlier.deadline.set(wheel, Tick{50 * ms});
  cleared.deadline.set(wheel, Tick{50 * ms});
  cleared.deadline.clear();
  destroyed->deadline.set(wheel, Tick{50 * ms});
  destroyed.reset();
  wheel.advance(Tick{100 * ms});
  CHECK(order == std::vector<int>{2});
  wheel.advance(Tick{600 * ms});
  CHECK(order == std::vector<int>{2, 1});
}

TEST_CASE("wheel: after hours of silence a deadline still fires in time") {
  Wheel wheel(Tick{0});
  std::vector<int> order;
  Fired one(order, 1);
  const std::int64_t start = 5LL * 3'600'000 * ms;
  one.deadline.set(wheel, Tick{start + 100 * ms});
  wheel.advance(Tick{start + 50 * ms});
  CHECK(order.empty());
  wheel.advance(Tick{start + 120 * ms});
  CHECK(order.size() == 1);
}

TEST_CASE("slots: a result may come before or after somebody waits") {
  IoSlot slot;
  std::string log;
  const auto wait = [](IoSlot& s, std::string& out) -> Detached {
    const IoResult result = co_await s;
    out += std::to_string(result.bytes);
  };
  slot.arm();
  slot.complete({3, IoError::none});
  wait(slot, log);
  CHECK(log == "3");
  slot.arm();
  wait(slot, log);
  CHECK(log == "3");
  slot.complete({4, IoError::none});
  CHECK(log == "34");
}

TEST_CASE("slots: a hook is called only when nobody waits, and the result stays") {
  IoSlot slot;
  int called = 0;
  slot.set_hook([](void* n) { ++*static_cast<int*>(n); }, &called);
  slot.arm();
  slot.complete({0, IoError::closed});
  CHECK(called == 1);
  CHECK(slot.done());
  CHECK(slot.take().error == IoError::closed);
}

namespace {

Task<int> twice(int value) {
  co_return value * 2;
}
Task<int> failing() {
  throw std::runtime_error("broken");
  co_return 0;
}
Task<std::string> both() {
  const int first = co_await twice(4);
  std::string text = std::to_string(first);
  try {
    (void)co_await failing();
  } catch (const std::runtime_error& error) {
    text += error.what();
  }
  co_return text;
}
Detached run(std::string& out) {
  out = co_await both();
}

}  // namespace

TEST_CASE("tasks: values and exceptions reach the awaiter, frames are reused") {
  for (int i = 0; i < 1'000; ++i) {
    std::string out;
    run(out);
    CHECK(out == "8broken");
  }
}

TEST_CASE("buffers: contents survive growth, padding is there") {
  Buffer buffer;
  std::string expected;
  std::mt19937 random(3);
  for (int i = 0; i < 2'000; ++i) {
    const std::string piece(random() % 200 + 1, static_cast<char>('a' + i % 26));
    buffer.reserve(buffer.size() + piece.size());
    CHECK(buffer.free_space().size() >= piece.size());
    std::memcpy(buffer.free_space().data(), piece.data(), piece.size());
    buffer.commit(piece.size());
    expected += piece;
    std::memset(buffer.data() + buffer.capacity(), 0, Buffer::padding);  // sanitizers would object
    if (i % 7 == 0) {
      const std::size_t gone = random() % expected.size();
      buffer.consume(gone);
      expected.erase(0, gone);
    }
    REQUIRE(buffer.view() == expected);
  }
}
