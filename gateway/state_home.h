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

// Fills `d.home` and `d.signed_parts`. What is signed says most: its maker is remembered
// (state_memory.h), or is in the seal that carried state has (dialect/state_seal.h); Anthropic's
// signatures name their model. Else `last`, who served the conversation last, is a guess;
// no_target: nobody that is known. Then the first to get the request is its home.
void find_home(Worker& worker, const Runtime& runtime, std::int32_t last, Decision& d);

// What StateMemory is told of a maker: the same after a reload and in every process; never 0.
std::uint64_t id_of(const Runtime& runtime, std::int32_t maker);
// Likewise: that it is not the maker, since it said so.
std::uint64_t refuser_id_of(const Runtime& runtime, std::int32_t maker);

}  // namespace steelyard
