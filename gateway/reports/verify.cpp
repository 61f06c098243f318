#include "gateway/reports/verify.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "config/types/json_writer.h"
#include "gateway/reports/decision_line.h"
#include "gateway/reports/metrics_page.h"
#include "gateway/reports/read_store.h"
#include "gateway/usd_text.h"
#include "router/ledger/unit.h"

namespace steelyard::reports {
namespace {

using router::Balances;

// A record's time is that of its reserve, which another request's records may have overtaken.
constexpr std::int64_t overtaking_ns = 5 * Instant::kPerSecond;

std::string usd(Int128 nano) {
  const bool fits = nano <= INT64_MAX && nano >= INT64_MIN;
  if (!fits) return "more than can be counted";
  return "$" + std::string(UsdText({static_cast<std::int64_t>(nano)}).view());
}

// What the journal says of one request, over its attempts.
struct TracedRequest {
  Int128 posted = 0;
  bool open = false;          // an attempt has not ended
  bool out_of_reach = false;  // an attempt began before the first record
  bool recovered = false;     // ended, and nobody saw how
  bool seen = false;          // in the decision log
};

struct RequestOrder {
  bool operator()(const router::RequestId& a, const router::RequestId& b) const { return a < b; }
};
using Requests = std::map<router::RequestId, TracedRequest, RequestOrder>;

class Comparison {
 public:
  Comparison(const VerifyOptions& options, const JournalTrace& trace)
      : options_(options), trace_(trace) {
    report_.records = trace.records;
    report_.attempts = trace.attempts.size();
    report_.snapshots = trace.snapshots_compared;
    report_.complete = trace.complete;
    for (const std::string& problem : trace.problems) differ("journal", options.directory, problem);
  }

  void balances();
  void attempts();
  Result<void> decision_log();
  Result<void> store();
  Result<void> read_metrics();
  void metrics();
  VerifyReport take() { return std::move(report_); }

 private:
  void differ(const char* what, std::string subject, std::string text) {
    ++report_.differences;
    if (report_.listed.size() < options_.differences_max)
      report_.listed.push_back({what, std::move(subject), std::move(text)});
  }
  void balance(const std::string& name, const char* kind, Int128 expected, NanoUsd told) {
    if (expected != told.v)
      differ("balance", name,
             fmt::format("{}: the attempts add up to {}, the books say {}", kind, usd(expected),
                         usd(told.v)));
  }
  void line(const DecisionLine& line);
  void metric(const std::string& name, Int128 told, Int128 expected, const char* where) {
    ++report_.metrics_compared;
    if (told != expected)
      differ("metric", name, fmt::format("says {}, the {} {}", usd(told), where, usd(expected)));
  }
  bool counts_for_plan(const TracedAttempt& attempt) const {
    const auto& accounts = trace_.after.accounts();
    return !attempt.windows.empty() && attempt.windows[0].account < accounts.size() &&
           router::of_plan(accounts[attempt.windows[0].account].scope);
  }
  void budget_metric(const MetricsPage& page, const MetricSample& spent);

