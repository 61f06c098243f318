#pragma once
// Takes out of a request what another provider signed or encrypted, when its conversation goes to
// one that speaks the client's dialect: nobody but its maker takes it, and everything else of the
// body stays as it came (research/wire 0.1, rule 3).
#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"

namespace steelyard::dialect {

// `body`: a request of that dialect, valid JSON. Blocks of thinking and encrypted reasoning go as a
// whole; of Gemini's parts the signature alone, in whose place a call gets what Google documents
// for calls that were not its own. What this gateway carried through the client for a provider of
// another dialect goes wherever it is; what stands there untouched only before `foreign_end`, an
// offset in `body`: others of the client's own dialect made it. Replaces `out`, tells in `dropped`.
// False: nothing to take out.
bool cut_foreign_state(std::string_view body, hub::Wire wire, std::size_t foreign_end,
                       std::string& out, hub::Dropped& dropped);

// The same before a request is written for another dialect: every writer passes over such thoughts
// then, and tells so. What is sealed is left to its seal (state_seal.h).
void disown_state(hub::Request& request, std::size_t foreign_end);

}  // namespace steelyard::dialect
