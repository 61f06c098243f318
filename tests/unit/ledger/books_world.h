#pragma once
// The whole money path without a network: real books on real files, providers that keep their own
// bill, and everything that goes wrong, from one seed. After each event the books are compared with
// a mirror that only adds and subtracts, and every invariant of the books is checked by its name
// (B1 to B16; B17 is of a fleet). Among the four keys of two teams, one team has a budget by day,
// the other one over rolling 24 hours; a second organisation must never show in the first.
//
// A seed is a run, to the record: the journal's threads work only while the world waits for them
// (settle_disk), so no outcome depends on how fast the disk or the machine is.
#include <atomic>
#include <cerrno>
#include <deque>
#include <map>
#include <random>

#include "books_support.h"

namespace ledger_test {

struct WorldCounts {
  std::uint64_t events = 0, held = 0, denied = 0, settled = 0, overruns = 0, released = 0,
                expired = 0, late = 0, crashes = 0, torn = 0, reloads = 0, adjusted = 0, down = 0,
                bursts = 0, strangers = 0, keyed = 0, full_disks = 0, idle = 0, extended = 0,
                not_extended = 0, late_extensions = 0, syncs = 0, broken_disks = 0;
  // Of every outcome and every balance looked at, in order: equal runs have equal ones.
  std::uint64_t digest = 14'695'981'039'346'656'037u;
};

// A disk that is full, or fails to sync, for as long as it is told. Nothing here loses power, so
// nothing is synced.
struct FullDisk : FileOps {
  std::atomic<bool> full{false}, broken{false};
  int allocate(int fd, std::size_t bytes) override {
    return full ? ENOSPC : FileOps::allocate(fd, bytes);
  }
  int sync_data(int) override { return broken ? EIO : 0; }
  int sync_directory(const std::string&) override { return 0; }
};

// "what: the books say ..., the mirror ..."
std::string figures(const char* what, std::int64_t books, std::int64_t mirror);

class BooksWorld {
 public:
  explicit BooksWorld(std::uint64_t seed);
  // Empty: all invariants held after each of `events` events; otherwise which, and after which.
  std::string run(std::uint64_t events);
  const WorldCounts& counts() const { return counts_; }

 private:
  struct Level {  // one budget, by the mirror's own reckoning
    NanoUsd limit;
    std::int64_t start = 0;      // of the newest window; days since 1970, 0 for a lifetime
    std::int64_t journaled = 0;  // the newest that the journal knows
    std::map<std::int64_t, std::int64_t> posted, held, credit;  // by window
    std::int64_t overrun = 0, lowered = 0;  // what explains more in use than the limit
    std::int64_t back = 0;                  // how many windows before the newest count too: rolling
    std::map<std::int64_t, std::int64_t> closed;  // the limit of windows that count no more

    using Sums = std::map<std::int64_t, std::int64_t>;
    std::int64_t sum(const Sums& sums, std::int64_t newest) const {
      std::int64_t out = 0;
      for (auto at = sums.lower_bound(newest - back); at != sums.end() && at->first <= newest; ++at)
        out += at->second;
      return out;
    }
    std::int64_t limit_of(std::int64_t window) const {
      if (const auto found = closed.find(window); found != closed.end() && window < start - back)
        return found->second;
      const auto extra = credit.find(window);
      return std::max<std::int64_t>(limit.v + (extra == credit.end() ? 0 : extra->second), 0);
    }
    // The newest window is `window` from now on, if it was not already.
    void open(std::int64_t window) {
      for (std::int64_t at = start - back; at <= start && at < window - back; ++at)
        closed[at] = limit_of(at);
      start = std::max(start, window);
    }
    // What a hold of `window` may grow by: the least that any window leaves that counts it.
    std::int64_t room_to_grow(std::int64_t window) const {
      std::int64_t most = 0;
      for (std::int64_t last = window; last <= window + back; ++last)
        most = std::max(most, sum(posted, last) + sum(held, last));
      return limit_of(window) - most;
    }
    std::int64_t in_use() const { return sum(posted, start) + sum(held, start); }
    std::int64_t room() const { return limit_of(start) - in_use(); }
  };
  struct Attempt {
    AttemptKey key;
    BookHold hold;
    std::size_t chain = 0;
    std::int64_t amount = 0, bill = 0;  // bill: by the provider's own book
    std::array<std::int64_t, 3> windows{};
    bool sent = false, expired = false;
    Tick lease;
  };
  // What the provider and the access log say, for the whole organisation.
  struct Outside {
    std::int64_t bills = 0;    // of providers
    std::int64_t more = 0;     // posted above the bill because nobody knew it
    std::int64_t less = 0;     // billed above the hold, and nobody came to know
    std::int64_t changed = 0;  // by operators
    std::int64_t logged = 0;   // by receipts, and by what a restart or an expiry said
  };

