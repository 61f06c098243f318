// Killed processes and failing disks. STEELYARD_KILLS: how many processes are killed (40).
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>

#include "books_support.h"

using namespace ledger_test;

namespace {

std::int64_t amount_of(std::uint64_t n) {
  return 100 + static_cast<std::int64_t>(n % 50);
}
std::int64_t actual_of(std::uint64_t n) {
  return static_cast<std::int64_t>(n * 7 % 90);
}

struct Report {  // one per finished call, from the child
  std::uint64_t n;
  std::uint64_t settled;
};

std::vector<OrganisationSpec> rich() {
  return {acme(INT64_MAX, INT64_MAX, INT64_MAX), acme(INT64_MAX, INT64_MAX, INT64_MAX, 1, "beta")};
}

// Sends and settles until it is killed; says each call after it returned. Every fifth stays in
// flight.
[[noreturn]] void run_child(const std::string& directory, std::uint64_t from, int pipe) {
  LedgerSpec spec;
  spec.directory = directory;
  auto books = Books::open(spec, may(1), small());
  if (!books) _exit(1);
  auto chains = (*books)->configure(rich(), may(1));
  if (!chains) {
    std::fprintf(stderr, "configure: %s\n", chains.error().context.c_str());
    _exit(2);
  }
  for (std::uint64_t n = from;; ++n) {
    const Chain& chain = (*chains)[n % 2].chain;
    const Reservation made = (*books)->reserve(chain, key(n), {amount_of(n)}, may(1), Tick{0});
    if (made.status == Admission::ledger_down) {
      --n;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      continue;
    }
    if (made.status != Admission::held) _exit(3);
    if ((*books)->dispatch(made.hold).status != DispatchStatus::sent) {
      (*books)->release(made.hold, may(1));
      continue;
    }
    Report report{n, 0};
    if (::write(pipe, &report, sizeof report) != sizeof report) _exit(4);
    if (n % 5 == 0) continue;
    (*books)->settle(made.hold, {actual_of(n)}, UsageSource::provider, may(1));
    report.settled = 1;
    if (::write(pipe, &report, sizeof report) != sizeof report) _exit(5);
  }
}

struct Told {
  std::int64_t at_least = 0, at_most = 0;
};

// What the child's reports allow: the call it was in when it died may have happened or not.
Told sum_reports(int pipe) {
  Told told;
  Report report, last{UINT64_MAX, 0};
  while (::read(pipe, &report, sizeof report) == sizeof report) {
    last = report;
    const std::int64_t change =
        report.settled != 0 ? actual_of(report.n) - amount_of(report.n) : amount_of(report.n);
    told.at_least += change;
  }
  told.at_most = told.at_least;
  if (last.n == UINT64_MAX) return told;
  const bool may_settle = last.settled == 0 && last.n % 5 != 0;
  if (may_settle) told.at_least += actual_of(last.n) - amount_of(last.n);
  told.at_most += 150;  // one dispatch more
  return told;
}

}  // namespace

TEST_CASE("crash: killed at any moment, every call that returned is in the books") {
  TemporaryDirectory directory;
  std::mt19937 chance(20'260);
  std::int64_t known = 0;
  std::uint64_t dispatched = 0;
  const char* const kills = std::getenv("STEELYARD_KILLS");
  const std::uint64_t rounds = kills != nullptr ? std::strtoull(kills, nullptr, 10) : 40;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(ends[0]);
      run_child(directory.path, round << 32, ends[1]);
    }
    ::close(ends[1]);
    std::thread killer([&, delay = 2'000 + chance() % 20'000] {
      std::this_thread::sleep_for(std::chrono::microseconds(delay));
      ::kill(child, SIGKILL);
    });
    const Told told_by_child = sum_reports(ends[0]);
    killer.join();
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE_MESSAGE(WIFSIGNALED(status), "exit status " << WEXITSTATUS(status));

    const auto books = read_books(directory.path);
    REQUIRE_MESSAGE(books.has_value(), books.error().context);
    std::int64_t posted = 0;
    for (const Balances::Account& account : books->balances.accounts())
      if (account.per == WindowKind::month)
        for (const Balances::Window& w : account.windows)
          posted += w.balance.posted.v + w.balance.held.v;
    CAPTURE(round);
    CHECK(posted - known >= told_by_child.at_least);
    CHECK(posted - known <= told_by_child.at_most);
    known = posted;
    dispatched = std::max(dispatched, books->last_seq);
  }
  CHECK(dispatched > 300);  // the children did get somewhere
  OpenBooks b(directory.path, rich());
  CHECK(b.posted(0, 0) + b.posted(0, 1) == known);
  CHECK(b.held(0, 0) + b.held(0, 1) == 0);
}

