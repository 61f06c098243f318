#include <random>
#include <thread>

#include "books_support.h"
#include "gateway/store/directory.h"

using namespace ledger_test;

namespace {

void wait_healthy(Books& books) {
  for (int i = 0; i < 5'000 && !books.healthy(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  REQUIRE(books.healthy());
}

// Like OpenBooks::spend, but waits for segments as a client that tries again would.
void spend_patiently(OpenBooks& b, std::uint64_t n, std::int64_t amount) {
  while (true) {
    wait_healthy(*b.books);
    const Reservation made = b.reserve(n, amount);
    if (made.status == Admission::ledger_down) continue;
    REQUIRE(made.status == Admission::held);
    if (b.books->dispatch(made.hold).status == DispatchStatus::sent) {
      b.books->settle(made.hold, {amount}, UsageSource::provider, may(1));
      return;
    }
    b.books->release(made.hold, may(1));
    n += 1u << 30;
  }
}

// The journal's figures for each account of the live books.
void compare(const Books& books, const Balances& told, Instant now) {
  for (const AccountView& view : books.all_views(now)) {
    WindowBalance in_journal;
    for (const Balances::Account& account : told.accounts())
      if (account.scope == view.scope && account.per == view.per && !account.windows.empty())
        in_journal = account.windows.back().balance;
    const bool current = in_journal.start == view.window_start && in_journal.end.ns != 0;
    CAPTURE(view.scope);
    CHECK((current ? in_journal.posted.v : 0) == view.posted.v);
    CHECK((current ? in_journal.held.v : 0) == view.held.v);
    CHECK((current ? in_journal.overrun.v : 0) == view.overrun.v);
  }
}

}  // namespace

TEST_CASE("recovery: in flight is posted in full, not sent is forgotten, settled is exact") {
  TemporaryDirectory live, crashed;
  {
    OpenBooks b(live.path, {acme(1'000, 1'000, 1'000)});
    b.spend(1, 30);
    const BookHold cheaper = b.send(2, 50);
    b.books->settle(cheaper, {20}, UsageSource::provider, may(1));
    const BookHold dearer = b.send(3, 5);
    b.books->settle(dearer, {9}, UsageSource::estimated, may(1));
    b.books->release(b.send(4, 100), may(1));
    b.send(5, 70);     // in flight
    b.reserve(6, 80);  // not sent
    // A copy taken now is what a killed process leaves behind.
    std::filesystem::copy(live.path, crashed.path, std::filesystem::copy_options::recursive);
  }
  for (int start = 0; start < 3; ++start) {  // recovering again changes nothing
    OpenBooks b(crashed.path, {acme(1'000, 1'000, 1'000)});
    CHECK(b.books->status().recovered_holds == (start == 0 ? 1 : 0));
    for (std::size_t level = 0; level < 3; ++level) {
      CHECK(b.posted(level) == 30 + 20 + 9 + 70);
      CHECK(b.held(level) == 0);
      CHECK(b.books->view(b.chains[0].chain, may(1)).accounts[level].overrun.v == 4);
    }
    CHECK(b.books->check_invariants() == "");
  }
}

TEST_CASE("recovery: the journal tells what the books know, over windows and restarts") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    std::minstd_rand chance(seed);
    TemporaryDirectory directory;
    std::uint64_t n = 0;
    int day = 1;
    BooksOptions quiet = small();
    quiet.sync_interval_ms = 600'000;  // nobody writes while this test reads
    for (int life = 0; life < 3; ++life) {
      OpenBooks b(directory.path, {acme(100'000, 40'000, 90'000, 2), acme(9, 9, 9, 1, "poor")},
                  quiet);
      std::vector<BookHold> open;
      for (int step = 0; step < 150; ++step) {
        const Instant now = may(day);
        const auto what = chance() / 7 % 10;
        if (what < 5) {
          const Reservation made = b.reserve(++n, chance() % 900, chance() % 3, now);
          if (made.status == Admission::held && what < 4) b.books->dispatch(made.hold);
          if (made.status == Admission::held) open.push_back(made.hold);
        } else if (what < 9 && !open.empty()) {
          const std::size_t at = chance() % open.size();
          if (what == 8)
            b.books->release(open[at], now);
          else
            b.books->settle(open[at], {static_cast<std::int64_t>(chance() % 1'000)}, {}, now);
          if (chance() % 2 == 0) open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
        } else if (day < 30 && what == 9) {
          ++day;
        }
      }
      // Holds that were never sent are not the journal's business.
      for (const BookHold& hold : open)
        if (b.books->dispatch(hold).status == DispatchStatus::sent && chance() % 2 == 0)
          b.books->release(hold, may(day));
      const auto journal = told(directory.path);
      REQUIRE_MESSAGE(journal.has_value(), journal.error().context);
      compare(*b.books, journal->balances, may(day));
      CHECK(b.books->check_invariants() == "");
    }
  }
}

TEST_CASE("recovery: snapshots replace old segments, and a damaged one costs nothing") {
  TemporaryDirectory directory;
  DirectoryListing listing;
  std::int64_t spent = 0;
  {
    OpenBooks b(directory.path, {acme(INT64_MAX, INT64_MAX, INT64_MAX)});
    for (std::uint64_t n = 1; n <= 300'000 && listing.snapshots.size() < 2; ++n) {
      spend_patiently(b, n, 3);
      spent += 3;
      if (n % 1'000 == 0) listing = *list_directory(directory.path);
    }
    REQUIRE(b.posted(0) == spent);
  }
  listing = *list_directory(directory.path);
  REQUIRE(listing.snapshots.size() == 2);
  CHECK(listing.segments.front() > 1);
  { CHECK(OpenBooks(directory.path, {acme(INT64_MAX, INT64_MAX, INT64_MAX)}).posted(0) == spent); }

  const auto damage = [&](std::uint32_t index) {
    const std::string path = snapshot_path(directory.path, index);
    std::string bytes = read_file(path);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    write_file(path, bytes);
  };
  damage(listing.snapshots[1]);
  { CHECK(OpenBooks(directory.path, {acme(INT64_MAX, INT64_MAX, INT64_MAX)}).posted(0) == spent); }
  damage(listing.snapshots[0]);
  LedgerSpec spec;
  spec.directory = directory.path;
  const auto refused = Books::open(spec, may(1), small());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().context.find("snapshot") != std::string::npos);
}

TEST_CASE("recovery: a torn tail is cut, and the next process goes on behind it") {
  TemporaryDirectory directory;
  {
    OpenBooks b(directory.path, {acme(1'000, 1'000, 1'000)});
    b.spend(1, 30);
  }
  const std::string path = segment_path(directory.path, 1);
  const std::string whole = read_file(path);
  for (const std::string& tail :
       {std::string("garbage"), std::string(900, '\x7F'), std::string("\x30\0\0\0abcdefgh", 12)}) {
    const DirectoryListing listing = *list_directory(directory.path);
    for (const std::uint32_t extra : listing.segments)
      if (extra > 1) std::filesystem::remove(segment_path(directory.path, extra));
    write_file(path, whole + tail);
    {
      OpenBooks b(directory.path, {acme(1'000, 1'000, 1'000)});
      CHECK(b.books->status().cut_bytes > 0);
      CHECK(b.posted(0) == 30);
      b.spend(2, 12);
    }
    OpenBooks b(directory.path, {acme(1'000, 1'000, 1'000)});
    CHECK(b.books->status().cut_bytes == 0);
    CHECK(b.posted(0) == 42);
  }
}

TEST_CASE("recovery: damage before valid records refuses to start and says where") {
  TemporaryDirectory directory;
  {
    OpenBooks b(directory.path, {acme(1'000, 1'000, 1'000)});
    for (std::uint64_t n = 1; n <= 10; ++n) b.spend(n, 3);
  }
  const std::string path = segment_path(directory.path, 1);
  std::string bytes = read_file(path);
  bytes[500] = static_cast<char>(bytes[500] ^ 4);
  write_file(path, bytes);
  LedgerSpec spec;
  spec.directory = directory.path;
  const auto refused = Books::open(spec, may(1), small());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::storage);
  CHECK(refused.error().context.find("segment 1, byte ") != std::string::npos);
  CHECK(read_file(path) == bytes);  // nothing was touched
}
