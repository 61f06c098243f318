// Figures, not checks; run by hand on a release build:
//   steelyard_tests_ledger -ns -tc="bench*"
// STEELYARD_BENCH_REQUESTS sets the number of requests (for callgrind: the difference of two runs).
#include <time.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "books_support.h"

using namespace ledger_test;

namespace {

std::uint64_t requests() {
  const char* text = std::getenv("STEELYARD_BENCH_REQUESTS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 1'000'000;
}

// Four accounts: organisation by month, team by month and by day, key for ever.
std::vector<OrganisationSpec> organisations() {
  std::vector<OrganisationSpec> out;
  for (const char* name : {"acme", "beta", "gamma", "delta"}) {
    out.push_back(acme(INT64_MAX, INT64_MAX, INT64_MAX, 1, name));
    out.back().teams[0].budgets.push_back(budget(INT64_MAX, WindowKind::month));
  }
  return out;
}

class Stopwatch {
 public:
  ~Stopwatch() {
    const std::chrono::duration<double, std::nano> passed = Clock::now() - start_;
    const double count = static_cast<double>(count_);
    std::printf("%-48s %8.1f ns wall, %7.1f ns of this thread's CPU\n", name_,
                passed.count() / count, (cpu_ns() - cpu_start_) / count);
  }
  Stopwatch(const char* name, std::uint64_t count) : name_(name), count_(count) {}

 private:
  using Clock = std::chrono::steady_clock;
  static double cpu_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
  }
  const char* name_;
  std::uint64_t count_;
  Clock::time_point start_ = Clock::now();
  double cpu_start_ = cpu_ns();
};

// As a gateway would see it: some dozens in flight.
void run(OpenBooks& b, std::size_t chain, std::uint64_t from, std::uint64_t count) {
  constexpr std::uint64_t kInFlight = 64;
  std::array<BookHold, kInFlight> ring;
  const Instant now = may(1);
  for (std::uint64_t i = 0; i < count; ++i) {
    BookHold& hold = ring[i % kInFlight];
    if (i >= kInFlight) b.books->settle(hold, {70}, UsageSource::provider, now);
    const Reservation made =
        b.books->reserve(b.chains[chain].chain, key(from + i), {100}, now, Tick{0});
    hold = made.hold;
    if (b.books->dispatch(hold).status != DispatchStatus::sent) b.books->release(hold, now);
  }
}

BooksOptions large() {
  BooksOptions out;
  out.segment_bytes = 64u << 20;
  return out;
}

}  // namespace

TEST_CASE("bench: the ledger alone" * doctest::skip()) {
  Bench b({budget(INT64_MAX), budget(INT64_MAX, WindowKind::month),
           budget(INT64_MAX, WindowKind::day), budget(INT64_MAX, WindowKind::month)});
  const std::uint64_t count = requests();
  const Stopwatch watch("reserve + dispatch + settle, 4 accounts, ledger", count);
  std::array<HoldRef, 64> ring;
  for (std::uint64_t i = 0; i < count; ++i) {
    HoldRef& hold = ring[i % ring.size()];
    if (i >= ring.size()) b.ledger.settle(hold, {70}, UsageSource::provider);
    hold = b.reserve(i, 100).hold;
    b.ledger.dispatch(hold);
  }
}

TEST_CASE("bench: books in memory" * doctest::skip()) {
  OpenBooks b("", organisations(), large());
  const Stopwatch watch("the same, books without a journal", requests());
  run(b, 0, 0, requests());
}

TEST_CASE("bench: books with a journal" * doctest::skip()) {
  TemporaryDirectory directory;
  OpenBooks b(directory.path, organisations(), large());
  const Stopwatch watch("the same, books with a journal (relaxed)", requests());
  run(b, 0, 0, requests());
}

TEST_CASE("bench: two threads" * doctest::skip()) {
  for (const std::size_t second : {std::size_t{0}, std::size_t{1}}) {
    TemporaryDirectory directory;
    OpenBooks b(directory.path, organisations(), large());
    const Stopwatch watch(second == 0 ? "journal, 2 threads, one organisation (wall)"
                                      : "journal, 2 threads, two organisations (wall)",
                          requests());
    std::thread other([&] { run(b, second, 1ull << 40, requests() / 2); });
    run(b, 0, 0, requests() / 2);
    other.join();
  }
}

TEST_CASE("bench: one strict dispatch at a time" * doctest::skip()) {
  TemporaryDirectory directory;
  OpenBooks b(directory.path, organisations(), large(), Durability::strict);
  const std::uint64_t count = requests() / 1'000;
  const Stopwatch watch("strict: reserve + dispatch + wait for the disk", count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Reservation made = b.reserve(i, 100);
    b.books->wait_durable(b.books->dispatch(made.hold).seq);
    b.books->release(made.hold, may(1));
  }
}

TEST_CASE("bench: start after a million requests" * doctest::skip()) {
  TemporaryDirectory directory;
  {
    OpenBooks b(directory.path, organisations(), large());
    run(b, 0, 0, requests());
  }
  const Stopwatch watch("recovery of snapshot and journal", requests());
  const OpenBooks b(directory.path, organisations(), large());
  std::printf("  %llu records replayed\n",
              static_cast<unsigned long long>(b.books->status().recovered_records));
}
