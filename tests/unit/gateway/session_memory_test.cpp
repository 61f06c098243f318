#include "gateway/session_memory.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace steelyard;

TEST_CASE("sessions: found until their cache is cold, and never under another key") {
  SessionMemory memory;
  const Tick now{1'000};
  memory.remember(7, {11, 500}, now);
  CHECK(memory.find(7, now).target == 11);
  CHECK(memory.find(7, now).tokens == 500);
  CHECK(memory.find(8, now).target == 0);
  CHECK(memory.find(7, now.plus_ms(SessionMemory::warm_ms - 1)).target == 11);
  CHECK(memory.find(7, now.plus_ms(SessionMemory::warm_ms)).target == 0);
  // Where it was is known for longer, its cache is not.
  constexpr std::int64_t bound = SessionMemory::bound_ms;
  CHECK(memory.find(7, now.plus_ms(bound - 1), bound).target == 11);
  CHECK(memory.find(7, now.plus_ms(bound - 1), bound).tokens == 0);
  CHECK(memory.find(7, now.plus_ms(bound), bound).target == 0);
  memory.remember(7, {12, 900}, now.plus_ms(1));
  CHECK(memory.find(7, now).target == 12);
}

TEST_CASE("sessions: the newest of one place wins, from any thread") {
  SessionMemory memory;
  constexpr std::uint64_t places = 1u << 14;
  memory.remember(3, {1, 1}, Tick{1});
  memory.remember(3 + places, {2, 2}, Tick{1});
  CHECK(memory.find(3, Tick{1}).target == 0);
  CHECK(memory.find(3 + places, Tick{1}).target == 2);
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&memory, t] {
      for (std::uint64_t key = 1; key < 2'000; ++key) {
        memory.remember(key, {key, static_cast<std::int64_t>(t)}, Tick{1});
        const SessionMemory::Turn turn = memory.find(key, Tick{1});
        CHECK_MESSAGE(turn.target == key, "key ", key);
      }
    });
  for (std::thread& thread : threads) thread.join();
}
