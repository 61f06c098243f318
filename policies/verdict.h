#pragma once
// What the policies decided, and why.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steelyard::policies {

inline constexpr std::int32_t no_tier = -1;

// One line of the trace: the rule, and if it did not match the first condition that failed.
struct RuleTrace {
  std::string_view rule;
  bool matched = false;
  std::string because;  // filled only when a trace was asked for
};

struct Verdict {
  bool denied = false;
  std::string_view deny_reason;
  std::string_view policy;              // the rule that decided; "" when none matched
  std::int32_t tier = no_tier;          // index into the configuration's tiers
  std::string_view pinned_model;        // serve exactly this catalogue model; "" = choose
  const std::vector<std::uint8_t>* allowed = nullptr;  // per catalogue model, 1 = candidate; null = all
  std::int64_t output_tokens_max = 0;   // 0: no cap of the policy's
  std::uint8_t escalate_on = 0;
  bool sticky = false;
  std::vector<RuleTrace> trace;         // only when asked for
};

}  // namespace steelyard::policies
