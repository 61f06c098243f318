#include "gateway/admin/admin_pages.h"

#include <openssl/crypto.h>

#include <vector>

#include "config/types/json_writer.h"
#include "gateway/admin/budget_pages.h"
#include "gateway/admin/dashboard_page.h"
#include "gateway/admin/fleet_page.h"
#include "gateway/admin/overview_page.h"
#include "gateway/admin/report_page.h"
#include "gateway/telemetry/prometheus.h"

namespace steelyard {

AdminReply problem(unsigned status, std::string_view text) {
  AdminReply reply;
  reply.status = status;
  JsonWriter json(reply.body);
  json.begin_object().key("error").begin_object().field("message", text).end_object().end_object();
  reply.body += '\n';
  return reply;
}

namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool authorised(const AdminSpec& admin, std::string_view key) {
  if (!admin.token) return false;
  const std::string_view token = admin.token->reveal();
  return key.size() == token.size() && CRYPTO_memcmp(key.data(), token.data(), key.size()) == 0;
}

AdminReply ready(const Server::State& state) {
  AdminReply reply;
  const bool healthy = state.books->healthy();
  const bool heard = state.fleet == nullptr || state.fleet->ready();
  const bool is_ready = !state.draining && healthy && heard;
  reply.status = is_ready ? 200 : 503;
  JsonWriter json(reply.body);
  json.begin_object().field("ready", is_ready);
  if (state.draining) json.field("because", "draining");
  if (!healthy) json.field("because", "the budget ledger cannot be written");
  if (!heard && healthy && !state.draining)
    json.field("because", "the store that shares budgets over the fleet does not answer");
  json.end_object();
  reply.body += '\n';
  return reply;
}

// One a label: targets beyond the labels' bounds share `_other`.
std::vector<telemetry::BreakerGauge> breakers(const Server::State& state) {
  std::vector<telemetry::BreakerGauge> gauges;
  const Runtime& runtime = *state.runtime;
  const Tick now = state.clock.tick();
  bool others = false;
  for (std::size_t t = 0; t < runtime.target_labels.size(); ++t) {
    const telemetry::TargetId label = runtime.target_labels[t];
    const telemetry::BreakerState breaker = state.metrics->breaker(label, now);
    if (label == telemetry::other_label) {
      if (!others) gauges.push_back({"_other", "_other", breaker});
      others = true;
      continue;
    }
    const router::Target& target = runtime.catalog.targets()[t];
    gauges.push_back({runtime.providers[static_cast<std::size_t>(target.provider)].name,
                      runtime.catalog.model(target.model).name, breaker});
  }
  return gauges;
}

AdminReply metrics(const Server::State& state) {
  const Instant now = state.clock.now();
  std::vector<NanoUsd> spent;
  const std::vector<router::AccountView> budgets = state.books->all_views(now, false, &spent);
  const std::vector<telemetry::BreakerGauge> gauges = breakers(state);
  telemetry::ScrapeInput input;
  input.version = state.options.version;
  input.config_digest = state.runtime->spec.digest;
  input.config_loaded = state.runtime->loaded_at;
  input.config_last_reload_successful = state.last_reload_good;
  input.config_reloads = state.reloads;
  input.config_reload_failures = state.reload_failures;
  input.budgets = budgets;
  input.spent = spent;
  input.now = now;
  input.breakers = gauges;
  input.reservations_expired = state.holds_expired;
  input.open_holds = static_cast<std::int64_t>(state.books->open_holds());
  if (state.fleet != nullptr) {
    const fleet::AgentStatus fleet = state.fleet->status();
    input.fleet = {fleet.reachable, fleet.live,    fleet.calls,     fleet.failures,
                   fleet.granted,   fleet.refused, fleet.unanswered};
  }
  if (state.log) {
    input.log_lines_dropped = state.log->dropped();
    input.log_lines_written = state.log->written();
    input.log_write_errors = state.log->write_errors();
  }
  AdminReply reply;
  reply.content_type = telemetry::prometheus_content_type;
  telemetry::write_prometheus(reply.body, *state.metrics, input);
  return reply;
}

AdminReply reload(Server::State& state) {
  const Result<void> done = state.reload();
  if (!done) return problem(422, done.error().context);
  AdminReply reply;
  JsonWriter json(reply.body);
  json.begin_object().field("reloaded", true).field("digest", state.runtime->spec.digest);
  json.end_object();
  reply.body += '\n';
  return reply;
}

}  // namespace

AdminReply admin_page(Server::State& state, net::Method method, std::string_view target,
                      std::string_view key) {
  const std::string_view path = target.substr(0, target.find('?'));
  const bool get = method == net::Method::get;
  const AdminSpec& admin = state.runtime->spec.admin;
  if ((path == "/" || path == "/dashboard") && get) return dashboard_page();
  if (path == "/healthz" && get) {
    AdminReply reply;
    reply.body = "{\"healthy\":true}\n";
    return reply;
  }
  if (path == "/readyz" && get) return ready(state);
  const bool allowed = authorised(admin, key);
  if (path == "/metrics" && get)
    return allowed || is_loopback(admin.listen.host) ? metrics(state)
                                                     : problem(401, "send the admin token");
  if (!path.starts_with("/admin/")) return problem(404, "there is no such page");
  if (!allowed)
    return problem(401, admin.token ? "send the admin token as `authorization: Bearer TOKEN`"
                                    : "set `admin: { token: ... }` to use this page");
  if (path.starts_with("/admin/budgets") && (get || method == net::Method::post))
    return budget_page(state, get, target);
  if (path.starts_with("/admin/fleet") && (get || method == net::Method::post))
    return fleet_page(state, get, target);
  if (path == "/admin/overview" && get) return overview_page(state);
  if (path == "/admin/report" && get) return report_page(state, target);
  if (path == "/admin/reload" && method == net::Method::post) return reload(state);
  return problem(404, "there is no such page");
}

}  // namespace steelyard
