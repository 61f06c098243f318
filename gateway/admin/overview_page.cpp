#include "gateway/admin/overview_page.h"

#include <memory>

#include "config/types/json_writer.h"
#include "gateway/admin/budget_pages.h"
#include "gateway/telemetry/decision_log.h"
#include "gateway/telemetry/metrics_tables.h"

namespace steelyard {
namespace {

constexpr std::size_t recent_max = 40;

const char* name_of(telemetry::BreakerState state) {
  switch (state) {
    case telemetry::BreakerState::closed: return "closed";
    case telemetry::BreakerState::half_open: return "half open";
    case telemetry::BreakerState::open: return "open";
  }
  return "";
}

std::unique_ptr<telemetry::MetricsTables> totals(const telemetry::Metrics& metrics) {
  auto total = std::make_unique<telemetry::MetricsTables>();
  for (std::size_t i = 0; i < metrics.workers(); ++i) merge(*total, metrics.worker(i).tables());
  return total;
}

void put_process(JsonWriter& json, const Server::State& state,
                 const telemetry::MetricsTables& total) {
  std::int64_t good = 0, failed = 0, in_flight = 0, streams = 0, cost = 0;
  for (const auto& by_call : total.requests)
    for (const auto& by_outcome : by_call)
      for (std::size_t o = 0; o < by_outcome.size(); ++o)
        (o == 0 ? good : failed) += by_outcome[o].read();
  for (const telemetry::TargetCounters& target : total.targets) cost += target.cost.read();
  for (std::size_t i = 0; i < state.metrics->workers(); ++i) {
    in_flight += state.metrics->worker(i).requests_in_flight();
    streams += state.metrics->worker(i).streams();
  }
  json.key("process").begin_object().field("version", state.options.version);
  json.field("config", state.runtime->spec.digest.substr(0, 12));
  json.field("requests", good + failed).field("failed", failed).field("in_flight", in_flight);
  json.field("streams", streams).field("spent_nano_usd", cost);
  json.field("saved_nano_usd", total.saved.read()).field("overrun_nano_usd", total.overrun.read());
  json.field("escalations", total.escalations.read()).field("retries", total.retries.read());
  json.field("holds_open", static_cast<std::int64_t>(state.books->open_holds()));
  json.field("ledger_healthy", state.books->healthy()).field("draining", state.draining);
  json.end_object();
}

void put_models(JsonWriter& json, const Server::State& state,
                const telemetry::MetricsTables& total) {
  const auto names = state.metrics->labels().targets();
  const Tick now = state.clock.tick();
  json.key("models").begin_array();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const telemetry::TargetCounters& c = total.targets[i];
    std::int64_t attempts = 0;
    for (const telemetry::Counter& outcome : c.attempts) attempts += outcome.read();
    if (attempts == 0 && i == telemetry::other_label) continue;
    json.begin_object().field("provider", names[i].provider).field("model", names[i].model);
    json.field("attempts", attempts).field("failed", attempts - c.attempts[0].read());
    json.field("input_tokens", c.input.read() + c.input_cached.read() + c.input_cache_write.read());
    json.field("output_tokens", c.output.read() + c.output_reasoning.read());
    json.field("spent_nano_usd", c.cost.read());
    const auto label = static_cast<telemetry::TargetId>(i);
    json.field("breaker", name_of(state.metrics->breaker(label, now))).end_object();
  }
  json.end_array();
}

// The newest lines of the decision log, newest first: each is a JSON object already. What the
// oldest of them begins with may be lost.
void put_recent(JsonWriter& json, const telemetry::DecisionLog* log) {
  json.key("recent").begin_array();
  const std::string text = log != nullptr ? log->recent() : std::string();
  std::string_view rest = text;
  rest = rest.substr(0, rest.rfind('\n') == rest.npos ? 0 : rest.rfind('\n'));
  for (std::size_t n = 0; n < recent_max && !rest.empty(); ++n) {
    const std::size_t before = rest.rfind('\n');
    const std::string_view line = before == rest.npos ? rest : rest.substr(before + 1);
    if (line.starts_with("{\"schema_version\"") && line.ends_with('}')) json.raw(line);
    rest = before == rest.npos ? std::string_view() : rest.substr(0, before);
  }
  json.end_array();
}

}  // namespace

AdminReply overview_page(const Server::State& state) {
  AdminReply reply;
  const std::unique_ptr<telemetry::MetricsTables> total = totals(*state.metrics);
  JsonWriter json(reply.body);
  json.begin_object().field("now_ns", state.clock.now().ns).key("budgets");
  append_budgets(json, state);
  put_process(json, state, *total);
  put_models(json, state, *total);
  put_recent(json, state.log.get());
  json.end_object();
  reply.body += '\n';
  return reply;
}

}  // namespace steelyard
