// Answers that money is short for. Before they begin: a shorter one, where the policy wants that. A
// stream whose output outgrows its hold: more money is held, or the answer ends as if its limit had
// been reached, so that nobody spends what the budget has not got.
#include <algorithm>

#include "gateway/chat_call.h"
#include "gateway/dialect/hub_cut.h"
#include "gateway/dialect/usage.h"
#include "gateway/fleet/agent.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/usd_text.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

// Output tokens below which an answer is not worth having.
constexpr std::int64_t output_useful = 256;

}  // namespace

// The policy would rather have a shorter answer than none: the attempt with the output that the
// budget has money for. False: that is next to nothing.
bool ChatCall::lower_output(const router::Denial& denial) {
  const NanoUsd left = denial.limit - denial.posted - denial.held;
  const std::int64_t choices = std::max(decision_.chat.choices, 1);
  const router::Tariff rates = tariff();
  router::CostBounds bounds{planned_->input_tokens_upper, planned_->output_tokens_max * choices,
                            planned_->writes};
  bounds.web_searches = searches_held();
  const std::int64_t fits = router::output_within(bounds, rates, left) / choices;
  if (fits < std::min(output_useful, planned_->output_tokens_max) || fits < 1) return false;
  lowered_ = *planned_;
  lowered_.output_tokens_max = fits;
  bounds.output_tokens = fits * choices;
  lowered_.worst_case = router::worst_case(bounds, rates);
  lowered_.clamped = true;
  planned_ = &lowered_;
  return true;
}

void ChatCall::begin_guard() {
  cutting_ = cut_ = false;
  const bool governed = !chain_->empty() && held_amount_.v > 0;
  if (governed)
    guard_.begin(planned_->output_tokens_max * std::max(decision_.chat.choices, 1),
                 serving_.token_bytes[static_cast<std::size_t>(planned_->target)]);
  else
    guard_ = StreamGuard();
}

// The output may have come near what the hold has room for. Mostly it has not: a stream at rest is
// not woken to see that.
void ChatCall::look_at_room() {
  for (;;) {
    switch (guard_.look(tap_.facts())) {
      case StreamGuard::State::ample: return;
      case StreamGuard::State::near:
        wake();
        if (!more_room()) guard_.refused();
        break;
      case StreamGuard::State::over:
        // The fleet may have given what was asked for when it came near.
        if (worker_.seams().fleet != nullptr) {
          wake();
          if (more_room()) break;
        }
        // What has said that it ends is let end.
        cutting_ = tap_.facts().finishes.empty();
        return guard_.end();
    }
  }
}

// Holds a quarter again, or what is left if that is less. False: there is nothing left.
bool ChatCall::more_room() {
  const router::Tariff rates = tariff();
  router::CostBounds bounds{planned_->input_tokens_upper, guard_.room(), planned_->writes};
  bounds.web_searches = searches_held();
  const router::CostBounds now = bounds;
  const NanoUsd before = router::worst_case(now, rates);
  store::Books& books = worker_.seams().books;
  NanoUsd left{INT64_MAX};
  for (int tries = 0; tries < 2; ++tries) {
    bounds.output_tokens = guard_.room() + guard_.wanted();
    if (left.v != INT64_MAX)
      bounds.output_tokens =
          std::min(bounds.output_tokens, router::output_within(bounds, rates, before + left));
    const std::int64_t tokens = bounds.output_tokens - guard_.room();
    if (tokens <= 0) return false;
    const NanoUsd more = router::worst_case(bounds, rates) - before;
    const store::Reservation grown = books.extend(hold_, more, worker_.now());
    if (grown.status == store::Admission::held) {
      guard_.grew(tokens);
      held_amount_ += more;
      line_->held = held_amount_;
      receipt_.held = std::max(receipt_.held, held_amount_);
      receipt_.extended += more;
      return true;
    }
    if (grown.status != store::Admission::denied) return false;
    left = grown.denial.limit - grown.denial.posted - grown.denial.held;
    if (left.v > 0) continue;
    if (worker_.seams().fleet != nullptr) worker_.seams().fleet->prepare(*chain_, more);
    return false;
  }
  return false;
}

// With a read's output in tap_out_: ends the client's stream where its last event ends. False: none
// ends here, all of it goes on its way first.
bool ChatCall::cut_here() {
  std::string sent;
  for (const std::string_view part : tap_out_.parts()) sent += part;
  if (!tap_.whole_events()) {
    const std::size_t end = dialect::hub::last_event_end(sent);
    if (end == std::string::npos) return false;
    sent.resize(end);
  }
  tap_out_.clear();
  held_ += sent;
  dialect::ReportedUsage told = tap_.facts().usage;
  told.prompt = told.present ? told.prompt : planned_->input_tokens;
  told.completion = std::max(told.completion, guard_.counted(tap_.facts()));
  told.total_present = told.cost_present = false;
  told.present = true;
  dialect::hub::BridgeOptions client;
  client.client = client.provider = wire();
  client.include_usage = decision_.chat.include_usage;
  client.created = decision_.at.seconds();
  tap_.cut(sent, client, static_cast<std::uint32_t>(std::max(decision_.chat.choices, 1)), told,
           held_);
  return cut_ = true;
}

net::Task<ChatCall::AttemptEnd> ChatCall::end_cut() {
  const dialect::openai::StreamFacts& facts = tap_.facts();
  settle(facts.usage, facts.output_bytes, false);
  receipt_.finish_reason = std::string_view(dialect::name_of(dialect::FinishReason::length));
  receipt_.http_status = 200;
  receipt_.cut_by_budget = true;
  answered_ = true;
  head_text_ = "0\r\nx-steelyard-cost-usd: ";
  head_text_ += UsdText(receipt_.spend).view();
  head_text_ += "\r\n\r\n";
  succeeded(200);
  const bool whole = send_pieces(true);
  if (!whole) budgets_are_final_ = false;  // a wait follows: the view goes to others
  if (!whole && !session_.client_gone()) (void)co_await session_.drain();
  co_return AttemptEnd::answered;
}

}  // namespace steelyard
