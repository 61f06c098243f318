#pragma once
// The journal read a second time, by other code than recovery: every attempt with its one beginning
// and its one end, and what they add to each window. `steelyard ledger verify` compares this with
// the balances and with the decision log; the read store shows it.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/types/result.h"
#include "router/ledger/balances.h"

namespace steelyard::reports {

enum class AttemptEnd : std::uint8_t { open, settled, released, expired };
const char* name_of(AttemptEnd end);

struct TracedAttempt {
  NanoUsd held, posted;
  AttemptEnd end = AttemptEnd::open;
  router::UsageSource source = router::UsageSource::provider;
  Instant began, ended;
  bool began_before = false;  // dispatched before the first record that is still there
  std::vector<router::Balances::WindowId> windows;
};

// What the traced attempts add to one window, in 128 bits: nothing saturates here.
struct TracedWindow {
  Int128 posted = 0, held = 0, overrun = 0, credit = 0;
};

struct JournalTrace {
  std::map<router::AttemptKey, TracedAttempt> attempts;
  std::map<std::pair<std::uint32_t, std::int64_t>, TracedWindow> windows;  // account, start
  router::Balances before;  // the oldest snapshot; empty books when there is none
  router::Balances after;   // as recovery reads the directory
  bool complete = true;     // from the first record on: nothing was folded away
  std::uint64_t adjustments = 0;
  std::uint64_t records = 0, snapshots_compared = 0, cut_bytes = 0;
  Instant first, last;                // of the records that are still there
  std::vector<std::string> problems;  // each names the record or the snapshot
};

// Reads only. Fails when recovery would refuse the directory, too. A gateway may be writing
// meanwhile: what looks like damage is then tried again, a few times.
Result<JournalTrace> trace_journal(const std::string& directory);

}  // namespace steelyard::reports
