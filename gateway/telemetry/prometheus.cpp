#include "gateway/telemetry/prometheus.h"

#include <memory>

#include "config/types/losses.h"
#include "gateway/telemetry/metrics.h"
#include "gateway/telemetry/metrics_tables.h"
#include "gateway/telemetry/process_metrics.h"
#include "gateway/telemetry/prometheus_page.h"
#include "gateway/telemetry/receipt.h"
#include "router/ledger/pace_view.h"
#include "router/ledger/unit.h"

namespace steelyard::telemetry {
namespace {

constexpr int kNano = 9, kMilli = 3, kMillion = 6;

std::string_view outcome_name(std::size_t index) {
  return index == 0 ? "success" : name_of(static_cast<ErrorKind>(index - 1));
}

void requests(PrometheusPage& page, const MetricsTables& t) {
  page.family("requests_total", "counter",
              "Requests answered or given up, by what the client got.");
  for (std::size_t d = 0; d < dialects_count; ++d)
    for (std::size_t c = 0; c < calls_count; ++c)
      for (std::size_t o = 0; o < outcomes_count; ++o)
        if (const std::int64_t n = t.requests[d][c][o].read(); n != 0)
          page.integer(n, {{"dialect", name_of(static_cast<WireDialect>(d))},
                           {"call_type", name_of(static_cast<CallType>(c))},
                           {"outcome", outcome_name(o)}});
  page.family("request_duration_seconds", "histogram",
              "Whole request, first byte in to last byte out.");
  constexpr std::string_view ends[] = {"success", "failure", "aborted"};
  for (std::size_t e = 0; e < request_ends_count; ++e)
    page.histogram(t.duration[e], kNano, {{"outcome", ends[e]}});
  page.family("overhead_seconds", "histogram",
              "The gateway's own share of a request: waiting for peers excluded.");
  page.histogram(t.overhead, kNano);
  page.family("inter_token_seconds", "histogram",
              "Mean time between two tokens of a streamed answer.");
  page.histogram(t.inter_token, kNano);
  page.family("client_aborts_total", "counter", "Requests whose client left before the end.");
  page.integer(t.aborted_early.read(), {{"when", "before_first_byte"}});
  page.integer(t.aborted_mid_stream.read(), {{"when", "mid_stream"}});
  page.family("dropped_fields_total", "counter",
              "Requests that lost something in translation, by what it was.");
  for (std::size_t l = 0; l < losses_count; ++l)
    if (const std::int64_t n = t.dropped[l].read(); n != 0)
      page.integer(n, {{"field", steelyard::name_of(static_cast<Loss>(l))}});
  page.family("retries_total", "counter", "Attempts after the first, same model or next.");
  page.integer(t.retries.read());
  page.family("escalations_total", "counter", "Answers thrown away for one of the next tier.");
  page.integer(t.escalations.read());
}

// Per (provider, model): attempts, first token, tokens, cost. Series appear with their first count.
void targets(PrometheusPage& page, const MetricsTables& t, const Labels& labels) {
  const auto names = labels.targets();
  page.family("upstream_attempts_total", "counter",
              "Requests sent to providers, by how they ended.");
  for (std::size_t i = 0; i < names.size(); ++i)
    for (std::size_t o = 0; o < outcomes_count; ++o)
      if (const std::int64_t n = t.targets[i].attempts[o].read(); n != 0)
        page.integer(n, {{"provider", names[i].provider},
                         {"model", names[i].model},
                         {"result", outcome_name(o)}});

  page.family("time_to_first_token_seconds", "histogram",
              "Start of the request to the first byte of its answer.");
  for (std::size_t i = 0; i < names.size(); ++i)
    if (const auto& h = t.targets[i].first_token; h.sum.read() != 0)
      page.histogram(h, kNano, {{"provider", names[i].provider}, {"model", names[i].model}});

  page.family("token_estimate_error_ratio", "histogram",
              "Counted input tokens against the provider's, |a-b|/b, by how they were counted.");
  constexpr std::string_view kinds[] = {"exact", "calibrated", "prior"};
  for (std::size_t i = 0; i < names.size(); ++i)
    for (std::size_t k = 0; k < count_kinds; ++k)
      if (const auto& h = t.targets[i].estimate_error[k]; !h.empty())
        page.histogram(
            h, kMillion,
            {{"provider", names[i].provider}, {"model", names[i].model}, {"kind", kinds[k]}});

  page.family("tokens_total", "counter",
              "Billable tokens, failed attempts included. Kinds do not overlap.");
  for (std::size_t i = 0; i < names.size(); ++i) {
    const TargetCounters& c = t.targets[i];
    const auto print = [&](const Counter& counter, std::string_view direction,
                           std::string_view kind) {
      if (counter.read() == 0) return;
      page.integer(counter.read(), {{"provider", names[i].provider},
                                    {"model", names[i].model},
                                    {"direction", direction},
                                    {"kind", kind}});
    };
    print(c.input, "input", "plain");
    print(c.input_cached, "input", "cached");
    print(c.input_cache_write, "input", "cache_write");
    print(c.output, "output", "plain");
    print(c.output_reasoning, "output", "reasoning");
  }
  page.family("web_searches_total", "counter", "Web searches that providers made and bill.");
  for (std::size_t i = 0; i < names.size(); ++i)
    if (const std::int64_t n = t.targets[i].web_searches.read(); n != 0)
      page.integer(n, {{"provider", names[i].provider}, {"model", names[i].model}});
  page.family("cost_usd_total", "counter", "Money booked, US dollars.");
  for (std::size_t i = 0; i < names.size(); ++i)
    if (const std::int64_t nano = t.targets[i].cost.read(); nano != 0)
      page.decimal(nano, kNano, {{"provider", names[i].provider}, {"model", names[i].model}});
}

void decisions(PrometheusPage& page, const MetricsTables& t, const Labels& labels) {
  const auto providers = labels.providers();
  page.family("failovers_total", "counter", "Attempts that moved on to another provider.");
  for (std::size_t a = 0; a < providers.size(); ++a)
    for (std::size_t b = 0; b < providers.size(); ++b)
      if (const std::int64_t n = t.failovers[a][b].read(); n != 0)
        page.integer(n, {{"from", providers[a]}, {"to", providers[b]}});
  const auto policies = labels.policies();
  page.family("policy_decisions_total", "counter", "Requests decided by each rule.");
  for (std::size_t p = 0; p < policies.size(); ++p)
    for (const std::size_t denied : {0u, 1u})
      if (const std::int64_t n = t.policies[p][denied].read(); n != 0)
        page.integer(n, {{"rule", policies[p]}, {"effect", denied != 0 ? "deny" : "route"}});
}

void fleet(PrometheusPage& page, const ScrapeInput::Fleet& in) {
  page.family("fleet_store_reachable", "gauge", "1: the store was heard of within a lease.");
  page.integer(in.reachable ? 1 : 0);
  page.family("fleet_replicas", "gauge", "Processes that share budgets, as the store last said.");
  page.integer(in.replicas);
  page.family("fleet_calls_total", "counter", "Calls to the store.");
  page.integer(static_cast<std::int64_t>(in.calls));
  page.family("fleet_call_failures_total", "counter", "Calls that the store did not answer well.");
  page.integer(static_cast<std::int64_t>(in.failures));
  page.family("fleet_waits_total", "counter", "Requests that waited for money of the fleet.");
  page.integer(static_cast<std::int64_t>(in.granted), {{"answer", "granted"}});
  page.integer(static_cast<std::int64_t>(in.refused), {{"answer", "refused"}});
  page.integer(static_cast<std::int64_t>(in.unanswered), {{"answer", "unanswered"}});
}

void money(PrometheusPage& page, const MetricsTables& t, const ScrapeInput& in) {
  page.family("saved_usd", "gauge",
              "Counterfactual cost minus cost since start, US dollars; may fall.");
  page.decimal(t.saved.read(), kNano);
  page.family("settle_overrun_usd_total", "counter", "Billed above what was held, US dollars.");
  page.decimal(t.overrun.read(), kNano);
  page.family("reservations_expired_total", "counter",
              "Holds that ended by their lease: a leak if it grows.");
  page.integer(in.reservations_expired);
  page.family("reservations_open", "gauge", "Holds now open.");
  page.integer(in.open_holds);

  const auto gauge = [&](std::string_view name, std::string_view help, auto value, int decimals) {
    page.family(name, "gauge", help);
    for (const router::AccountView& b : in.budgets)
      if (router::unit_of(b.scope).empty())
        page.decimal(value(b), decimals, {{"budget", b.scope}, {"window", window_name(b.per)}});
  };
  using View = router::AccountView;
  gauge(
      "budget_limit_usd", "Limit of the current window.", [](const View& b) { return b.limit.v; },
      kNano);
  page.family("budget_spent_usd", "gauge", "Posted in the current window, by this process.");
  for (std::size_t i = 0; i < in.budgets.size(); ++i) {
    const View& b = in.budgets[i];
    const NanoUsd spent = i < in.spent.size() ? in.spent[i] : b.posted;
    if (router::unit_of(b.scope).empty())
      page.decimal(spent.v, kNano, {{"budget", b.scope}, {"window", window_name(b.per)}});
  }
  if (in.fleet)
    gauge(
        "budget_fleet_spent_usd", "Posted in the current window, by all of the fleet.",
        [](const View& b) { return b.posted.v; }, kNano);
  gauge(
      "budget_reserved_usd", "Held in the current window.", [](const View& b) { return b.held.v; },
      kNano);
  page.family("budget_window_end_timestamp_seconds", "gauge",
              "When the window ends; lifetime budgets have none.");
  for (const View& b : in.budgets)
    if (b.window_end.ns != INT64_MAX)
      page.integer(b.window_end.seconds(), {{"budget", b.scope}, {"window", window_name(b.per)}});
}

// Quotas of plans that count tokens or requests.
void quotas(PrometheusPage& page, const ScrapeInput& in) {
  const auto gauge = [&](std::string_view name, std::string_view help, auto value) {
    page.family(name, "gauge", help);
    for (const router::AccountView& b : in.budgets)
      if (const std::string_view unit = router::unit_of(b.scope); !unit.empty())
        page.integer(value(b),
                     {{"quota", b.scope}, {"window", window_name(b.per)}, {"unit", unit}});
  };
  using View = router::AccountView;
  gauge("quota_limit", "Quota of the current window, packs included.",
        [](const View& b) { return b.limit.v; });
  gauge("quota_used", "Used of it.", [](const View& b) { return b.posted.v; });
  gauge("quota_held", "Held of it by requests under way.", [](const View& b) { return b.held.v; });
}

// How fast budgets are used. A budget that will not be gone before its window ends has no moment.
void paces(PrometheusPage& page, const ScrapeInput& in) {
  const auto pace_of = [&](const router::AccountView& b) { return router::pace_of(b, in.now); };
  page.family("budget_burn_usd_per_day", "gauge", "Posted since the window began, by the day.");
  for (const router::AccountView& b : in.budgets)
    if (const router::Pace pace = pace_of(b);
        pace.burn_per_day.v != 0 && router::unit_of(b.scope).empty())
      page.decimal(pace.burn_per_day.v, kNano,
                   {{"budget", b.scope}, {"window", window_name(b.per)}});
  page.family("budget_pace_ratio", "gauge",
              "Use against time: 1 is a use that ends with the window.");
  for (const router::AccountView& b : in.budgets)
    if (const router::Pace pace = pace_of(b); pace.percent >= 0)
      page.decimal(pace.percent, 2, {{"budget", b.scope}, {"window", window_name(b.per)}});
  page.family("budget_exhausted_at_timestamp_seconds", "gauge",
              "When the budget is gone at this rate; absent if not before its window ends.");
  for (const router::AccountView& b : in.budgets)
    if (const router::Pace pace = pace_of(b); pace.exhausted_at)
      page.integer(pace.exhausted_at->seconds(),
                   {{"budget", b.scope}, {"window", window_name(b.per)}});
}

void gateway(PrometheusPage& page, const Metrics& metrics, const ScrapeInput& in) {
  std::int64_t connections = 0, requests_now = 0, streams = 0;
  for (std::size_t i = 0; i < metrics.workers(); ++i) {
    connections += metrics.worker(i).connections();
    requests_now += metrics.worker(i).requests_in_flight();
    streams += metrics.worker(i).streams();
  }
  const auto one = [&page](std::string_view name, std::string_view type, std::string_view help,
                           std::int64_t value) {
    page.family(name, type, help);
    page.integer(value);
  };
  one("connections", "gauge", "Open client connections.", connections);
  one("requests_in_flight", "gauge", "Requests begun and not ended.", requests_now);
  one("streams_active", "gauge", "Streamed answers now being relayed.", streams);
  page.family("breaker_state", "gauge", "Circuit breaker: 0 closed, 1 half-open, 2 open.");
  for (const BreakerGauge& b : in.breakers)
    page.integer(static_cast<std::int64_t>(b.state),
                 {{"provider", b.provider}, {"model", b.model}});
  one("log_dropped_total", "counter", "Decision log lines lost because the writer fell behind.",
      static_cast<std::int64_t>(in.log_lines_dropped));
  one("log_written_total", "counter", "Decision log lines written.",
      static_cast<std::int64_t>(in.log_lines_written));
  one("log_write_errors_total", "counter", "Failed writes of the decision log.",
      static_cast<std::int64_t>(in.log_write_errors));
  one("config_last_reload_successful", "gauge",
      "1 if the last reload was taken over, 0 if it was refused.",
      in.config_last_reload_successful ? 1 : 0);
  one("config_last_reload_success_timestamp_seconds", "gauge",
      "When the running configuration was loaded.", in.config_loaded.seconds());
  one("config_reloads_total", "counter", "Reloads taken over since start.", in.config_reloads);
  one("config_reload_failures_total", "counter", "Reloads refused since start.",
      in.config_reload_failures);
  page.family("build_info", "gauge", "Always 1; what is running.");
  page.integer(1, {{"version", in.version}, {"commit", in.commit}, {"config", in.config_digest}});
}

void process(PrometheusPage& page) {
  const ProcessFigures p = read_process_figures();
  page.family("process_resident_memory_bytes", "gauge", "Resident memory.");
  page.integer(p.resident_bytes);
  page.family("process_virtual_memory_bytes", "gauge", "Virtual memory.");
  page.integer(p.virtual_bytes);
  page.family("process_open_fds", "gauge", "Open file descriptors.");
  page.integer(p.open_fds);
  page.family("process_max_fds", "gauge", "Limit of open file descriptors.");
  page.integer(p.max_fds);
  page.family("process_threads", "gauge", "Threads.");
  page.integer(p.threads);
  page.family("process_cpu_seconds_total", "counter", "User and system time.");
  page.decimal(p.cpu_ms, kMilli);
  page.family("process_start_time_seconds", "gauge", "Start of the process since the epoch.");
  page.decimal(p.start_time_ms, kMilli);
}

}  // namespace

void write_prometheus(std::string& out, const Metrics& metrics, const ScrapeInput& input) {
  const auto total = std::make_unique<MetricsTables>();
  for (std::size_t i = 0; i < metrics.workers(); ++i) merge(*total, metrics.worker(i).tables());
  PrometheusPage page(out);
  requests(page, *total);
  targets(page, *total, metrics.labels());
  decisions(page, *total, metrics.labels());
  money(page, *total, input);
  if (input.fleet) fleet(page, *input.fleet);
  quotas(page, input);
  paces(page, input);
  gateway(page, metrics, input);
  process(page);
}

}  // namespace steelyard::telemetry
