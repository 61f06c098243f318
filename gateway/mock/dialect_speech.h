#pragma once
// What the dialects say in the same words: a thought, its signature, and whole calls of tools.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/mock/dialect.h"

namespace steelyard::mock {

inline constexpr std::string_view thought = "The mock thinks about it.";
inline constexpr std::string_view thought_signature = "bW9jay1zaWduYXR1cmU=";

// Calls say(number, arguments, tokens) for each call that the plan's tokens reach; the last one's
// arguments may be cut.
template <class Say>
void each_call(const AnswerPlan& plan, Say&& say) {
  std::int64_t budget = plan.tokens;
  for (std::int64_t call = 0; call < plan.calls && budget >= kToolHeadTokens; ++call) {
    std::int64_t tokens = kToolHeadTokens;
    budget -= kToolHeadTokens;
    Pieces pieces = plan.pieces;
    std::string arguments;
    for (std::string piece; budget > 0 && !(piece = take_pieces(pieces, 1)).empty(); --budget) {
      arguments += piece;
      ++tokens;
    }
    say(call, arguments, tokens);
  }
}

}  // namespace steelyard::mock
