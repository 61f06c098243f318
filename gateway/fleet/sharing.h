#pragma once
// One replica's side of the protocol: what its books use, give back and want, told to the store in
// one call; what the store says, given to the books. No thread, no clock, no socket of its own.
//
// Why nothing is spent twice: the store counts as granted to a replica what that replica last said
// it keeps, and what it was granted in that same call. So an answer that is lost leaks nothing (the
// next call says again what is kept) and a call that comes late is refused by its number. Room is
// given up in the books before the store hears of it, and used only after the store has said so.
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/types/instant.h"
#include "config/types/money.h"
#include "config/types/result.h"
#include "gateway/fleet/server.h"
#include "gateway/store/books.h"

namespace steelyard::fleet {

struct SharingOptions {
  std::string fleet = "steelyard", replica;
  std::string id;               // of the ledger's directory: whose name it is
  std::int64_t generation = 1;  // of this process: one more than the one before it had
  std::string nonce;            // tells it from one of a copy of the directory
  bool known = false;           // the store has heard of the directory before
  std::int64_t lease_ms = 10'000;
  std::int64_t refresh_ms = 1'000;  // how old the others' figures of a window may be
  bool lapses = true;               // WhenUnreachable::refuse
};

// A request whose own process has no room for it.
struct Need {
  store::Chain chain;
  NanoUsd amount;
};
enum class Prospect : std::uint8_t {
  ready,  // there is room now
  open,   // others were asked, or the store cannot say yet
  none,   // nobody holds what it would take
};

struct SharingStatus {
  bool reachable = false, learning = false;
  std::string error;      // of the last call
  std::int64_t live = 0;  // replicas, this one included
  std::uint64_t calls = 0, failures = 0, joins = 0;
};

class Sharing {
 public:
  // All windows of `books` are open (Books::open_fleet_windows).
  Sharing(store::Books& books, Server& server, SharingOptions options);

  // One call: everything that has changed, and `needs` in the order they came. On success
  // prospects() has an entry for each of them.
  Result<void> sync(Tick tick, std::span<const Need> needs);
  std::span<const Prospect> prospects() const { return prospects_; }
  // Others want what this replica holds, or its needs want what it holds as too small a piece:
  // call again at once.
  bool again() const { return again_; }
  // Gives back all that is not used, and says good-bye. Nothing may be spent afterwards.
  Result<void> leave(Tick tick);
  // Without an answer for a lease: what is not used may not be spent any more (`lapses`).
  void lapse(Tick tick);
  // Replica `name` will not come back: all that it was granted counts as spent. How much more that
  // was than it had said.
  Result<NanoUsd> forget(const std::string& name);

  // The name is another directory's: nothing will ever be granted.
  bool name_taken() const { return taken_; }

  // A lease has passed without an answer.
  bool silent(Tick tick) const { return tick >= good_until_; }
  const SharingStatus& status() const { return status_; }

 private:
  static constexpr Tick never{INT64_MIN / 2};  // it has to hear of it
  struct Tracked {                             // one account
    std::string key;                           // of its window in the store
    store::FleetSlice told;                    // as the store last heard it
    NanoUsd total;                             // granted to all, as last heard
    NanoUsd granted;                           // by the last grant
    NanoUsd used_before;                       // at the last look
    Tick heard = never;
  };
  struct Line {  // one window of a call
    store::FleetSlice slice;
    NanoUsd keep, ask, want;
    Tracked* tracked = nullptr;
  };
  struct Lack {        // the needs of one account that are not met
    NanoUsd promised;  // to needs that fit
    NanoUsd smallest, sum;
  };
  using AccountKey = std::pair<std::size_t, std::uint32_t>;  // shard, account

  Result<void> join();
  Result<void> call(Tick tick, std::span<const Need> needs, bool leaving);
  void collect(Tick tick, std::span<const Need> needs, bool leaving);
  void consider(const store::FleetSlice& slice, Tick tick, bool leaving);
  Result<void> take(const std::vector<std::string>& reply, Tick tick);
  void look_at(std::span<const Need> needs);
  std::string key_of(const store::FleetSlice& slice) const;

  store::Books& books_;
  Server& server_;
  SharingOptions options_;
  SharingStatus status_;
  std::map<AccountKey, Tracked> tracked_;
  std::set<std::string> wanted_;
  std::vector<Line> lines_;
  std::vector<std::string> keys_, arguments_;
  std::vector<Prospect> prospects_;
  std::map<AccountKey, std::string> states_;           // of the last call
  std::map<AccountKey, std::vector<NanoUsd>> needed_;  // of the next one
  std::string run_;                                    // that it joined
  std::int64_t number_ = 0, seen_ms_ = 0;
  Tick good_until_{INT64_MIN / 2};
  bool joined_ = false, taken_ = false, superseded_ = false, again_ = false;
};

}  // namespace steelyard::fleet
