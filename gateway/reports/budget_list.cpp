#include "gateway/reports/budget_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/types/json_writer.h"
#include "gateway/reports/text_table.h"
#include "gateway/usd_text.h"
#include "router/ledger/amounts.h"
#include "router/ledger/rolling.h"
#include "router/ledger/zone.h"

namespace steelyard::reports {
namespace {

constexpr std::int64_t day_ns = 86'400 * Instant::kPerSecond;
// A rate over less than this says nothing.
constexpr std::int64_t least_ns = 60 * Instant::kPerSecond;

std::string usd(NanoUsd amount) {
  return "$" + std::string(UsdText(amount).view());
}

std::string time_text(Instant at) {
  if (at.ns == INT64_MAX) return "never";
  const std::int64_t seconds = at.seconds();
  const router::CivilDate date = router::civil_from_days(seconds / 86'400);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}Z", date.year, date.month, date.day,
                     seconds % 86'400 / 3'600, seconds % 3'600 / 60);
}

// By the time since the window began; a lifetime began when nobody knows, so it has no rate.
void forecast(BudgetLine& line, Instant now) {
  const std::int64_t passed = now.ns - line.start.ns;
  if (line.start.ns == 0 || passed < least_ns || line.posted.v <= 0) return;
  const Int128 burn = static_cast<Int128>(line.posted.v) * day_ns / passed;
  line.burn_per_day.v = static_cast<std::int64_t>(std::min<Int128>(burn, INT64_MAX));
  const NanoUsd left = line.limit - line.posted;
  const Int128 until =
      left.v <= 0 ? Int128{0} : static_cast<Int128>(left.v) * passed / line.posted.v;
  if (until + now.ns < line.end.ns)
    line.exhausted_at = Instant{static_cast<std::int64_t>(until + now.ns)};
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
  forecast(line, now);
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
    forecast(line, now);
  }
  return out;
}

std::string budgets_table(const std::vector<BudgetLine>& lines) {
  TextTable table(2);
  table.add(
      {"scope", "per", "limit", "spent", "held", "left", "used", "a day", "until", "gone at"});
  for (const BudgetLine& line : lines)
    table.add({line.scope, window_word(line.per), usd(line.limit), usd(line.posted), usd(line.held),
               usd(line.remaining()),
               std::to_string(router::percent_of(line.posted, line.limit)) + "%",
               line.burn_per_day.v == 0 ? "-" : usd(line.burn_per_day),
               line.start.ns == line.end.ns ? "-" : time_text(line.end),
               line.exhausted_at ? time_text(*line.exhausted_at) : "-"});
  return table.text();
}

std::string budgets_json(const std::vector<BudgetLine>& lines) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("budgets").begin_array();
  for (const BudgetLine& line : lines) {
    json.begin_object().field("scope", line.scope).field("per", window_word(line.per));
    json.field("time_zone", line.zone).field("limit_nano_usd", line.limit.v);
    json.field("posted_nano_usd", line.posted.v).field("held_nano_usd", line.held.v);
    json.field("overrun_nano_usd", line.overrun.v).field("credit_nano_usd", line.credit.v);
    json.field("remaining_nano_usd", line.remaining().v);
    json.field("burn_per_day_nano_usd", line.burn_per_day.v);
    json.field("window_start_ns", line.start.ns).field("window_end_ns", line.end.ns);
    json.key("exhausted_at_ns");
    line.exhausted_at ? json.number(line.exhausted_at->ns) : json.null();
    json.end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

}  // namespace steelyard::reports
