#include "gateway/state_memory.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

using namespace steelyard;

namespace {

constexpr std::int64_t begun = 1'700'000'000;

Instant after(std::int64_t seconds) {
  return Instant::from_seconds(begun + seconds);
}

}  // namespace

TEST_CASE("signed states: their maker is known for a day, and nobody else's is told") {
  StateMemory memory;
  memory.remember(7, 11, after(0));
  CHECK(memory.maker_of(7, after(0)) == 11);
  CHECK(memory.maker_of(8, after(0)) == 0);
  CHECK(memory.maker_of(7, after(StateMemory::bound_s - 1)) == 11);
  CHECK(memory.maker_of(7, after(StateMemory::bound_s)) == 0);
  memory.remember(7, 12, after(60));
  CHECK(memory.maker_of(7, after(60)) == 12);
}

TEST_CASE("signed states: of those that share a place the oldest goes") {
  StateMemory memory;
  constexpr std::uint64_t places = 1u << 17;  // a multiple of them shares every place
  for (std::uint64_t i = 0; i < 5; ++i)
    memory.remember(3 + i * places, i + 1, after(static_cast<std::int64_t>(i == 2 ? -9 : i)));
  for (std::uint64_t i = 0; i < 5; ++i)
    CHECK(memory.maker_of(3 + i * places, after(9)) == (i == 2 ? 0 : i + 1));
}

TEST_CASE("signed states: known after a restart; a damaged file is told and nothing is known") {
  const auto folder = std::filesystem::temp_directory_path() / "steelyard-states-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string path = folder / "states";
  StateMemory memory;
  memory.open(path, after(0));  // the first start
  memory.remember(7, 11, after(0));
  memory.remember(8, 12, after(3'600));
  memory.save(after(3'600));
  const auto written = std::filesystem::last_write_time(path);
  memory.save(after(3'700));
  CHECK(std::filesystem::last_write_time(path) == written);  // nothing new
  StateMemory again;
  again.open(path, after(3'660));
  CHECK(again.maker_of(7, after(3'660)) == 11);
  CHECK(again.maker_of(8, after(3'660)) == 12);
  StateMemory later;
  later.open(path, after(StateMemory::bound_s + 60));
  CHECK(later.maker_of(7, after(StateMemory::bound_s - 60)) == 0);
  CHECK(later.maker_of(8, after(StateMemory::bound_s + 60)) == 12);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  StateMemory damaged;
  damaged.open(path, after(3'660));
  CHECK(damaged.maker_of(8, after(3'660)) == 0);
  std::filesystem::remove_all(folder);
}

TEST_CASE("signed states: from any thread") {
  StateMemory memory;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 1; t <= 4; ++t)
    threads.emplace_back([&memory, t] {
      for (std::uint64_t state = 1; state < 2'000; ++state) {
        memory.remember(state, t, after(0));
        const std::uint64_t maker = memory.maker_of(state, after(0));
        CHECK_MESSAGE((maker >= 1 && maker <= 4), "state ", state);
      }
    });
  for (std::thread& thread : threads) thread.join();
}