namespace {

// Fails what it is told to fail.
struct BadDisk : FileOps {
  std::atomic<int> allocate_error{0}, sync_error{0};
  std::atomic<int> calls{0}, fail_call{-1}, refused{0};
  int next(int error) { return calls++ == fail_call ? EIO : error; }

  int create(const std::string& path, int& fd) override {
    if (const int error = next(0)) return error;
    return FileOps::create(path, fd);
  }
  int allocate(int fd, std::size_t bytes) override {
    if (const int error = next(allocate_error)) {
      ++refused;
      return error;
    }
    return FileOps::allocate(fd, bytes);  // writes zeroes: more calls that may fail
  }
  int write_all(int fd, std::string_view bytes) override {
    if (const int error = next(0)) return error;
    return FileOps::write_all(fd, bytes);
  }
  int sync_data(int fd) override {
    if (const int error = next(sync_error)) return error;
    return FileOps::sync_data(fd);
  }
  int sync_directory(const std::string& path) override {
    if (const int error = next(0)) return error;
    return FileOps::sync_directory(path);
  }
  int truncate(int fd, std::size_t bytes) override {
    if (const int error = next(0)) return error;
    return FileOps::truncate(fd, bytes);
  }
  int rename(const std::string& from, const std::string& to) override {
    if (const int error = next(0)) return error;
    return FileOps::rename(from, to);
  }
  int remove(const std::string& path) override {
    if (const int error = next(0)) return error;
    return FileOps::remove(path);
  }
};

}  // namespace

