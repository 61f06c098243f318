#pragma once
// Takes out of a request what another provider signed or encrypted, when its conversation goes to
// one that speaks the client's dialect: nobody but its maker takes it, and everything else of the
// body stays as it came (research/wire 0.1, rule 3).
#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"

namespace steelyard::dialect {

enum class ForeignState : unsigned char {
  carried,  // what this gateway carried through the client for a provider of another dialect
  all,      // also what stands there untouched: it was made by another provider of the same dialect
};

// `body`: a request of that dialect, valid JSON. Blocks of thinking and encrypted reasoning go as a
// whole; of Gemini's parts the signature alone, in whose place a call gets what Google documents
// for calls that were not its own. Replaces `out`, tells in `dropped`. False: nothing to take out.
bool cut_foreign_state(std::string_view body, hub::Wire wire, ForeignState what, std::string& out,
                       hub::Dropped& dropped);

// The same before a request is written for another dialect: every writer passes over such thoughts
// then, and tells so.
void disown_state(hub::Request& request);

}  // namespace steelyard::dialect
