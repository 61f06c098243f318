#pragma once
// Verdict × Catalog × Health → Plan: feasible, then good enough, then cheapest by the expected cost
// of this request (design 4). Pure and deterministic; writes into a caller's Plan, allocates
// nothing.
#include <array>
#include <cstdint>
#include <span>

#include "config/types/instant.h"
#include "config/types/limits.h"
#include "config/types/money.h"
#include "policies/facts.h"
#include "policies/verdict.h"
#include "router/catalog.h"
#include "router/meter.h"

namespace steelyard::router {

class Health;
class OutputEstimates;

// Why a target is no candidate. Order is the order of the checks: the first that fails is the
// reason.
enum class Reason : std::uint8_t {
  ok,
  no_provider,         // in the catalogue, served by nobody
  not_asked,           // the client named another model
  not_allowed,         // team or key may not use it
  not_in_policy,       // the policy's models and exclude
  session_lock,        // the conversation is bound to another model
  no_evidence,         // no score, so no tier
  tier_score,          // the score does not keep the tier's promise
  max_tier_by_budget,  // only better tiers than the budget still allows
  no_tools,
  no_vision,
  no_structured_output,
  no_reasoning,
  refuses_parameter,
  context_too_small,
  output_limit,  // asked for more output than it can give
  no_price,
  no_tool_price,  // a tool may run at the provider, and nobody knows for how much
  over_budget,    // worst case above what is left
  breaker_open,
  parked,  // the provider asked to be left alone
};
inline constexpr std::size_t reasons = 21;
const char* name_of(Reason reason);  // "context_too_small"
const char* text_of(Reason reason);  // one clause for humans

struct WarmCache {  // the provider's prompt cache holds the beginning of this request
  std::int32_t target = no_target;
  std::int64_t tokens = 0;  // in the gateway's counter, as RequestFacts::input_tokens
};

enum class WhenOverRoom : std::uint8_t { refuse, clamp_output };

// When to leave a warm conversation (research/routing 5):
//   turns * (stay_warm - there_warm) - (there_now - there_warm) - P(return) * rewarm > margin
struct SessionOdds {
  std::int32_t turns_left = 3;       // expected
  std::int32_t return_percent = 10;  // chance that the conversation comes back later
  NanoUsd margin{1'000'000};         // $0.001
};

struct PlanInput {
  const policies::RequestFacts& facts;
  const policies::Verdict& verdict;   // Outcome::route
  const ModelMask* access = nullptr;  // Catalog::access_of; null: all
  Instant at{};                       // chooses prices; settle must use the same
  Tick now{};                         // breakers
  // The request in each served model's own tokens, by model; empty, and for models nobody serves:
  // RequestFacts's counts by their ratio.
  InputCounts counts{};
  std::uint32_t parameters = 0;           // bits of Catalog::parameters() that the request carries
  CacheWrites marks = CacheWrites::none;  // cache marks in the request
  bool media = true;                      // sound or pictures in it: may cost more than text
  ServiceTier service = ServiceTier::standard;
  // At most, by a provider of the client's own dialect: to others the tool does not go out. 0: the
  // request allows none.
  std::int32_t web_searches = 0;
  bool unpriced_tools = false;           // others that run there, for fees that nobody knows
  std::string_view client_dialect{};     // as Target::dialect; "": no tool runs at the provider
  bool fees_known = false;               // money is limited: nothing whose price is not known
  std::int64_t output_default = 16'384;  // GatewaySpec::output_tokens_default
  std::int32_t attempts = limits::attempts_max;  // RetrySpec::attempts
  std::int32_t max_tier = policies::no_tier;     // from budgets; no_tier: no cap
  // Plan::escalation is wanted: else it may be left out, to be planned for when it is needed.
  bool escalation = true;
  NanoUsd room{INT64_MAX};  // least money left in any hard budget of the request
  WhenOverRoom when_over = WhenOverRoom::refuse;
  std::int64_t output_useful = 256;  // clamping below this is a refusal
  std::span<const WarmCache> warm{};
  std::int32_t warm_target = no_target;   // where the session's last turn went
  std::int32_t bound_target = no_target;  // provider-held state or signed blocks: there or nowhere
  SessionOdds session{};
  // explain: list and count all candidates, models outside the policy too. Without it a plan that
  // has attempts need not list more than these, and a plan without attempts lists everything.
  bool every_candidate = false;
};

struct PlannedAttempt {
  std::int32_t target = no_target, model = policies::no_model, provider = -1;
  NanoUsd expected;    // of this attempt, with the risk of having to try again
  NanoUsd worst_case;  // what to hold
  std::int64_t input_tokens = 0, input_tokens_upper = 0;  // in this model's tokens
  std::int64_t output_tokens_max = 0;  // per choice: inject, or lower the client's own to this
  std::int64_t output_expected = 0;    // per choice
  CacheWrites writes = CacheWrites::none;
  bool clamped = false;  // below what the client asked: tell it
  bool forced =
      false;  // sent although the breaker is open: the last one left (Health::on_dispatch)
};

struct Candidate {
  std::int32_t target = no_target;  // no_target: the model has none
  std::int32_t model = policies::no_model;
  Reason reason = Reason::ok;
  std::uint8_t place = 0;  // 1: first attempt ...; 0: not in the plan
  std::int64_t cached_tokens = 0;
  std::int64_t output_expected = 0;
  NanoUsd expected, worst_case;  // when priced, also for some that were refused
  NanoUsd risk;                  // part of `expected`: of having to try again
};

enum class SessionMove : std::uint8_t { none, stayed, left, locked, lost };
const char* name_of(SessionMove move);

struct Plan {
  std::uint8_t attempt_count = 0;
  std::array<PlannedAttempt, limits::attempts_max> attempts;
  PlannedAttempt escalation;  // cheapest of the next tier up; target == no_target: none
  SessionMove session = SessionMove::none;
  NanoUsd stay, leave;  // what was compared: turns on the warm model, turns elsewhere
  std::int32_t baseline_model =
      policies::no_model;    // asked for, or the first of Catalog::premium()
  NanoUsd baseline;          // expected cost there: the counterfactual
  Tick retry_at{INT64_MAX};  // no attempts: the earliest moment a parked or broken target returns
  std::int32_t effective_tier = policies::no_tier;  // after the budget's cap
  std::uint16_t candidate_count = 0;
  std::uint16_t omitted =
      0;  // candidates beyond limits::candidates_max, counted below all the same
  // Targets (or models without one) per reason. Of a plan that has attempts and was not asked for
  // every candidate: at least the attempts are counted.
  std::array<std::uint16_t, reasons> counts{};
  std::array<Candidate, limits::candidates_max> candidates;

  std::span<const PlannedAttempt> tries() const { return {attempts.data(), attempt_count}; }
  std::span<const Candidate> listed() const { return {candidates.data(), candidate_count}; }
};

// Overwrites `plan`. No attempts: no route; `counts` says why.
// An attempt after the first goes to another target, cheapest next; a model asked for by name is
// served by its own targets only. Ties: expected cost, worst case, name, order of the providers in
// the configuration.
void make_plan(const Catalog& catalog, const Health& health, const OutputEstimates& outputs,
               const PlanInput& input, Plan& plan);

// What an attempt served by `served` would have cost on `other`, from its real usage: tokens scaled
// by both models' ratios, same share of cached input. For receipts. 0 when `other` has no price at
// `at`.
NanoUsd cost_elsewhere(const Catalog& catalog, std::int32_t served, std::int32_t other,
                       const Usage& usage, Instant at);

}  // namespace steelyard::router
