#include "gateway/reports/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace steelyard::reports {
namespace {

struct Dimension {
  std::string_view name, sql;
  bool is_time = false;
};

constexpr Dimension dimensions[] = {
    {"organisation", "c.organisation"},
    {"team", "c.organisation || '/' || c.team"},
    {"key", "c.key"},
    {"model", "c.model"},
    {"provider", "c.provider"},
    {"policy", "c.policy"},
    {"tier", "c.tier"},
    {"tag", "coalesce(t.tag, '')"},
    {"task", "c.task"},
    {"session", "c.session"},
    {"result", "coalesce(c.result, '')"},
    {"outcome", "iif(c.request_status = 'success', 'success', c.request_error)"},
    {"month", "local_month(c.start_ns)", true},
    {"day", "local_day(c.start_ns)", true},
    {"hour", "local_hour(c.start_ns)", true},
};

// Sums of money in two halves, so that no 64 bits overflow on the way.
constexpr std::string_view figures =
    "count(distinct c.id), count(distinct iif(c.request_status = 'success', null, c.id)), "
    "sum(c.prompt_tokens), sum(c.completion_tokens), sum(c.web_searches), "
    "sum(c.spend_nano_usd / 1000000000), sum(c.spend_nano_usd % 1000000000), "
    "sum(c.held_nano_usd / 1000000000), sum(c.held_nano_usd % 1000000000), "
    "sum(c.saved_nano_usd / 1000000000), sum(c.saved_nano_usd % 1000000000), "
    "count(distinct iif(c.task = '', null, c.organisation || char(10) || c.task)), "
    "sum(c.closes and c.result = 'success'), "
    "sum(iif(c.task = '', 0, c.spend_nano_usd / 1000000000)), "
    "sum(iif(c.task = '', 0, c.spend_nano_usd % 1000000000)), "
    "sum(iif(c.closes, c.value_nano_usd / 1000000000, 0)), "
    "sum(iif(c.closes, c.value_nano_usd % 1000000000, 0)) ";

auto bad(const std::string& what) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never, what);
}

const Dimension* find(std::string_view name) {
  for (const Dimension& dimension : dimensions)
    if (dimension.name == name) return &dimension;
  return nullptr;
}

Result<const Dimension*> dimension_of(const std::string& name) {
  if (const Dimension* const found = find(name)) return found;
  return bad("a report cannot be made by `" + name + "`");
}

NanoUsd money(const Statement& row, int at) {
  const Int128 sum = static_cast<Int128>(row.integer(at)) * 1'000'000'000 + row.integer(at + 1);
  const Int128 most = INT64_MAX;
  return {static_cast<std::int64_t>(std::clamp(sum, -most, most))};
}

void take_figures(const Statement& row, int at, ReportRow& out) {
  out.requests = row.integer(at);
  out.failed = row.integer(at + 1);
  out.prompt_tokens = row.integer(at + 2);
  out.completion_tokens = row.integer(at + 3);
  out.web_searches = row.integer(at + 4);
  out.spend = money(row, at + 5);
  out.held = money(row, at + 7);
  out.saved = money(row, at + 9);
  out.tasks = row.integer(at + 11);
  out.results = row.integer(at + 12);
  out.task_spend = money(row, at + 13);
  out.value = money(row, at + 15);
}

std::string local_text(const router::Zone& zone, std::int64_t ns, int parts) {
  const std::int64_t local = zone.local_seconds({ns});
  const std::int64_t day = local >= 0 ? local / 86'400 : (local - 86'399) / 86'400;
  const router::CivilDate date = router::civil_from_days(day);
  if (parts == 2) return fmt::format("{:04}-{:02}", date.year, date.month);
  std::string out = fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
  if (parts == 4) out += fmt::format("T{:02}", (local - day * 86'400) / 3'600);
  return out;
}

// What a fee can be asked by: its own columns for those of a charge.
constexpr Dimension fee_dimensions[] = {
    {"organisation", "f.organisation"},      {"team", "f.organisation || '/' || f.team"},
    {"month", "local_month(f.at_ns)", true}, {"day", "local_day(f.at_ns)", true},
    {"hour", "local_hour(f.at_ns)", true},
};

const Dimension* fee_dimension(std::string_view name) {
  for (const Dimension& dimension : fee_dimensions)
    if (dimension.name == name) return &dimension;
  return nullptr;
}

Result<void> add_calendar(Database& database, const router::Zone& zone) {
  const auto shared = std::make_shared<const router::Zone>(zone);
  const std::pair<const char*, int> functions[] = {
      {"local_month", 2}, {"local_day", 3}, {"local_hour", 4}};
  for (const auto& [name, parts] : functions) {
    const int count = parts;
    const Result<void> added = database.add_function(
        name, [shared, count](std::int64_t ns) { return local_text(*shared, ns, count); });
    if (!added) return fail(added.error());
  }
  return {};
}

// The conditions; their parameters in the order of bind().
Result<std::string> conditions(const ReportQuery& query) {
  std::string sql = "c.start_ns >= ? and c.start_ns < ?";
  for (const auto& [name, value] : query.where) {
    const Result<const Dimension*> dimension = dimension_of(name);
    if (!dimension) return fail(dimension.error());
    if (name == "tag") {
      sql += " and exists(select 1 from tags w where w.request = c.id and w.tag = ?)";
      continue;
    }
    // `search` means the team in whichever organisation, `acme/search` this one.
    const bool bare = name == "team" && value.find('/') == std::string::npos;
    sql += fmt::format(" and {} = ?", bare ? std::string_view("c.team") : (*dimension)->sql);
  }
  return sql;
}

