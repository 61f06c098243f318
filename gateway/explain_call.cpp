#include "gateway/explain_call.h"

#include <string>
#include <vector>

#include "config/types/json_writer.h"
#include "gateway/decide.h"
#include "gateway/error_reply.h"
#include "gateway/explain_line.h"
#include "gateway/hints.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/session.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"
#include "router/explain.h"

namespace steelyard {
namespace {

// A request nobody can serve has a tree too: only what could not be read is an error.
bool explainable(const Error& error) {
  return error.kind == ErrorKind::no_route || error.kind == ErrorKind::overloaded ||
         error.kind == ErrorKind::forbidden || error.kind == ErrorKind::context_length;
}

}  // namespace

bool wants_explanation(const net::RequestHead& head) {
  if (!head.fields.has(net::RequestField::steelyard_explain)) return false;
  const std::string_view value = head.value(net::RequestField::steelyard_explain);
  return value != "false" && value != "0";
}

net::Task<void> serve_explain(Session& session) {
  Worker& worker = session.worker();
  const Runtime& runtime = session.runtime();
  Decision decision;
  WorkerTools& tools = worker.tools();
  tools.plan.attempt_count = 0;
  tools.plan.candidate_count = 0;
  const Result<void> decided =
      decide(worker, session.serving(), *session.principal(), session.body(), hints_of(session),
             policies::Trace::yes, decision);
  if (!decided && !explainable(decided.error())) {
    const dialect::ErrorExtras extras;
    const std::string_view no_lines;
    (void)co_await reply_error(session, decided.error(), extras, no_lines);
    co_return;
  }
  std::vector<router::BudgetLine> budgets;
  const std::uint16_t count = decision.budgets != nullptr ? decision.budgets->count : 0;
  for (std::uint16_t i = 0; i < count; ++i) {
    const router::AccountView& view = decision.budgets->accounts[i];
    budgets.push_back(budget_line(view, decision.at));
  }
  const router::ExplainInput input{runtime.catalog,    session.serving().health,
                                   decision.facts,     decision.verdict,
                                   tools.plan,         budgets,
                                   worker.tick_now(),  router::name_of(decision.tokens.quality),
                                   runtime.spec.digest};
  std::string body;
  const bool text = session.head().value(net::RequestField::accept) == "text/plain";
  if (text) {
    body = router::explain_text(input, router::Colour::no);
  } else {
    JsonWriter json(body);
    router::explain_json(json, input);
    body += '\n';
  }
  const std::string_view type = text ? "text/plain; charset=utf-8" : "application/json";
  (void)co_await session.reply(200, type, body);
}

}  // namespace steelyard
