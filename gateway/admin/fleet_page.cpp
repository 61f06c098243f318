#include "gateway/admin/fleet_page.h"

#include "config/types/json_writer.h"
#include "gateway/admin/admin_pages.h"
#include "gateway/admin/budget_pages.h"
#include "gateway/telemetry/log.h"

namespace steelyard {
namespace {

void append(JsonWriter& json, const store::FleetSlice& slice, const store::Books& books) {
  const router::FleetWindow& window = slice.window;
  const std::string identity = books.identity(slice.shard, window.account);
  const bool hard = window.limit.v != INT64_MAX;
  json.begin_object().field("scope", std::string_view(identity.c_str()));
  json.field("window_start_ns", window.start.ns).field("window_end_ns", window.end.ns);
  json.field("hard", hard).key("limit_nano_usd");
  hard ? json.number((window.limit + window.credit + window.share.credit).v) : json.null();
  json.field("granted_nano_usd", window.share.room.v).field("posted_nano_usd", window.posted.v);
  json.field("held_nano_usd", window.held.v);
  json.field("others_posted_nano_usd", window.share.posted.v);
  json.field("others_held_nano_usd", window.share.held.v).end_object();
}

AdminReply show(const Server::State& state) {
  const fleet::AgentStatus status = state.fleet->status();
  AdminReply reply;
  JsonWriter json(reply.body);
  json.begin_object().field("replica", status.replica).field("reachable", status.reachable);
  json.field("learning", status.learning).field("replicas", status.live);
  json.key("error");
  status.error.empty() ? json.null() : json.string(status.error);
  json.field("calls", static_cast<std::int64_t>(status.calls));
  json.field("failures", static_cast<std::int64_t>(status.failures));
  json.field("waited", static_cast<std::int64_t>(status.waited));
  json.key("budgets").begin_array();
  state.books->visit_fleet(
      [&](const store::FleetSlice& slice) { append(json, slice, *state.books); });
  json.end_array().end_object();
  reply.body += '\n';
  return reply;
}

AdminReply forget(Server::State& state, std::string_view target) {
  const std::string replica = query_value(target, "replica");
  if (replica.empty()) return problem(422, "which `replica`?");
  const Result<NanoUsd> spent = state.fleet->forget(replica);
  if (!spent) {
    const ErrorKind kind = spent.error().kind;
    return problem(kind == ErrorKind::not_found ? 404
                   : kind == ErrorKind::storage ? 503
                                                : 422,
                   spent.error().context);
  }
  telemetry::log_info("fleet: `{}` is forgotten, {} nano-dollars count as spent", replica,
                      spent->v);
  AdminReply reply;
  JsonWriter json(reply.body);
  json.begin_object().field("forgotten", replica).field("suspense_nano_usd", spent->v).end_object();
  reply.body += '\n';
  return reply;
}

}  // namespace

AdminReply fleet_page(Server::State& state, bool get, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (state.fleet == nullptr) return problem(404, "this process is in no fleet");
  if (get && path == "/admin/fleet") return show(state);
  if (!get && path == "/admin/fleet/forget") return forget(state, target);
  return problem(404, "there is no such page");
}

}  // namespace steelyard
