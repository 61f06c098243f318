// Reports as a table, CSV and JSON.
#include <algorithm>
#include <iterator>

#include "config/types/json_writer.h"
#include "gateway/reports/report.h"
#include "gateway/reports/text_table.h"
#include "gateway/usd_text.h"

namespace steelyard::reports {
namespace {

constexpr std::string_view figure_names[] = {
    "requests",  "failed",    "prompt_tokens",      "completion_tokens", "web_searches",
    "spent_usd", "held_usd",  "saved_usd",          "fees_usd",          "tasks",
    "results",   "value_usd", "cost_per_result_usd"};

std::string usd(NanoUsd amount) {
  return std::string(UsdText(amount).view());
}

// For people: searches where providers made some, fees where there are plans, tasks where requests
// have one.
bool shown(const Report& report, std::size_t figure) {
  constexpr std::size_t searches = 4, fees = 8;
  if (figure == searches) return report.total.web_searches != 0;
  if (figure < fees) return true;
  return figure == fees ? report.total.fees.v != 0 : report.total.tasks > 0;
}

std::vector<std::string> figures_of(const ReportRow& row) {
  return {std::to_string(row.requests),
          std::to_string(row.failed),
          std::to_string(row.prompt_tokens),
          std::to_string(row.completion_tokens),
          std::to_string(row.web_searches),
          usd(row.spend),
          usd(row.held),
          usd(row.saved),
          usd(row.fees),
          std::to_string(row.tasks),
          std::to_string(row.results),
          usd(row.value),
          row.cost_per_result() ? usd(*row.cost_per_result()) : std::string()};
}

void json_figures(JsonWriter& json, const ReportRow& row) {
  json.field("requests", row.requests).field("failed", row.failed);
  json.field("prompt_tokens", row.prompt_tokens).field("completion_tokens", row.completion_tokens);
  json.field("web_searches", row.web_searches);
  json.field("spend_nano_usd", row.spend.v).field("held_nano_usd", row.held.v);
  json.field("saved_nano_usd", row.saved.v).field("fees_nano_usd", row.fees.v);
  json.field("tasks", row.tasks);
  json.field("results", row.results).field("task_spend_nano_usd", row.task_spend.v);
  json.field("value_nano_usd", row.value.v).key("cost_per_result_nano_usd");
  const std::optional<NanoUsd> each = row.cost_per_result();
  each ? json.number(each->v) : json.null();
}

}  // namespace

std::string report_table(const Report& report) {
  TextTable table(std::max<std::size_t>(report.by.size(), 1));
  std::vector<std::string> head = report.by;
  if (head.empty()) head.emplace_back();
  for (std::size_t i = 0; i < std::size(figure_names); ++i)
    if (shown(report, i)) head.emplace_back(figure_names[i]);
  table.add(std::move(head));
  const auto add = [&](std::vector<std::string> cells, const ReportRow& row) {
    for (std::string& cell : cells)
      if (cell.empty()) cell = "-";
    const std::vector<std::string> figures = figures_of(row);
    for (std::size_t i = 0; i < figures.size(); ++i)
      if (shown(report, i)) cells.push_back(figures[i].empty() ? "-" : figures[i]);
    table.add(std::move(cells));
  };
  if (!report.by.empty())
    for (const ReportRow& row : report.rows) add(row.group, row);
  std::vector<std::string> total(std::max<std::size_t>(report.by.size(), 1), " ");
  total[0] = "total";
  add(std::move(total), report.total);
  return table.text();
}

std::string report_csv(const Report& report) {
  std::string out;
  for (const std::string& name : report.by) out += name + ",";
  for (const std::string_view name : figure_names) out += std::string(name) + ",";
  out.back() = '\r';
  out += '\n';
  for (const ReportRow& row : report.rows) {
    for (const std::string& text : row.group) out += csv_cell(text) + ",";
    for (const std::string& figure : figures_of(row)) out += figure + ",";
    out.back() = '\r';
    out += '\n';
  }
  return out;
}

std::string report_json(const Report& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("rows").begin_array();
  for (const ReportRow& row : report.rows) {
    json.begin_object();
    for (std::size_t i = 0; i < report.by.size(); ++i) json.field(report.by[i], row.group[i]);
    json_figures(json, row);
    json.end_object();
  }
  json.end_array().key("total").begin_object();
  json_figures(json, report.total);
  json.end_object().end_object();
  return out + "\n";
}

}  // namespace steelyard::reports
