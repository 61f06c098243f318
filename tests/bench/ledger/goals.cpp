// The books' goals as one table: what was measured, what it should be. Ends with `N met, N missed`;
// the exit status is 0 if none was missed. `steelyard_bench_ledger [DIRECTORY]`: where journals are
// written (a temporary folder).
//   steelyard_bench_ledger --strict [DIRECTORY] runs what strict durability adds only.
//   steelyard_bench_ledger --pairs COUNT runs reserve and settle only, for callgrind: the
//   difference of two counts.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "config/spec/gateway_spec.h"
#include "gateway/store/books.h"
#include "router/ledger/ledger.h"
#include "router/ledger/zone.h"
#include "strict.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
std::atomic<std::int64_t> allocated_bytes{0};
constexpr std::size_t head_bytes = 16;
}  // namespace

// Every allocation is counted, and remembers its size.
void* operator new(std::size_t bytes) {
  void* const block = std::malloc(bytes + head_bytes);
  if (block == nullptr) throw std::bad_alloc();
  std::memcpy(block, &bytes, sizeof bytes);
  ++allocations;
  allocated_bytes += static_cast<std::int64_t>(bytes);
  return static_cast<char*>(block) + head_bytes;
}
void operator delete(void* at) noexcept {
  if (at == nullptr) return;
  char* const block = static_cast<char*>(at) - head_bytes;
  std::size_t bytes = 0;
  std::memcpy(&bytes, block, sizeof bytes);
  allocated_bytes -= static_cast<std::int64_t>(bytes);
  std::free(block);
}
void operator delete(void* at, std::size_t) noexcept {
  operator delete(at);
}

