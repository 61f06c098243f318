#pragma once
// FOCUS-shaped export for cost tools: one row per hour, team, key, provider, model and class of
// tokens, and one for the web searches that the provider made and bills. Money as decimal text,
// exact; the rows add up to the spend to the nano-dollar. Columns that FOCUS does not have begin
// with `x_`.
#include <functional>
#include <string>

#include "gateway/reports/report.h"
#include "router/prices.h"

namespace steelyard::reports {

// The tariff of a model at an instant; not priced: unknown. Splits what an attempt cost among its
// classes of tokens; the sum is what was booked, whatever prices are configured today.
using TariffOf = std::function<router::Tariff(const std::string& model, Instant at)>;

// CSV (RFC 4180), rows in the order of hour, team, key, provider, model, class. `query`: its
// conditions and times; not its dimensions.
Result<std::string> focus_csv(ReadStore& store, const ReportQuery& query,
                              const TariffOf& tariff_of);

}  // namespace steelyard::reports
