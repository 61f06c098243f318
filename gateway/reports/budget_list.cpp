#include "gateway/reports/budget_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/types/json_writer.h"
#include "gateway/reports/text_table.h"
#include "gateway/usd_text.h"
#include "router/ledger/amounts.h"
#include "router/ledger/pace.h"
#include "router/ledger/rolling.h"
#include "router/ledger/unit.h"
#include "router/ledger/zone.h"

namespace steelyard::reports {
namespace {

std::string amount_text(NanoUsd amount, std::string_view unit) {
  if (!unit.empty()) return fmt::format("{} {}", amount.v, unit);
  return "$" + std::string(UsdText(amount).view());
}

std::string time_text(Instant at) {
  if (at.ns == INT64_MAX) return "never";
  const std::int64_t seconds = at.seconds();
  const router::CivilDate date = router::civil_from_days(seconds / 86'400);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}Z", date.year, date.month, date.day,
                     seconds % 86'400 / 3'600, seconds % 3'600 / 60);
}

// The buckets that still count at `now`.
void add_rolling(BudgetLine& line, const router::Balances::Account& account, Instant now) {
  const std::int64_t bucket = router::rolling_bucket_ns(account.rolling_s);
  const Instant newest{now.ns - (now.ns % bucket + bucket) % bucket};
  line.start = router::rolling_begin(newest, bucket);
  line.end = {newest.ns + bucket};
  for (const router::Balances::Window& window : account.windows) {
    if (window.balance.start < line.start) continue;
    line.posted += window.balance.posted;
    line.held += window.balance.held;
    line.overrun += window.balance.overrun;
  }
}

}  // namespace

std::vector<BudgetLine> list_budgets(const router::Balances& balances, Instant now) {
  std::vector<BudgetLine> out;
  for (const router::Balances::Account& account : balances.accounts()) {
    BudgetLine& line = out.emplace_back();
    line.scope = account.scope;
    line.zone = account.zone;
    line.per = account.per;
    line.limit = account.set_limit.v >= 0 ? account.set_limit : account.limit;
    if (account.per == WindowKind::rolling) {
      add_rolling(line, account, now);
      continue;
    }
    if (account.windows.empty() || account.windows.back().balance.end <= now) continue;
    const router::WindowBalance& window = account.windows.back().balance;
    line.limit.v = std::max<std::int64_t>(router::saturating_add(line.limit, window.credit).v, 0);
    line.posted = window.posted;
    line.held = window.held;
    line.overrun = window.overrun;
    line.credit = window.credit;
    line.start = window.start;
    line.end = window.end;
    if (router::is_fee(line.scope)) continue;
    const router::Pace pace = router::pace_of(line.limit, line.posted, line.start, line.end, now);
    line.burn_per_day = pace.burn_per_day;
    line.exhausted_at = pace.exhausted_at;
    line.pace = pace.percent;
  }
  return out;
}

std::string budgets_table(const std::vector<BudgetLine>& lines) {
  TextTable table(2);
  table.add({"scope", "per", "limit", "spent", "held", "left", "used", "a day", "pace", "until",
             "gone at"});
  for (const BudgetLine& line : lines) {
    const std::string_view unit = router::unit_of(line.scope);
    const auto text = [&](NanoUsd amount) { return amount_text(amount, unit); };
    table.add({line.scope, window_word(line.per), text(line.limit), text(line.posted),
               text(line.held), text(line.remaining()),
               std::to_string(router::percent_of(line.posted, line.limit)) + "%",
               line.burn_per_day.v == 0 ? "-" : text(line.burn_per_day),
               line.pace < 0 ? "-" : std::to_string(line.pace) + "%",
               line.start.ns == line.end.ns ? "-" : time_text(line.end),
               line.exhausted_at ? time_text(*line.exhausted_at) : "-"});
  }
  return table.text();
}

std::string budgets_json(const std::vector<BudgetLine>& lines) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("budgets").begin_array();
  for (const BudgetLine& line : lines) {
    json.begin_object().field("scope", line.scope).field("per", window_word(line.per));
    if (const std::string_view unit = router::unit_of(line.scope); !unit.empty())
      json.field("unit", unit);
    json.field("time_zone", line.zone).field("limit_nano_usd", line.limit.v);
    json.field("posted_nano_usd", line.posted.v).field("held_nano_usd", line.held.v);
    json.field("overrun_nano_usd", line.overrun.v).field("credit_nano_usd", line.credit.v);
    json.field("remaining_nano_usd", line.remaining().v);
    json.field("burn_per_day_nano_usd", line.burn_per_day.v).key("pace_percent");
    line.pace < 0 ? json.null() : json.number(line.pace);
    json.field("window_start_ns", line.start.ns).field("window_end_ns", line.end.ns);
    json.key("exhausted_at_ns");
    line.exhausted_at ? json.number(line.exhausted_at->ns) : json.null();
    json.end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

}  // namespace steelyard::reports
