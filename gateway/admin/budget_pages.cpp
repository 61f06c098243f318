#include "gateway/admin/budget_pages.h"

#include <algorithm>
#include <charconv>

#include "config/types/json_writer.h"
#include "gateway/admin/admin_pages.h"
#include "gateway/telemetry/log.h"
#include "router/ledger/pace_view.h"
#include "router/ledger/unit.h"

namespace steelyard {
namespace {

constexpr std::string_view root = "/admin/budgets";

void append(JsonWriter& json, const router::AccountView& view, Instant now) {
  const router::Pace pace = router::pace_of(view, now);
  json.begin_object().field("scope", view.scope).field("per", window_word(view.per));
  if (const std::string_view unit = router::unit_of(view.scope); !unit.empty())
    json.field("unit", unit);
  json.field("limit_nano_usd", view.limit.v).field("posted_nano_usd", view.posted.v);
  json.field("held_nano_usd", view.held.v).field("overrun_nano_usd", view.overrun.v);
  json.field("credit_nano_usd", view.credit.v);
  json.field("percent_used", static_cast<std::int64_t>(view.percent_used));
  json.field("window_start_ns", view.window_start.ns).field("window_end_ns", view.window_end.ns);
  json.field("fee", router::is_fee(view.scope));
  json.field("burn_per_day_nano_usd", pace.burn_per_day.v).key("pace_percent");
  pace.percent < 0 ? json.null() : json.number(pace.percent);
  json.key("exhausted_at_ns");
  pace.exhausted_at ? json.number(pace.exhausted_at->ns) : json.null();
  json.field("hard", view.hard).end_object();
}

AdminReply all(const Server::State& state) {
  AdminReply reply;
  JsonWriter json(reply.body);
  json.begin_object().key("budgets");
  append_budgets(json, state);
  json.end_object();
  reply.body += '\n';
  return reply;
}

// False: a name no window has.
bool name_budget(std::string_view target, store::BudgetName& out) {
  out.scope = query_value(target, "scope");
  const std::string per = query_value(target, "per");
  if (per.empty()) return true;
  for (int i = 0; i <= static_cast<int>(WindowKind::rolling); ++i)
    if (per == window_word(static_cast<WindowKind>(i))) out.per = static_cast<WindowKind>(i);
  return out.per.has_value();
}

bool parse_amount(const std::string& text, NanoUsd& out) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, out.v);
  return error == std::errc() && at == end;
}

unsigned status_of(ErrorKind kind) {
  if (kind == ErrorKind::not_found) return 404;
  return kind == ErrorKind::storage ? 503 : 422;
}

AdminReply change(Server::State& state, std::string_view action, std::string_view target) {
  store::BudgetName budget;
  if (!name_budget(target, budget)) return problem(422, "no window is called like this");
  NanoUsd amount;
  const bool reset = action == "reset", approve = action == "approve";
  if (!reset && !approve && !parse_amount(query_value(target, "amount_nano_usd"), amount))
    return problem(422, "`amount_nano_usd` has to be a whole number");
  const Instant now = state.clock.now();
  const std::string note = query_value(target, "note");
  const auto adjust = [&](router::AdjustReason reason) {
    return state.books->adjust(budget, reason, amount, note, now);
  };
  const Result<router::AccountView> view =
      approve              ? state.books->approve(budget, note, now)
      : action == "set"    ? state.books->set_limit(budget, amount, now)
      : action == "adjust" ? adjust(router::AdjustReason::correction)
      : action == "top-up" ? adjust(router::AdjustReason::top_up)
                           : adjust(router::AdjustReason::reset);
  if (!view) return problem(status_of(view.error().kind), view.error().context);
  telemetry::log_info("budget `{}` per {}: {} {} nano-dollars ({})", view->scope,
                      window_word(view->per), action, amount.v, note);
  AdminReply reply;
  JsonWriter json(reply.body);
  append(json, *view, now);
  reply.body += '\n';
  return reply;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void append_budgets(JsonWriter& json, const Server::State& state) {
  const Instant now = state.clock.now();
  json.begin_array();
  for (const router::AccountView& view : state.books->all_views(now)) append(json, view, now);
  json.end_array();
}

std::string query_value(std::string_view target, std::string_view name) {
  const std::size_t mark = target.find('?');
  if (mark == target.npos) return {};
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (!pair.starts_with(name) || pair.substr(name.size(), 1) != "=") continue;
    pair.remove_prefix(name.size() + 1);
    std::string out;
    for (std::size_t i = 0; i < pair.size(); ++i) {
      if (pair[i] != '%') {
        out += pair[i] == '+' ? ' ' : pair[i];
        continue;
      }
      if (i + 2 >= pair.size()) return {};
      const int high = hex_value(pair[i + 1]), low = hex_value(pair[i + 2]);
      if (high < 0 || low < 0) return {};
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
    return out;
  }
  return {};
}

AdminReply budget_page(Server::State& state, bool get, std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  path.remove_prefix(root.size());
  if (get && path.empty()) return all(state);
  for (const std::string_view action : {"/adjust", "/top-up", "/reset", "/set", "/approve"})
    if (!get && path == action) return change(state, action.substr(1), target);
  return problem(404, "there is no such page");
}

}  // namespace steelyard
