#pragma once
// EXPLAIN for routing: who asked, which rules matched, which models were weighed, what was
// reserved. Pure: made from the values of the decision, for `steelyard explain` and POST
// /route/explain.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/spec/budget_spec.h"
#include "config/types/money.h"
#include "policies/verdict.h"
#include "router/plan.h"

namespace steelyard {
class JsonWriter;
}

namespace steelyard::router {

struct BudgetLine {  // one budget that the request counts against
  std::string_view scope;
  WindowKind per = WindowKind::month;
  NanoUsd limit, spent;         // spent: posted and held
  std::int32_t pace = -1;       // Pace::percent
  std::string_view paced_tier;  // the best tier that its pace allows; "": any
};

struct ExplainInput {
  const Catalog& catalog;
  const Health& health;
  const policies::RequestFacts& facts;
  const policies::Verdict& verdict;  // with trace
  const Plan& plan;                  // made with every_candidate
  std::span<const BudgetLine> budgets;
  Tick now;
  std::string_view token_quality = "exact";  // router::name_of(CountQuality)
  std::string_view digest;                   // of the configuration
};

enum class Colour : bool { no, yes };  // ANSI

// Several lines, ending in a newline. Figures in dollars, cut to six significant places.
std::string explain_text(const ExplainInput& input, Colour colour);
// One JSON object: schema "steelyard.explain/1"; money in integer nano-USD.
void explain_json(JsonWriter& out, const ExplainInput& input);

// "$0.000486", "$12.40": at least two decimals, at most nine, no trailing zeros beyond that.
void append_usd(std::string& out, NanoUsd amount);

}  // namespace steelyard::router
