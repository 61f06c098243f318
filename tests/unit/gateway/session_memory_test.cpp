#include "gateway/session_memory.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
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
  // Signed conversations: known for longer, their cache is not.
  constexpr std::int64_t bound = SessionMemory::bound_ms;
  CHECK(memory.find(7, now.plus_ms(bound - 1), bound).target == 11);
  CHECK(memory.find(7, now.plus_ms(bound - 1), bound).tokens == 0);
  CHECK(memory.find(7, now.plus_ms(bound), bound).target == 0);
  memory.remember(7, {12, 900}, now.plus_ms(1));
  CHECK(memory.find(7, now).target == 12);
}

TEST_CASE("sessions: a signed conversation is known after a restart, as long as it is bound") {
  const auto folder = std::filesystem::temp_directory_path() / "steelyard-sessions-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string path = folder / "sessions";
  constexpr std::int64_t day = 86'400, begun = 1'700'000'000;
  SessionMemory memory;
  memory.open(path, Tick{5}, begun);  // the first start
  memory.remember(7, {11, 500, 0xABCD, 3}, Tick{}.plus_ms(1'000));
  memory.remember(8, {12, 500, 1, 0}, Tick{}.plus_ms(3'600'000));
  memory.save(Tick{}.plus_ms(3'600'000), begun + 3'600);
  const auto written = std::filesystem::last_write_time(path);
  memory.save(Tick{}.plus_ms(3'600'000), begun + 3'700);
  CHECK(std::filesystem::last_write_time(path) == written);  // nothing new

  SessionMemory again;
  again.open(path, Tick{42}, begun + 3'660);  // another clock of ticks, a minute later
  const SessionMemory::Turn turn = again.find(7, Tick{42}, SessionMemory::bound_ms);
  CHECK(turn.target == 11);
  CHECK(turn.maker == 0xABCD);
  CHECK(turn.foreign_messages == 3);
  CHECK(turn.tokens == 0);
  CHECK(again.find(8, Tick{42}).target == 0);  // its cache may be cold
  CHECK(again.find(8, Tick{42}, SessionMemory::bound_ms).target == 12);
  SessionMemory later;
  later.open(path, Tick{42}, begun + day + 60);
  CHECK(later.find(7, Tick{42}, SessionMemory::bound_ms).target == 0);
  CHECK(later.find(8, Tick{42}, SessionMemory::bound_ms).target == 12);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  SessionMemory damaged;
  damaged.open(path, Tick{42}, begun + 3'660);
  CHECK(damaged.find(8, Tick{42}, SessionMemory::bound_ms).target == 0);
  std::filesystem::remove_all(folder);
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
