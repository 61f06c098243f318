#pragma once
// The counting part of decide.h: a request in the gateway's own tokens and in those of models.
#include "gateway/decide.h"

namespace steelyard {

// The request in the gateway's own tokens, for policies, and in every model's, for the choice.
void count_tokens(Worker& worker, Serving& serving, const Principal& principal, Decision& d);

// What tells a conversation from others: who asks, and how it begins. Its later turns begin with
// the same messages.
std::uint64_t talk_of(const Principal& principal, const dialect::ChatRequest& chat);
// The same for the names of sessions: as far as the first words of a user, which later turns
// repeat. Words and not JSON: clients move their cache marks from turn to turn.
std::uint64_t beginning_of(const Principal& principal, const dialect::ChatRequest& chat);

// Counts the text by the vocabulary of `model`, for all that share it, but for one whose last bill
// says more. WorkerTools::counts has every model's count.
void count_own_text(Worker& worker, Serving& serving, std::int32_t model, Decision& d);

}  // namespace steelyard
