#pragma once
// The whole money path without a network: real books on real files, providers that keep their own
// bill, and everything that goes wrong, from one seed. After each event the books are compared with
// a mirror that only adds and subtracts.
#include <deque>
#include <map>
#include <random>

#include "books_support.h"

namespace ledger_test {

struct WorldCounts {
  std::uint64_t events = 0, held = 0, denied = 0, settled = 0, overruns = 0, released = 0,
                expired = 0, late = 0, crashes = 0, torn = 0, reloads = 0, adjusted = 0, down = 0;
};

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

  void step();
  void reserve();
  void finish(Attempt attempt);
  void expire();
  void late_bill();
  void reload();
  void adjust();
  void crash(bool torn);
  void open(const std::string& path);
  std::string check();

  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(int of_a_thousand) { return between(1, 1'000) <= of_a_thousand; }
  Instant now() const { return Instant{wall_}; }
  // Levels of a chain: organisation (lifetime), team (day), key (lifetime).
  std::array<Level*, 3> levels(std::size_t chain) {
    return {&organisation_, &teams_[chain / 2], &keys_[chain]};
  }
  std::int64_t window_at(std::size_t level) const {
    return level == 1 ? wall_ / (86'400 * Instant::kPerSecond) : 0;
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
  std::int64_t wall_ = may(1).ns;
  Tick tick_{0};
  std::uint64_t next_key_ = 1;
  WorldCounts counts_;
  std::string failure_;
};

}  // namespace ledger_test
