#pragma once
// Budgets, keys, teams and organisations as YAML says them.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/spec/pass_spec.h"
#include "config/types/money.h"
#include "config/types/span.h"

namespace steelyard {

// The numbers are in the ledger's journal: never change one. A prepaid budget is a lifetime budget
// that is topped up.
enum class WindowKind : std::uint8_t { day, month, lifetime, hour, week, quarter, year };

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
  }
  return "";
}

enum class ThresholdAction : std::uint8_t { warn, max_tier, block };

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
  std::vector<Threshold> thresholds;       // `at:`; without one, 100 % blocks
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

struct KeySpec {
  std::string id;                         // public name, in logs
  std::array<std::uint8_t, 32> sha256{};  // of the whole key as the client sends it
  std::vector<BudgetSpec> budgets;
  std::vector<std::string> allow{"*"}, deny;  // model globs
  std::vector<PassRuleSpec> pass_through;     // empty: the team's
  bool may_explain = false;
  SourceSpan at;
};

struct TeamSpec {
  std::string name;
  std::vector<KeySpec> keys;
  std::vector<BudgetSpec> budgets;
  std::vector<std::string> allow{"*"}, deny;
  std::vector<PassRuleSpec> pass_through;  // of keys that have none of their own
  SourceSpan at;
};

struct OrganisationSpec {
  std::string name;
  std::vector<TeamSpec> teams;
  std::vector<BudgetSpec> budgets;
  SourceSpan at;
};

}  // namespace steelyard
