// Names for logs and clauses for humans.
#include "router/plan.h"

namespace steelyard::router {
namespace {

struct Words {
  const char *name, *text;
};

constexpr Words words_of(Reason reason) {
  switch (reason) {
    case Reason::ok: return {"ok", "fit"};
    case Reason::no_provider: return {"no_provider", "no provider serves it"};
    case Reason::not_asked: return {"not_asked", "another model was asked for by name"};
    case Reason::not_allowed: return {"not_allowed", "this key may not use it"};
    case Reason::not_in_policy: return {"not_in_policy", "left out by the policy"};
    case Reason::session_lock: return {"session_lock", "the conversation is bound elsewhere"};
    case Reason::no_evidence: return {"no_evidence", "no score, so it keeps no tier's promise"};
    case Reason::tier_score: return {"tier_score", "its score does not keep the tier's promise"};
    case Reason::max_tier_by_budget:
      return {"max_tier_by_budget", "the budget allows lower tiers only"};
    case Reason::no_tools: return {"no_tools", "cannot call tools"};
    case Reason::no_vision: return {"no_vision", "cannot see images"};
    case Reason::no_structured_output: return {"no_structured_output", "has no structured output"};
    case Reason::no_reasoning: return {"no_reasoning", "cannot reason"};
    case Reason::refuses_parameter:
      return {"refuses_parameter", "refuses a parameter of the request"};
    case Reason::context_too_small: return {"context_too_small", "its context is too small"};
    case Reason::output_limit: return {"output_limit", "cannot answer at the length asked for"};
    case Reason::no_price: return {"no_price", "its price is not known"};
    case Reason::no_tool_price:
      return {"no_tool_price", "its price of a tool that runs at the provider is not known"};
    case Reason::over_budget: return {"over_budget", "could cost more than the budget has left"};
    case Reason::breaker_open: return {"breaker_open", "has failed too often lately"};
    case Reason::parked: return {"parked", "its provider asked to be left alone"};
  }
  return {"unknown", "unknown"};
}
static_assert(static_cast<std::size_t>(Reason::parked) + 1 == reasons);

}  // namespace

const char* name_of(Reason reason) {
  return words_of(reason).name;
}
const char* text_of(Reason reason) {
  return words_of(reason).text;
}

const char* name_of(SessionMove move) {
  switch (move) {
    case SessionMove::none: return "none";
    case SessionMove::stayed: return "stayed";
    case SessionMove::left: return "left";
    case SessionMove::locked: return "locked";
    case SessionMove::lost: return "lost";
  }
  return "unknown";
}

}  // namespace steelyard::router