  void step();
  void reserve();
  void finish(Attempt attempt);
  void extend(Attempt& attempt);
  void expire();
  void late_bill();
  bool remembers(std::size_t level, const Attempt& attempt);
  void reload();
  void adjust();
  void crash(bool torn);
  void tear(const std::string& copy);
  void open(const std::string& path);
  void burst();
  void stranger();
  void name_key(const Attempt& attempt);
  void disk();
  void break_disk();
  void settle_disk();
  void sync();
  void rest();

  // books_world_checks.cpp. Empty, or the name of what does not hold.
  std::string check();
  std::string check_level(std::size_t chain, std::size_t level, const AccountView& account);
  std::string check_chain(std::size_t chain);
  std::string check_outside();
  std::string check_denied(const Reservation& made, std::size_t chain);
  std::string check_recovered(const std::map<std::uint64_t, bool>& charged);
  void account(const Attempt& attempt, std::int64_t posted);

  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(int of_a_thousand) { return between(1, 1'000) <= of_a_thousand; }
  Instant now() const { return Instant{wall_}; }
  // Levels of a chain: organisation (lifetime), team (day), key (lifetime).
  std::array<Level*, 3> levels(std::size_t chain) {
    return {&organisation_, &teams_[chain / 2], &keys_[chain]};
  }
  std::int64_t window_at(std::size_t level, std::size_t chain) const {
    if (level != 1) return 0;
    return wall_ / ((teams_[chain / 2].back != 0 ? 3'600 : 86'400) * Instant::kPerSecond);
  }
  void note(std::int64_t value) {  // FNV-1a
    counts_.digest = (counts_.digest ^ static_cast<std::uint64_t>(value)) * 1'099'511'628'211u;
  }
  std::vector<OrganisationSpec> spec() const;
  void post(const Attempt& attempt, std::int64_t amount);
  void fail(std::string what) {
    if (failure_.empty()) failure_ = std::move(what);
  }

  std::mt19937_64 random_;
  TemporaryDirectory root_;
  std::string path_;
  int generation_ = 0;
  std::unique_ptr<OpenBooks> books_;
  Level organisation_;
  std::array<Level, 2> teams_;
  std::array<Level, 4> keys_;
  std::deque<Attempt> open_, lapsed_;
  Outside outside_;
  std::map<std::uint64_t, bool> keyed_;  // requests with an idempotency key: charged?
  std::deque<std::pair<std::uint64_t, std::int64_t>> key_times_;  // oldest first
  std::int64_t stranger_ = 0;  // posted for the other organisation
  FullDisk disk_;
  std::uint64_t synced_seq_ = 0;
  std::int64_t broken_for_ = 0;  // events until somebody restarts the process; 0: the disk is well
  std::int64_t wall_ = may(1).ns;
  Tick tick_{0};
  std::uint64_t next_key_ = 1;
  WorldCounts counts_;
  std::string failure_;
};

}  // namespace ledger_test