  const VerifyOptions& options_;
  const JournalTrace& trace_;
  Requests requests_;
  Int128 logged_ = 0;  // spend of all lines
  std::optional<MetricsPage> page_;
  Instant process_start_;                                         // of the process the page is from
  Int128 spent_since_ = 0, saved_since_ = 0, overrun_since_ = 0;  // by lines that began since
  VerifyReport report_;
};

Balances::Window window_before(const JournalTrace& trace, std::size_t account, Instant start) {
  if (account >= trace.before.accounts().size()) return {};
  for (const Balances::Window& window : trace.before.accounts()[account].windows)
    if (window.balance.start == start) return window;
  return {};
}

void Comparison::balances() {
  const std::vector<Balances::Account>& accounts = trace_.after.accounts();
  report_.accounts = accounts.size();
  for (std::size_t a = 0; a < accounts.size(); ++a) {
    for (const Balances::Window& window : accounts[a].windows) {
      ++report_.windows;
      const router::WindowBalance& told = window.balance;
      const router::WindowBalance base = window_before(trace_, a, told.start).balance;
      TracedWindow added;
      const auto found = trace_.windows.find({static_cast<std::uint32_t>(a), told.start.ns});
      if (found != trace_.windows.end()) added = found->second;
      const std::string name =
          fmt::format("{} from {}", accounts[a].scope, told.start.ns / Instant::kPerSecond);
      balance(name, "posted", added.posted + base.posted.v, told.posted);
      balance(name, "held", added.held + base.held.v, told.held);
      balance(name, "credit", added.credit + base.credit.v, told.credit);
      balance(name, "overrun", added.overrun + base.overrun.v, told.overrun);
    }
  }
}

void Comparison::attempts() {
  std::size_t open = 0;
  Int128 recovered = 0;
  for (const auto& [key, attempt] : trace_.attempts) {
    TracedRequest& request = requests_[key.request];
    // What a plan's quota counts is not what the request cost.
    if (!counts_for_plan(attempt)) request.posted += attempt.posted.v;
    request.out_of_reach |= attempt.began_before;
    if (attempt.end == AttemptEnd::open) {
      ++open;
      request.open = true;
      const auto held = trace_.after.open_holds().find(key);
      if (held == trace_.after.open_holds().end() || held->second.amount != attempt.held)
        differ("balance", text_of(key.request), "in flight, but the books do not hold it");
    }
    if (attempt.end == AttemptEnd::expired) {
      request.recovered = true;
      ++report_.recovered;
      recovered += attempt.posted.v;
    }
  }
  report_.open = open;
  report_.recovered_amount.v = static_cast<std::int64_t>(recovered);
  if (open != trace_.after.open_holds().size())
    differ("balance", "holds",
           fmt::format("{} attempts are in flight, the books hold {}", open,
                       trace_.after.open_holds().size()));
}

void Comparison::line(const DecisionLine& line) {
  ++report_.lines;
  logged_ += line.spend.v;
  if (page_ && line.start >= process_start_) {
    spent_since_ += line.spend.v;
    saved_since_ += line.compared ? line.saved.v : 0;
    overrun_since_ += line.overrun.v;
  }
  Int128 attempts = 0;
  for (const LineAttempt& attempt : line.attempts) attempts += attempt.cost.v;
  if (line.attempts_omitted == 0 && attempts != line.spend.v)
    differ("request", text_of(line.id),
           fmt::format("its attempts cost {}, it cost {}", usd(attempts), usd(line.spend.v)));
  const auto found = requests_.find(line.id);
  const bool early = line.start < options_.since ||
                     (!trace_.complete && line.start.ns < trace_.first.ns + overtaking_ns);
  if (found == requests_.end()) {
    if (!line.governed || line.spend.v == 0) return;  // no budget, or nothing was sent
    if (early) {
      ++report_.lines_out_of_reach;
      return;
    }
    return differ("request", text_of(line.id),
                  fmt::format("the log says {}, the journal does not know it", usd(line.spend.v)));
  }
  TracedRequest& request = found->second;
  if (request.seen) return differ("request", text_of(line.id), "two lines of the decision log");
  request.seen = true;
  if (request.out_of_reach || early) {
    ++report_.lines_out_of_reach;
    return;
  }
  ++report_.requests_compared;
  if (request.posted != line.spend.v)
    differ("request", text_of(line.id),
           fmt::format("the log says {}, the journal {}", usd(line.spend.v), usd(request.posted)));
}

Result<void> Comparison::decision_log() {
  for (const std::string& path : options_.decisions) {
    const Result<LogReading> reading =
        read_decisions(path, 0, [&](const DecisionLine& decision) { line(decision); });
    if (!reading) return fail(reading.error());
  }
  std::map<router::RequestId, Instant> ended;
  for (const auto& [key, attempt] : trace_.attempts)
    ended[key.request] = std::max(ended[key.request], attempt.ended);
  for (const auto& [id, request] : requests_) {
    // A process that died wrote no line for what was in flight: its end is a recovery, whole.
    const bool explained = request.seen || request.open || request.recovered ||
                           request.out_of_reach || request.posted == 0;
    if (explained || ended[id] < options_.since) continue;
    differ("request", text_of(id),
           fmt::format("the journal says {}, the decision log has no line", usd(request.posted)));
  }
  return {};
}

Result<void> Comparison::store() {
  Result<ReadStore> store = ReadStore::open(options_.read_store, ReadStore::Mode::read);
  if (!store) return fail(store.error());
  const Result<StoreTotals> totals = store->totals();
  if (!totals) return fail(totals.error());
  report_.stored = totals->requests;
  if (totals->requests != report_.lines || totals->spend != logged_)
    differ("read store", options_.read_store,
           fmt::format("holds {} requests and {}, the decision log {} and {}; rebuild it",
                       totals->requests, usd(totals->spend), report_.lines, usd(logged_)));
  return {};
}

Result<void> Comparison::read_metrics() {
  if (options_.metrics.empty()) return {};
  Result<MetricsPage> page = MetricsPage::parse(options_.metrics);
  if (!page) return fail(page.error());
  if (!page->has("process_start_time_seconds") || !page->has("steelyard_saved_usd"))
    return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never,
                "the metrics are not those of this gateway");
  process_start_ = Instant{page->of("process_start_time_seconds").front().value.v};
  page_ = std::move(*page);
  return {};
}

// What the process counted since it began, and how its budgets stood.
void Comparison::metrics() {
  const MetricsPage& page = *page_;
  if (!options_.decisions.empty()) {
    const char* const log = "decision log since its start";
    metric("steelyard_cost_usd_total", page.sum("steelyard_cost_usd_total"), spent_since_, log);
    metric("steelyard_saved_usd", page.sum("steelyard_saved_usd"), saved_since_, log);
    metric("steelyard_settle_overrun_usd_total", page.sum("steelyard_settle_overrun_usd_total"),
           overrun_since_, log);
  }
  for (const MetricSample& spent : page.of("steelyard_budget_spent_usd"))
    budget_metric(page, spent);
}

// The budget is known by its name and by when its window ends: a scope may have two of one kind.
void Comparison::budget_metric(const MetricsPage& page, const MetricSample& spent) {
  const auto twin = [&](std::string_view name) -> const MetricSample* {
    std::size_t place = 0;  // of samples with these labels, the first, the second ...
    for (const MetricSample& sample : page.of("steelyard_budget_spent_usd")) {
      if (&sample == &spent) break;
      place += sample.labels == spent.labels;
    }
    for (const MetricSample& sample : page.of(name))
      if (sample.labels == spent.labels && place-- == 0) return &sample;
    return nullptr;
  };
  const MetricSample* const end = twin("steelyard_budget_window_end_timestamp_seconds");
  const MetricSample* const held = twin("steelyard_budget_reserved_usd");
  const std::string scope = spent.labels.count("budget") ? spent.labels.at("budget") : "";
  const std::string per = spent.labels.count("window") ? spent.labels.at("window") : "";
  // A rolling one is the sum of what counted when the page was made; the journal has its parts.
  if (per == window_word(WindowKind::rolling)) return;
  Int128 posted = 0, reserved = 0;
  for (const Balances::Account& account : trace_.after.accounts()) {
    if (account.scope != scope || per != window_word(account.per)) continue;
    for (const Balances::Window& window : account.windows) {
      const bool endless = window.balance.end.ns == INT64_MAX;
      const bool same = end == nullptr ? endless
                                       : !endless && window.balance.end.seconds() ==
                                                         end->value.v / Instant::kPerSecond;
      if (!same) continue;
      posted = window.balance.posted.v;
      reserved = window.balance.held.v;
    }
  }
  const std::string name = fmt::format("of budget `{}` per {}", scope, per);
  metric("steelyard_budget_spent_usd " + name, spent.value.v, posted, "journal");
  if (held != nullptr)
    metric("steelyard_budget_reserved_usd " + name, held->value.v, reserved, "journal");
}

}  // namespace