namespace {

using namespace steelyard;
using Clock = std::chrono::steady_clock;

int met = 0, missed = 0;

void row(const char* what, double measured, const char* unit, double goal, bool at_least) {
  const bool good = at_least ? measured >= goal : measured <= goal;
  ++(good ? met : missed);
  std::printf("%-62s %12.2f %-10s %s %12.2f  %s\n", what, measured, unit,
              at_least ? ">=" : "<=", goal, good ? "met" : "MISSED");
  std::fflush(stdout);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A figure of speed for work that was not done is none.
void expect(std::int64_t found, std::int64_t wanted) {
  if (found == wanted) return;
  std::printf("posted is %lld, not %lld\n", static_cast<long long>(found),
              static_cast<long long>(wanted));
  std::exit(2);
}

BudgetSpec budget(std::int64_t limit, WindowKind per, std::uint8_t starts = 1) {
  BudgetSpec out;
  out.limit = {limit};
  out.per = per;
  out.starts = starts;
  return out;
}

OrganisationSpec organisation(const std::string& name, std::int64_t limit, int levels = 3) {
  OrganisationSpec out;
  out.name = name;
  if (levels >= 2) out.budgets = {budget(limit, WindowKind::month)};
  out.teams.emplace_back();
  out.teams[0].name = "team";
  if (levels >= 3) out.teams[0].budgets = {budget(limit, WindowKind::day)};
  out.teams[0].keys.emplace_back();
  out.teams[0].keys[0].id = "key";
  out.teams[0].keys[0].budgets = {budget(limit, WindowKind::lifetime)};
  return out;
}

const Instant noon = Instant::from_seconds(1'790'000'000);

router::AttemptKey key(std::uint64_t n) {
  return {{n, ~n}, 0};
}

std::unique_ptr<store::Books> open_books(const std::string& directory,
                                         std::size_t segment_bytes = 64u << 20) {
  LedgerSpec spec;
  spec.directory = directory;
  store::BooksOptions options;
  options.segment_bytes = segment_bytes;
  options.snapshot_bytes = 1u << 30;
  auto books = store::Books::open(spec, noon, options);
  if (!books) {
    std::fprintf(stderr, "%s\n", books.error().context.c_str());
    std::exit(2);
  }
  return std::move(*books);
}

store::Chain chain_of(store::Books& books, const std::vector<OrganisationSpec>& specs,
                      std::size_t at = 0) {
  auto chains = books.configure(specs, noon);
  if (!chains) {
    std::fprintf(stderr, "%s\n", chains.error().context.c_str());
    std::exit(2);
  }
  return (*chains)[at].chain;
}

// Four levels with five windows each: twenty scopes in one request.
struct TwentyScopes {
  TwentyScopes() {
    std::vector<router::AccountSpec> specs;
    for (const char* level : {"a", "a/b", "a/b/project:c", "a/b/d"})
      for (const WindowKind per : {WindowKind::hour, WindowKind::day, WindowKind::week,
                                   WindowKind::month, WindowKind::lifetime})
        specs.push_back({level, budget(INT64_MAX, per)});
    ids = *ledger.configure(specs, zones);
  }
  void pair(std::uint64_t n) {
    const router::ReserveOutcome made = ledger.reserve({key(n), ids, {100}, noon, {INT64_MAX}});
    ledger.settle(made.hold, {70}, router::UsageSource::provider);
  }
  router::ZoneTable zones;
  router::Ledger ledger;
  std::vector<router::AccountId> ids;
};

void one_thread() {
  TwentyScopes b;
  for (std::uint64_t n = 0; n < 20'000; ++n) b.pair(n);
  std::vector<float> ns(200'000);
  const std::uint64_t before = allocations;
  for (std::size_t i = 0; i < ns.size(); ++i) {
    const Clock::time_point start = Clock::now();
    b.pair(1'000'000 + i);
    ns[i] = std::chrono::duration<float, std::nano>(Clock::now() - start).count();
  }
  const std::uint64_t made = allocations - before;
  expect(b.ledger.view(b.ids[19], noon).posted.v, 70 * (20'000 + 200'000));
  std::nth_element(ns.begin(), ns.begin() + static_cast<std::ptrdiff_t>(ns.size() / 2), ns.end());
  row("reserve + settle, 4 levels, 20 scopes, one thread, p50", ns[ns.size() / 2] / 1e3, "us", 1,
      false);
  row("  its allocations", static_cast<double>(made), "", 0, false);
}

void two_threads(bool same) {
  auto books = open_books("");
  const std::vector<OrganisationSpec> specs{organisation("one", INT64_MAX),
                                            organisation("two", INT64_MAX)};
  const store::Chain chains[2] = {chain_of(*books, specs, 0),
                                  chain_of(*books, specs, same ? 0 : 1)};
  constexpr std::uint64_t pairs = 1'000'000;
  const auto run = [&](std::size_t t) {
    for (std::uint64_t i = 0; i < pairs; ++i) {
      const store::Reservation made =
          books->reserve(chains[t], key(t << 40 | i), {100}, noon, Tick{0});
      books->settle(made.hold, {70}, router::UsageSource::provider, noon);
    }
  };
  const Clock::time_point start = Clock::now();
  std::thread other(run, 1);
  run(0);
  other.join();
  const double rate = 2 * pairs / seconds_since(start) / 1e6;
  expect(books->view(chains[0], noon).accounts[2].posted.v,
         (same ? 2 : 1) * 70 * std::int64_t{pairs});
  row(same ? "two threads on one organisation, pairs" : "two threads on two organisations, pairs",
      rate, "M/s", same ? 1.0 : 1.8, true);
}

void journal(const std::string& directory) {
  auto books = open_books(directory + "/journal");
  const store::Chain chain = chain_of(*books, {organisation("one", INT64_MAX)});
  constexpr std::uint64_t requests = 500'000;
  const Clock::time_point start = Clock::now();
  for (std::uint64_t i = 0; i < requests; ++i) {
    const store::Reservation made = books->reserve(chain, key(i), {100}, noon, Tick{0});
    if (books->dispatch(made.hold).status != store::DispatchStatus::sent) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      --i;
      books->release(made.hold, noon);
      continue;
    }
    books->settle(made.hold, {70}, router::UsageSource::provider, noon);
  }
  const Result<void> flushed = books->flush();
  const double rate = 2 * requests / seconds_since(start);
  if (!flushed) std::printf("%s\n", flushed.error().context.c_str());
  row("journal with group commit, synced at the end, records", rate / 1e3, "k/s", 100, true);
  books.reset();
  const Clock::time_point again = Clock::now();
  books = open_books(directory + "/journal");
  const store::Chain same = chain_of(*books, {organisation("one", INT64_MAX)});
  const double seconds = seconds_since(again);
  expect(books->view(same, noon).accounts[2].posted.v, 70 * std::int64_t{requests});
  const double records = static_cast<double>(books->status().recovered_records);
  if (records < 1e6) std::printf("only %.0f records were replayed\n", records);
  row("recovery of 1,000,000 records", seconds * 1e6 / std::max(records, 1.0), "s", 2, false);
}

void memory() {
  {
    TwentyScopes b;
    const std::int64_t before = allocated_bytes;
    constexpr std::uint64_t holds = 150'000;  // just beyond a power of two: the tables have grown
    for (std::uint64_t n = 0; n < holds; ++n)
      (void)b.ledger.reserve({key(n), b.ids, {100}, noon, {INT64_MAX}});
    row("memory of a live hold on 20 scopes", static_cast<double>(allocated_bytes - before) / holds,
        "bytes", 400, false);
  }
  for (const WindowKind per : {WindowKind::day, WindowKind::rolling}) {
    auto books = open_books("");
    OrganisationSpec spec = organisation("one", INT64_MAX);
    BudgetSpec each = budget(INT64_MAX, per);
    each.of = BudgetOf::each_user;
    each.names_max = 100'000;
    each.rolling_s = per == WindowKind::rolling ? 86'400 : 0;
    spec.budgets.push_back(each);
    auto chains = *books->configure(std::vector<OrganisationSpec>{spec}, noon);
    const std::int64_t before = allocated_bytes;
    constexpr std::uint64_t users = 20'000;
    for (int hour = 0; hour < 26; ++hour) {
      for (std::uint64_t n = 0; n < users; ++n) {
        const std::string user = "user" + std::to_string(n) + "@example.org";
        store::Chain chain = chains[0].chain;
        const Instant now{noon.ns + hour * 3'600 * Instant::kPerSecond};
        (void)books->extend(chain, chains[0].conditions, {user, "m", ""}, now);
        const store::Reservation made = books->reserve(
            chain, key(static_cast<std::uint64_t>(hour) * users + n), {10}, now, Tick{0});
        books->settle(made.hold, {10}, router::UsageSource::provider, now);
      }
    }
    row(per == WindowKind::day ? "memory of a scope and its window (by day)"
                               : "memory of a scope and its window (rolling, every bucket used)",
        static_cast<double>(allocated_bytes - before) / users, "bytes", 1'024, false);
  }
}

// 1,000 requests of $0.10 against $5.00, from sixteen threads: fifty are held, whatever happens.
void exactly_fifty() {
  constexpr int repeats = 100;
  int exact = 0;
  for (int levels = 1; levels <= 3; ++levels) {
    for (int repeat = 0; repeat < repeats; ++repeat) {
      auto books = open_books("");
      const store::Chain chain = chain_of(*books, {organisation("one", 5'000'000'000, levels)});
      std::atomic<int> held{0};
      std::vector<std::thread> threads;
      for (std::uint64_t t = 0; t < 16; ++t)
        threads.emplace_back([&, t] {
          for (std::uint64_t i = t; i < 1'000; i += 16)
            held += books->reserve(chain, key(i), {100'000'000}, noon, Tick{0}).status ==
                    store::Admission::held;
        });
      for (std::thread& thread : threads) thread.join();
      exact += held == 50;
    }
  }
  row("1,000 x $0.10 on $5.00, 1 to 3 levels, 100 times each: exactly 50", exact, "of 300", 300,
      true);
}

void strict(const std::string& directory) {
  const bench::StrictFigures found = bench::measure_strict(directory, 5'000);
  if (!found.error.empty()) {
    std::fprintf(stderr, "%s\n", found.error.c_str());
    std::exit(2);
  }
  std::printf("%-62s %12.1f us p50 %10.1f us p99\n", "the disk: 256 bytes and fdatasync",
              found.disk_p50, found.disk_p99);
  std::printf("%-62s %12.1f us p50 %10.1f us p99\n", "hold and dispatch, relaxed",
              found.relaxed_p50, found.relaxed_p99);
  std::printf("%-62s %12.1f us p50 %10.1f us p99\n", "hold and dispatch, strict", found.strict_p50,
              found.strict_p99);
  row("relaxed adds, p50", found.relaxed_p50, "us", 3, false);
  row("strict adds to relaxed, p99 (no less than the disk's own)",
      (found.strict_p99 - found.relaxed_p99) / 1e3, "ms", 1, false);
  row("strict adds to the disk's own, p50", found.strict_p50 - found.disk_p50, "us", 100, false);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--pairs") == 0) {
    TwentyScopes b;
    const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
    for (std::uint64_t n = 0; n < count; ++n) b.pair(n);
    return 0;
  }
  const bool only_strict = argc > 1 && std::strcmp(argv[1], "--strict") == 0;
  const int place = only_strict ? 2 : 1;
  std::string directory =
      argc > place ? argv[place] : std::filesystem::temp_directory_path().string();
  directory += "/steelyard-bench-ledger";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  if (!only_strict) {
    one_thread();
    two_threads(true);
    two_threads(false);
    journal(directory);
    memory();
    exactly_fifty();
  }
  strict(directory);
  std::filesystem::remove_all(directory);
  std::printf("%d met, %d missed\n", met, missed);
  return missed == 0 ? 0 : 1;
}