TEST_CASE("disk full: nothing new is sent, what is in flight is kept and written later") {
  TemporaryDirectory directory;
  BadDisk disk;
  std::int64_t expected = 0;
  {
    OpenBooks b(directory.path, {acme(INT64_MAX, INT64_MAX, INT64_MAX)}, small(&disk));
    std::vector<std::pair<BookHold, std::int64_t>> in_flight;
    for (std::uint64_t n = 1; n <= 300; ++n) in_flight.emplace_back(b.send(n, 100), 60);
    disk.allocate_error = ENOSPC;
    std::uint64_t n = 1'000;
    Admission status = Admission::held;
    for (; n < 100'000 && status == Admission::held; ++n) {
      const Reservation made = b.reserve(n, 10);
      // A segment that was being made when the disk filled still comes: only a refusal is final.
      if (made.status == Admission::ledger_down && disk.refused == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      status = made.status;
      if (status != Admission::held) break;
      if (b.books->dispatch(made.hold).status == DispatchStatus::sent)
        in_flight.emplace_back(made.hold, 4);
      else
        b.books->release(made.hold, may(1));
    }
    REQUIRE(status == Admission::ledger_down);
    CHECK_FALSE(b.books->healthy());
    CHECK_FALSE(b.books->configure(std::vector<OrganisationSpec>{}, may(1)).has_value());
    for (const auto& [hold, actual] : in_flight) {
      CHECK_FALSE(b.books->settle(hold, {actual}, UsageSource::provider, may(1)).already);
      expected += actual;
    }
    CHECK(b.books->status().kept_records >= in_flight.size());
    CHECK(b.posted(0) == expected);
    CHECK(b.reserve(n, 10).status == Admission::ledger_down);

    disk.allocate_error = 0;
    for (int i = 0; i < 5'000 && !b.books->healthy(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    REQUIRE(b.books->healthy());
    CHECK(b.books->status().kept_records == 0);
    CHECK(b.books->status().error == "");
    b.spend(n, 10);
    expected += 10;
    CHECK(b.books->flush().has_value());
  }
  OpenBooks again(directory.path, {acme(INT64_MAX, INT64_MAX, INT64_MAX)});
  CHECK(again.books->status().recovered_holds == 0);
  CHECK(again.posted(0) == expected);
}

TEST_CASE("disk failed: a sync that failed is final, nothing new is sent, settles go on") {
  TemporaryDirectory directory;
  BadDisk disk;
  {
    OpenBooks b(directory.path, {acme(1'000, 1'000, 1'000)}, small(&disk), Durability::strict);
    const BookHold in_flight = b.send(1, 100);
    REQUIRE(b.books->flush().has_value());
    disk.sync_error = EIO;
    const Reservation made = b.reserve(2, 50);
    const Dispatched sent = b.books->dispatch(made.hold);
    REQUIRE(sent.status == DispatchStatus::sent);
    CHECK_FALSE(b.books->wait_durable(sent.seq));  // strict: it is not sent to the provider
    CHECK(b.books->when_durable(
        sent.seq, [](void*) { FAIL("nobody waits"); }, nullptr));
    CHECK_FALSE(b.books->durable(sent.seq));
    b.books->release(made.hold, may(1));
    CHECK(b.reserve(3, 1).status == Admission::ledger_down);
    disk.sync_error = 0;
    CHECK_FALSE(b.books->settle(in_flight, {40}, UsageSource::provider, may(1)).already);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    CHECK_FALSE(b.books->healthy());
    CHECK_FALSE(b.books->flush().has_value());
    CHECK(b.books->status().error.find("sync failed") != std::string::npos);
  }
  OpenBooks again(directory.path, {acme(1'000, 1'000, 1'000)});
  CHECK(again.posted(0) == 40);
}

TEST_CASE("disk errors: whichever call fails, the books come back with all that was sent") {
  int opened = 0, refused = 0;
  for (int failing = 0; failing < 90; ++failing) {
    CAPTURE(failing);
    TemporaryDirectory directory;
    BadDisk disk;
    disk.fail_call = failing;
    std::int64_t live = 0, sent = 0;
    BooksOptions options = small(&disk);
    options.snapshot_bytes = 60u << 10;
    LedgerSpec spec;
    spec.directory = directory.path;
    auto books = Books::open(spec, may(1), options);
    if (!books) {
      ++refused;
    } else {
      ++opened;
      const std::vector<OrganisationSpec> organisations = {acme(INT64_MAX, INT64_MAX, INT64_MAX)};
      const auto chains = (*books)->configure(organisations, may(1));
      for (std::uint64_t n = 0; chains && n < 1'200; ++n) {
        const Chain& chain = (*chains)[0].chain;
        const Reservation made = (*books)->reserve(chain, key(n), {100}, may(1), Tick{0});
        if (made.status != Admission::held) continue;
        if ((*books)->dispatch(made.hold).status != DispatchStatus::sent) {
          (*books)->release(made.hold, may(1));
          continue;
        }
        sent += 100;
        (*books)->settle(made.hold, {70}, UsageSource::provider, may(1));
        live += 70;
        if (n % 300 == 299) std::this_thread::sleep_for(std::chrono::milliseconds(4));
      }
      if (chains) REQUIRE((*books)->view((*chains)[0].chain, may(1)).accounts[0].posted.v == live);
      CHECK((*books)->check_invariants() == "");
      books->reset();
    }
    OpenBooks again(directory.path, {acme(INT64_MAX, INT64_MAX, INT64_MAX)});
    CHECK(again.posted(0) >= live);  // never refunded
    CHECK(again.posted(0) <= sent);
  }
  CHECK(opened > 30);
  CHECK(refused > 3);
}

TEST_CASE("disk quota: a segment that cannot be allocated refuses the start") {
  TemporaryDirectory directory;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit quota{48u << 10, 48u << 10};
    ::setrlimit(RLIMIT_FSIZE, &quota);
    LedgerSpec spec;
    spec.directory = directory.path;
    const auto books = Books::open(spec, may(1), small());
    ::_exit(books ? 1 : books.error().context.find("cannot allocate") == std::string::npos ? 2 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  OpenBooks b(directory.path, {acme(1, 1, 1)});  // and leaves nothing in the way
}
