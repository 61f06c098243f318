// 64 threads on one tree of budgets. `./dev test` does a little of it; all of it, as the thread
// sanitizer should see it once in a while:
//   STEELYARD_LEDGER_PAIRS=100000 build/tsan/steelyard_tests_ledger -tc="threads*"
#include <atomic>
#include <thread>

#include "books_support.h"

using namespace ledger_test;

namespace {

constexpr std::uint64_t kThreads = 64;

std::uint64_t pairs() {
  const char* text = std::getenv("STEELYARD_LEDGER_PAIRS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 300;
}

// Of the organisation: some two thirds of what is asked for, so that the edge is crowded.
std::int64_t limit() {
  return static_cast<std::int64_t>(32 * pairs());
}

struct Tally {
  std::atomic<std::uint64_t> held{0}, denied{0}, down{0}, wrong{0};
  std::atomic<std::int64_t> spent[2]{};  // by key
};

// The calls a request makes, in every order that requests make them.
void request(OpenBooks& b, std::size_t chain, std::uint64_t n, Tally& tally) {
  const Reservation made = b.reserve(n, 100, chain);
  if (made.status != Admission::held) {
    if (made.status == Admission::denied &&
        made.denial.posted.v + made.denial.held.v + 100 <= made.denial.limit.v)
      ++tally.wrong;  // refused although there was room
    ++(made.status == Admission::denied ? tally.denied : tally.down);
    if (made.status != Admission::denied) std::this_thread::yield();
    return;
  }
  ++tally.held;
  BookHold hold = made.hold;
  if (n % 5 == 0 || b.books->dispatch(hold).status != DispatchStatus::sent) {
    b.books->release(hold, may(1));
    return;
  }
  if (n % 3 == 0 && !b.books->renew(hold, Tick{1})) ++tally.wrong;
  const std::int64_t actual = static_cast<std::int64_t>(n % 3);
  ChainView after;
  const EndOutcome end =
      b.books->settle(hold, {actual}, UsageSource::provider, may(1), b.chains[chain].chain, after);
  if (end.already || end.posted.v != actual) ++tally.wrong;
  if (after.accounts[0].posted.v + after.accounts[0].held.v > limit()) ++tally.wrong;
  if (!b.books->settle(hold, {7}, UsageSource::provider, may(1)).already) ++tally.wrong;
  tally.spent[chain] += actual;
}

// What others do to the books meanwhile: look, reload, take thresholds, expire, wait for the disk.
void bystander(OpenBooks& b, const std::vector<OrganisationSpec>& spec,
               const std::atomic<bool>& over, Tally& tally) {
  std::vector<CrossingReport> said;
  for (int turn = 0; !over; ++turn) {
    for (const AccountView& view : b.books->all_views(may(1)))
      if (view.hard && view.posted.v + view.held.v > view.limit.v) ++tally.wrong;
    (void)b.books->headroom(b.chains[0].chain, may(1));
    (void)b.books->tier_cap(b.chains[1].chain, may(1));
    (void)b.books->take_crossings(said, may(1));
    (void)b.books->expire(Tick{2}, may(1));
    if (turn % 16 == 0) (void)b.books->configure(spec, may(1));  // refused while the disk is behind
    if (turn % 16 == 8) (void)b.books->flush();
    (void)b.books->status();
    if (!b.books->check_invariants().empty()) ++tally.wrong;
  }
}

}  // namespace

TEST_CASE("threads: 64 on three levels, never above the limit, never refused with room") {
  TemporaryDirectory directory;
  std::vector<OrganisationSpec> spec = {acme(limit(), INT64_MAX, INT64_MAX, 2)};
  spec[0].teams[0].budgets[0].thresholds = {at(1, ThresholdAction::warn),
                                            at(2, ThresholdAction::max_tier, "economy")};
  spec[0].teams[0].budgets[0].limit = {limit()};
  Tally tally;
  {
    OpenBooks b(directory.path, spec);
    std::atomic<bool> over{false};
    std::thread other([&] { bystander(b, spec, over, tally); });
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < pairs(); ++i) request(b, t % 2, t << 32 | i, tally);
      });
    for (std::thread& thread : threads) thread.join();
    over = true;
    other.join();
    CHECK(tally.held + tally.denied + tally.down == kThreads * pairs());
    CHECK(tally.held > 300);
    CHECK(b.books->open_holds() == 0);
    CHECK(b.books->check_invariants() == "");
    for (const std::size_t chain : {0u, 1u}) {
      CHECK(b.posted(2, chain) == tally.spent[chain]);
      CHECK(b.held(2, chain) == 0);
    }
    CHECK(b.posted(0) == tally.spent[0] + tally.spent[1]);
  }
  CHECK(tally.wrong == 0);
  OpenBooks again(directory.path, spec);
  CHECK(again.books->status().recovered_holds == 0);
  for (const std::size_t chain : {0u, 1u}) CHECK(again.posted(2, chain) == tally.spent[chain]);
}