Result<Statement> prepare(ReadStore& store, const ReportQuery& query, const std::string& sql) {
  Result<Statement> statement = store.database().prepare(sql);
  if (!statement) return statement;
  statement->bind(1, query.from.ns).bind(2, query.to.ns);
  int at = 2;
  for (const auto& condition : query.where)
    statement->bind(++at, std::string_view(condition.second));
  return statement;
}

}  // namespace

namespace {

// Into the rows they belong to; a team that paid and asked nothing gets a row of its own.
Result<void> add_fees(ReadStore& store, const ReportQuery& query, Report& report) {
  std::string columns, group, where = "f.at_ns >= ? and f.at_ns < ?";
  for (const std::string& name : query.by) {
    const Dimension* const dimension = fee_dimension(name);
    if (dimension == nullptr) return {};
    columns += std::string(dimension->sql) + ", ";
    group += (group.empty() ? " group by " : ", ") + std::to_string(&name - query.by.data() + 1);
  }
  for (const auto& [name, value] : query.where) {
    const Dimension* const dimension = fee_dimension(name);
    if (dimension == nullptr) return {};
    const bool bare = name == "team" && value.find('/') == std::string::npos;
    where += fmt::format(" and {} = ?", bare ? std::string_view("f.team") : dimension->sql);
  }
  Result<Statement> rows =
      prepare(store, query,
              fmt::format("select {}sum(f.nano_usd / 1000000000), sum(f.nano_usd % 1000000000) "
                          "from fees f where {}{}",
                          columns, where, group));
  if (!rows) return fail(rows.error());
  const int first = static_cast<int>(query.by.size());
  for (Result<bool> row = rows->step();; row = rows->step()) {
    if (!row) return fail(row.error());
    if (!*row) return {};
    std::vector<std::string> names;
    names.reserve(query.by.size());
    for (int i = 0; i < first; ++i) names.emplace_back(rows->text(i));
    const NanoUsd fees = money(*rows, first);
    report.total.fees += fees;
    const auto same = [&](const ReportRow& one) { return one.group == names; };
    auto place = std::find_if(report.rows.begin(), report.rows.end(), same);
    if (place == report.rows.end()) {
      if (fees.v == 0) continue;
      place = report.rows.insert(report.rows.end(), ReportRow{});
      place->group = names;
    }
    place->fees += fees;
  }
}

}  // namespace

Result<Statement> select_charges(ReadStore& store, const ReportQuery& query,
                                 std::string_view columns, std::string_view order) {
  const Result<void> calendar = add_calendar(store.database(), query.zone);
  if (!calendar) return fail(calendar.error());
  const Result<std::string> where = conditions(query);
  if (!where) return fail(where.error());
  return prepare(store, query,
                 fmt::format("select {} from charges c where {} {}", columns, *where, order));
}

std::optional<NanoUsd> ReportRow::cost_per_result() const {
  if (results <= 0) return std::nullopt;
  const std::int64_t whole = task_spend.v / results;
  return NanoUsd{whole + (task_spend.v % results > 0 ? 1 : 0)};
}

std::vector<std::string_view> report_dimensions() {
  std::vector<std::string_view> out;
  for (const Dimension& dimension : dimensions) out.push_back(dimension.name);
  return out;
}

Result<Report> run_report(ReadStore& store, const ReportQuery& query) {
  const Result<void> calendar = add_calendar(store.database(), query.zone);
  if (!calendar) return fail(calendar.error());
  const Result<std::string> where = conditions(query);
  if (!where) return fail(where.error());
  std::string columns, group, order;
  bool tags = false;
  for (const std::string& name : query.by) {
    const Result<const Dimension*> dimension = dimension_of(name);
    if (!dimension) return fail(dimension.error());
    const std::string number = std::to_string(&name - query.by.data() + 1);
    columns += std::string((*dimension)->sql) + ", ";
    group += (group.empty() ? " group by " : ", ") + number;
    if ((*dimension)->is_time && group.ends_with("by " + number)) order = number + ", ";
    tags |= name == "tag";
  }
  Report report;
  report.by = query.by;
  const std::string from = fmt::format("from charges c {}where {}",
                                       tags ? "left join tags t on t.request = c.id " : "", *where);
  Result<Statement> rows =
      prepare(store, query,
              fmt::format("select {}{}{}{} order by {}sum(c.spend_nano_usd) desc{}", columns,
                          figures, from, group, order, query.by.empty() ? "" : ", 1"));
  if (!rows) return fail(rows.error());
  const int first = static_cast<int>(query.by.size());
  for (Result<bool> row = rows->step();; row = rows->step()) {
    if (!row) return fail(row.error());
    if (!*row) break;
    ReportRow& out = report.rows.emplace_back();
    out.group.reserve(query.by.size());
    for (int i = 0; i < first; ++i) out.group.emplace_back(rows->text(i));
    take_figures(*rows, first, out);
  }
  Result<Statement> total =
      prepare(store, query, fmt::format("select {}from charges c where {}", figures, *where));
  if (!total) return fail(total.error());
  const Result<bool> row = total->step();
  if (!row) return fail(row.error());
  take_figures(*total, 0, report.total);
  const Result<void> fees = add_fees(store, query, report);
  if (!fees) return fail(fees.error());
  return report;
}

}  // namespace steelyard::reports
