#pragma once
// Where a conversation with signed or encrypted parts belongs: to the account and the model that
// made them, and nowhere else (research/wire 0.1, rule 3).
#include <cstdint>

#include "gateway/session_memory.h"

namespace steelyard {

class Worker;
struct Decision;
struct Runtime;

// The target that served a turn; no_target: nobody did, or it is no longer configured.
std::int32_t target_of(const Runtime& runtime, const SessionMemory::Turn& turn);

// Fills `d.home`. What this process remembers says most; after a restart, and at another replica,
// the seals do that carried state has (dialect/state_seal.h), and Anthropic's signatures, which
// name their model. Else it is not known: then the first to get the request is its home.
// `turn`: this very conversation's last one, served by `target`; no_target: none is remembered.
void find_home(Worker& worker, const Runtime& runtime, const SessionMemory::Turn& turn,
               std::int32_t target, Decision& d);

}  // namespace steelyard
