#pragma once
// `steelyard report`: what was spent, by whom, on what, and what routing saved.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/reports/read_store.h"
#include "router/ledger/zone.h"

namespace steelyard::reports {

// What a report may be grouped and filtered by, in the order of the help text.
std::vector<std::string_view> report_dimensions();

struct ReportQuery {
  std::vector<std::string> by;                             // dimensions; none: one row
  std::vector<std::pair<std::string, std::string>> where;  // dimension is value
  Instant from{INT64_MIN}, to{INT64_MAX};                  // [from, to) of the request's start
  router::Zone zone;                                       // whose hours, days and months
};

struct ReportRow {
  std::vector<std::string> group;  // as ReportQuery::by
  std::int64_t requests = 0, failed = 0, prompt_tokens = 0, completion_tokens = 0;
  std::int64_t web_searches = 0;  // that providers made and billed
  // `spend`: of every try, those that failed and were billed included, under the model that was
  // tried. `held`: sum of the holds. `saved`: by routing, against the model a request would have
  // gone to otherwise; may be negative.
  NanoUsd spend, held, saved;
  // Of requests with a task: how many tasks, what they cost so far (those that failed and those
  // that are not closed included), how many were closed as a success, what all closed ones were
  // worth. A task counts as closed where its last request is.
  std::int64_t tasks = 0, results = 0;
  NanoUsd task_spend, value;
  // Fees of plans, where the question is about teams and time only; they are not part of `spend`.
  NanoUsd fees;
  // What one success cost; nothing without one. Rounded up.
  std::optional<NanoUsd> cost_per_result() const;
};

struct Report {
  std::vector<std::string> by;
  std::vector<ReportRow> rows;  // by time ascending, otherwise by spend descending
  ReportRow total;              // a request with two tags is in two rows, and here once
};

// Fails on an unknown dimension.
Result<Report> run_report(ReadStore& store, const ReportQuery& query);

// `columns` of the view `charges` (as `c`) for the query's conditions and times.
Result<Statement> select_charges(ReadStore& store, const ReportQuery& query,
                                 std::string_view columns, std::string_view order);

std::string report_table(const Report& report);
std::string report_csv(const Report& report);   // RFC 4180; money in dollars, exact
std::string report_json(const Report& report);  // money in integer nano-dollars

}  // namespace steelyard::reports
