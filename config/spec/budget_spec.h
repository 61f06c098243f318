#pragma once
// Budgets, keys, teams and organisations as YAML says them.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/spec/pass_spec.h"
#include "config/spec/plan_spec.h"
#include "config/types/money.h"
#include "config/types/span.h"

namespace steelyard {

// The numbers are in the ledger's journal: never change one. A prepaid budget is a lifetime budget
// that is topped up. A rolling one counts what was reserved in the last BudgetSpec::rolling_s.
enum class WindowKind : std::uint8_t { day, month, lifetime, hour, week, quarter, year, rolling };

// What `starts` may say of a window: the weekday of a week (1 Monday to 7), the day of a month (1
// to 31; shorter months begin on their last day), the first month of a quarter or year (1 to 12).
enum class StartsBy : std::uint8_t { nothing, weekday, day, month };
constexpr StartsBy starts_by(WindowKind per) {
  switch (per) {
    case WindowKind::week: return StartsBy::weekday;
    case WindowKind::month: return StartsBy::day;
    case WindowKind::quarter:
    case WindowKind::year: return StartsBy::month;
    default: return StartsBy::nothing;
  }
}

// As YAML, receipts and metrics write it.
constexpr const char* window_word(WindowKind per) {
  switch (per) {
    case WindowKind::day: return "day";
    case WindowKind::month: return "month";
    case WindowKind::lifetime: return "lifetime";
    case WindowKind::hour: return "hour";
    case WindowKind::week: return "week";
    case WindowKind::quarter: return "quarter";
    case WindowKind::year: return "year";
    case WindowKind::rolling: return "rolling";
  }
  return "";
}

// `require_approval`: what is spent and held may not pass the threshold until an operator says so.
enum class ThresholdAction : std::uint8_t { warn, max_tier, block, require_approval };
constexpr const char* action_word(ThresholdAction action) {
  switch (action) {
    case ThresholdAction::warn: return "warn";
    case ThresholdAction::max_tier: return "max_tier";
    case ThresholdAction::block: return "block";
    case ThresholdAction::require_approval: return "require_approval";
  }
  return "";
}

// Which requests of its scope a budget counts: all, those of one user, tag or model, or each user,
// tag or model by itself (a budget of its own for every name that appears).
enum class BudgetOf : std::uint8_t { all, user, tag, model, each_user, each_tag, each_model };
constexpr bool is_each(BudgetOf of) {
  return of >= BudgetOf::each_user;
}
// What stands before the name in a scope: "acme/search/user:alice".
constexpr const char* scope_word(BudgetOf of) {
  switch (of) {
    case BudgetOf::all: return "";
    case BudgetOf::user:
    case BudgetOf::each_user: return "user:";
    case BudgetOf::tag:
    case BudgetOf::each_tag: return "tag:";
    case BudgetOf::model:
    case BudgetOf::each_model: return "model:";
  }
  return "";
}

struct Threshold {
  std::int32_t percent = 100;
  ThresholdAction action = ThresholdAction::block;
  std::string max_tier;  // for ThresholdAction::max_tier
  SourceSpan at;
};

struct BudgetSpec {
  NanoUsd limit;
  WindowKind per = WindowKind::month;
  std::string time_zone = "UTC";           // IANA name
  std::uint8_t starts = 1;                 // see StartsBy
  StartsBy starts_as = StartsBy::nothing;  // how the file wrote `starts`; nothing: it did not
  std::int64_t rolling_s = 0;              // WindowKind::rolling: its length
  BudgetOf of = BudgetOf::all;
  std::string of_name;                // user or tag; a glob for a model
  std::int64_t names_max = 1'000;     // `each`: names with a budget of their own
  bool refuse_more = false;           // names beyond that are refused; else they share one budget
  std::vector<Threshold> thresholds;  // `at:`; without one, 100 % blocks
  // Ahead of its pace (router/ledger/pace.h), in percent: cheaper tiers before anything is blocked.
  // Ascending; all of them ThresholdAction::max_tier.
  std::vector<Threshold> pace;
  SourceSpan at;

  // The one rule for all who ask what may be spent: a budget blocks at 100 %, unless `at` says that
  // something else happens there; then it only counts. Blocking elsewhere is refused (C0415).
  bool hard() const {
    for (const Threshold& t : thresholds)
      if (t.percent == 100) return t.action == ThresholdAction::block;
    return true;
  }
  NanoUsd enforced_limit() const { return hard() ? limit : NanoUsd{INT64_MAX}; }  // MAX: no bound
};

// `rate:`: how much may begin in any trailing stretch of time. 0: no limit.
struct RateSpec {
  std::int64_t requests = 0, tokens = 0;
  std::int64_t requests_per_ms = 60'000, tokens_per_ms = 60'000;  // that stretch
  bool empty() const { return requests == 0 && tokens == 0; }
};

struct KeySpec {
  std::string id;                         // public name, in logs
  std::string project;                    // of the team; "": none
  std::string user;                       // whose key it is; "": nobody's
  std::array<std::uint8_t, 32> sha256{};  // of the whole key as the client sends it
  std::vector<BudgetSpec> budgets;
  std::vector<std::string> allow{"*"}, deny;  // model globs
  std::vector<PassRuleSpec> pass_through;     // empty: the team's
  bool may_explain = false;
  RateSpec rate;
  SourceSpan at;
};

struct ProjectSpec {
  std::string name;
  std::vector<BudgetSpec> budgets;
  SourceSpan at;
};

struct TeamSpec {
  std::string name;
  PlanSpec plan;  // what the team has bought
  std::vector<KeySpec> keys;
  std::vector<ProjectSpec> projects;
  std::vector<BudgetSpec> budgets;
  RateSpec rate;
  bool trust_user = false;  // requests may say who their user is
  std::vector<std::string> allow{"*"}, deny;
  std::vector<PassRuleSpec> pass_through;  // of keys that have none of their own
  SourceSpan at;
};

struct OrganisationSpec {
  std::string name;
  std::vector<TeamSpec> teams;
  std::vector<BudgetSpec> budgets;
  RateSpec rate;
  SourceSpan at;
};

}  // namespace steelyard
