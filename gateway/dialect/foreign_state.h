#pragma once
// Takes out of a request what another provider signed or encrypted: nobody but its maker takes it,
// and everything else of the body stays as it came (research/wire 0.1, rule 3).
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"

namespace steelyard::dialect {

// Which of the signed and encrypted parts of a history are not the receiver's. By state_hash.h,
// each list in order.
struct ForeignState {
  std::vector<std::uint64_t> own, others;
  bool rest = false;  // what is in neither list is others', too

  bool any() const { return rest || !others.empty(); }
  bool holds(std::string_view escaped) const;
};

// `body`: a request of that dialect, valid JSON. Blocks of thinking and encrypted reasoning go as a
// whole; of Gemini's parts the signature alone, in whose place a call gets what Google documents
// for calls that were not its own. What this gateway carried through the client for a provider of
// another dialect goes wherever it is; of what stands there untouched, what `foreign` holds.
// Replaces `out`, tells in `dropped`. False: nothing to take out.
bool cut_foreign_state(std::string_view body, hub::Wire wire, const ForeignState& foreign,
                       std::string& out, hub::Dropped& dropped);

// The same before a request is written for another dialect: every writer passes over such thoughts
// then, and tells so. What is sealed is left to its seal (state_seal.h).
void disown_state(hub::Request& request, const ForeignState& foreign);

}  // namespace steelyard::dialect
