// The money of one request: hold, dispatch, settle, on four accounts.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <array>
#include <filesystem>

#include "tests/bench/micro/fixture.h"

namespace steelyard::bench {
namespace {

// As in a gateway: some dozens of requests are under way.
constexpr std::uint64_t under_way = 64;

void book(benchmark::State& state, store::Books& books, const store::Chain& chain) {
  std::array<store::BookHold, under_way> holds;
  std::uint64_t number = 0;
  for (auto _ : state) {
    store::BookHold& hold = holds[number % under_way];
    if (number >= under_way)
      books.settle(hold, NanoUsd{43'500}, router::UsageSource::provider, bench_time);
    const router::AttemptKey key{{++number, ~number}, 0};
    const store::Reservation made =
        books.reserve(chain, key, NanoUsd{1'317'750}, bench_time, Tick{1});
    hold = made.hold;
    if (books.dispatch(hold).status != store::DispatchStatus::sent)
      return state.SkipWithError("not dispatched");
  }
  state.counters["accounts"] = chain.count;
}

void book_in_memory(benchmark::State& state) {
  Setting setting(1000);
  book(state, *setting.books, setting.chains[500].chain);
}
BENCHMARK(book_in_memory);

// CPU time of this thread: the journal's own thread waits for the disk.
void book_on_disk(benchmark::State& state) {
  std::string folder = (std::filesystem::temp_directory_path() / "steelyard-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no temporary folder");
  {
    const GatewaySpec spec = bench_spec(1);
    const auto books = open_books(folder);
    const auto chains = books->configure(spec.organisations, bench_time);
    if (chains) book(state, *books, chains->front().chain);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}
BENCHMARK(book_on_disk);

void see_headroom(benchmark::State& state) {
  Setting setting(1000);
  std::size_t index = 0;
  for (auto _ : state) {
    index = (index + 389) % 1000;
    const auto room = setting.books->headroom(setting.chains[index].chain, bench_time);
    benchmark::DoNotOptimize(room.remaining);
  }
}
BENCHMARK(see_headroom);

}  // namespace
}  // namespace steelyard::bench
