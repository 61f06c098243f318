#pragma once
// What the policies decided, and why.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policies/model_mask.h"

namespace steelyard::policies {

inline constexpr std::int32_t no_tier = -1;
inline constexpr std::int32_t no_model = -1;
inline constexpr std::size_t verdict_tags_max = 8;

enum class Outcome : std::uint8_t {
  route,          // serve it: tier, model and masks below say how
  denied,         // a policy said no: deny_reason (forbidden)
  unknown_model,  // the client named a model that is not in the catalogue, and no rule re-routes it
                  // (not_found)
  unknown_tier,   // "tier:NAME" or x-steelyard-tier names no tier (bad_request)
};
const char* name_of(Outcome outcome);  // "route", "denied", ...

// One line of the trace: the rule, and if it did not match the first condition that failed.
struct RuleTrace {
  std::string_view rule;
  bool matched = false;
  bool reached = true;  // false: an earlier rule had decided
  std::string because;  // one clause: what failed, or what the matching rule did
};

// Views live as long as the RuleSet and the facts it was made from.
struct Verdict {
  Outcome outcome = Outcome::route;
  std::string_view deny_reason;
  std::string_view policy;  // the rule that decided; "" when none matched
  std::uint64_t route =
      0;  // id of `policy`, the same across reloads: keys what is learned per route
  std::int32_t tier = no_tier;  // index into the configuration's tiers; no_tier: none asked (model
                                // set, or no tiers)
  std::int32_t model = no_model;        // serve exactly this catalogue model; no_model: choose
  std::int32_t asked_model = no_model;  // the catalogue model the client named, also when re-routed
  ModelMask allowed = ModelMask::all();  // candidates; bits beyond the catalogue mean nothing
  std::int64_t output_tokens_max = 0;    // 0: no cap of the policy's
  std::uint8_t escalate_on = 0;          // bits of EscalateOn
  bool sticky = false;
  bool reject_losses = false;  // a translation that would lose something is refused
  bool lower_output = false;   // rather than to refuse what a budget has not the money for
  std::uint8_t tag_count = 0;
  std::array<std::string_view, verdict_tags_max> tags{};
  std::vector<RuleTrace> trace;  // only when asked for

  void reset();  // as new; keeps memory
};

inline void Verdict::reset() {
  outcome = Outcome::route;
  deny_reason = policy = {};
  route = 0;
  tier = no_tier;
  model = asked_model = no_model;
  allowed = ModelMask::all();
  output_tokens_max = 0;
  escalate_on = 0;
  sticky = reject_losses = lower_output = false;
  tag_count = 0;
  trace.clear();
}

}  // namespace steelyard::policies