Result<VerifyReport> verify(const VerifyOptions& options) {
  const Result<JournalTrace> trace = trace_journal(options.directory);
  if (!trace) return fail(trace.error());
  Comparison comparison(options, *trace);
  if (const Result<void> read = comparison.read_metrics(); !read) return fail(read.error());
  comparison.balances();
  comparison.attempts();
  if (!options.decisions.empty()) {
    const Result<void> done = comparison.decision_log();
    if (!done) return fail(done.error());
  }
  if (!options.read_store.empty()) {
    const Result<void> done = comparison.store();
    if (!done) return fail(done.error());
  }
  if (!options.metrics.empty()) comparison.metrics();
  return comparison.take();
}

std::string verify_text(const VerifyReport& r) {
  std::string out = fmt::format(
      "journal     {} records{}, {} attempts, {} in flight; {} snapshots replayed\n"
      "balances    {} accounts, {} windows\n",
      r.records, r.complete ? ", from the first on" : " after the oldest snapshot", r.attempts,
      r.open, r.snapshots, r.accounts, r.windows);
  if (r.recovered > 0)
    out += fmt::format("recovered   {} attempts whose end nobody saw, booked in full: {}\n",
                       r.recovered, usd(r.recovered_amount.v));
  if (r.lines > 0)
    out += fmt::format("decisions   {} lines, {} requests compared, {} older than the journal\n",
                       r.lines, r.requests_compared, r.lines_out_of_reach);
  if (r.stored > 0) out += fmt::format("read store  {} requests\n", r.stored);
  if (r.metrics_compared > 0) out += fmt::format("metrics     {} figures\n", r.metrics_compared);
  for (const Difference& d : r.listed)
    out += fmt::format("DIFFERENT   {} {}: {}\n", d.what, d.subject, d.text);
  if (r.differences > r.listed.size())
    out += fmt::format("... and {} more\n", r.differences - r.listed.size());
  out +=
      r.good() ? "all agree, to the nano-dollar\n" : fmt::format("{} differences\n", r.differences);
  return out;
}

std::string verify_json(const VerifyReport& r) {
  std::string out;
  JsonWriter json(out);
  const auto count = [&](const char* name, std::uint64_t value) {
    json.key(name).number_unsigned(value);
  };
  json.begin_object().field("agree", r.good());
  count("differences", r.differences);
  count("records", r.records);
  count("attempts", r.attempts);
  count("in_flight", r.open);
  count("snapshots", r.snapshots);
  count("accounts", r.accounts);
  count("windows", r.windows);
  count("recovered", r.recovered);
  json.field("recovered_nano_usd", r.recovered_amount.v);
  count("lines", r.lines);
  count("requests_compared", r.requests_compared);
  count("lines_out_of_reach", r.lines_out_of_reach);
  count("stored", r.stored);
  count("metrics_compared", r.metrics_compared);
  json.field("complete", r.complete).key("listed").begin_array();
  for (const Difference& d : r.listed) {
    json.begin_object().field("what", d.what).field("subject", d.subject);
    json.field("text", d.text).end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

}  // namespace steelyard::reports
