#include "gateway/metered_call.h"

#include <algorithm>
#include <array>

#include "gateway/billed_usage.h"
#include "gateway/dialect/hub_errors.h"
#include "gateway/error_reply.h"
#include "gateway/hints.h"
#include "gateway/net/head_writer.h"
#include "gateway/receipts.h"
#include "gateway/room_wait.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/usd_text.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {

router::Usage usage_of(const dialect::ReportedUsage& reported, const ProviderRuntime& provider) {
  return billed_usage(dialect::normalise(reported, {provider.quirks.reasoning_exclusive}));
}

MeteredCall::MeteredCall(Session& session)
    : session_(session), spending_(session, receipt_), at_(session.worker().now()) {
  begin_receipt(session, receipt_);
}

MeteredCall::~MeteredCall() {
  if (!finished_) finish(0);
}

bool MeteredCall::allowed(std::string_view model, const router::TokenCount& tokens) {
  receipt_.estimate.input_tokens = tokens.tokens;
  receipt_.estimate.input_tokens_upper = tokens.upper;
  receipt_.estimate.quality = router::name_of(tokens.quality);
  const Result<void> may =
      ask_policies(session_.worker(), session_.runtime(), *session_.principal(),
                   hints_of(session_.head()), model, tokens, receipt_.facts, verdict_);
  receipt_.policy = verdict_.policy;
  if (!may) give_error(may.error());
  if (!may || session_.principal()->rates.empty()) return may.has_value();
  rated_.emplace();
  const bool taken = rated_->take(session_, std::max(tokens.tokens, tokens.upper));
  if (!taken) give_error(rated_->refusal());
  return taken;
}

bool MeteredCall::begin(const Attempt& attempt) {
  const std::int32_t target = attempt.target;
  const Runtime& runtime = session_.runtime();
  const ProviderRuntime& at = runtime.providers[static_cast<std::size_t>(attempt.provider)];
  attempt_started_ = session_.worker().last_tick();
  target_ = target;
  has_error_ = false;
  std::string_view model = attempt.model;
  if (target >= 0) model = runtime.catalog.model(runtime.catalog.target(target).model).name;
  if (!spending_.hold(attempt.most, model, attempt.tokens)) {
    give_error(spending_.error());
    resets_at_ = spending_.resets_at();
    if (spending_.details() != nullptr) {
      details_ = *spending_.details();
      if (details_.needs_approval != 0) extras_.code = "approval_required";
      extras_.budget = &details_;
    }
    return false;
  }
  room_.reset();
  telemetry::ReceiptAttempt* const line = receipt_.attempts.add();
  if (line == nullptr) {
    spending_.release();
    return false;
  }
  line->provider = at.name;
  line->provider_id = at.label;
  line->expected = attempt.expected;
  line->held = attempt.most;
  if (target >= 0) {
    line->model = model;
    line->target = runtime.target_labels[static_cast<std::size_t>(target)];
  }
  receipt_.upstream_dialect = dialect_of(at.wire);
  return true;
}

net::Task<bool> MeteredCall::room_came() {
  if (room_ == nullptr) room_ = std::make_unique<RoomWait>(session_.worker());
  const bool more = co_await room_->more(spending_.chain(), spending_.most());
  room_over_ = !more;
  extras_.budget = nullptr;
  if (more || !room_->unreachable()) co_return true;  // a refusal tells how the fleet stands now
  give_error(RoomWait::unreachable_error());
  co_return false;
}

void MeteredCall::failed(ErrorKind kind, int status, bool may_be_billed) {
  if (may_be_billed)
    spending_.settle_whole();
  else
    spending_.release();
  if (receipt_.attempts.empty()) return;
  telemetry::ReceiptAttempt& line = receipt_.attempts.back();
  line.failed = true;
  line.error = kind;
  line.status = static_cast<std::uint16_t>(status);
  line.duration_ns = session_.worker().tick_now() - attempt_started_;
}

NanoUsd MeteredCall::cost_of(std::int32_t model, const router::Usage& usage) const {
  const router::Tariff tariff =
      session_.runtime().catalog.model(model).prices.tariff_at(at_, ServiceTier::standard);
  return router::cost_of(usage, tariff);
}

void MeteredCall::note_usage(const router::Usage& usage) {
  telemetry::TokenUsage& out = receipt_.attempts.back().usage;
  out.prompt = usage.total_input();
  out.cached = usage.cache_read;
  out.cache_write = usage.cache_write_5m + usage.cache_write_1h;
  out.completion = usage.output;
  out.reasoning = usage.reasoning;
  receipt_.usage = out;
}

void MeteredCall::succeeded(int status) {
  telemetry::ReceiptAttempt& line = receipt_.attempts.back();
  line.status = static_cast<std::uint16_t>(status);
  line.duration_ns = session_.worker().tick_now() - attempt_started_;
  receipt_.model = line.model;
  receipt_.provider = line.provider;
  receipt_.target = line.target;
  receipt_.http_status = line.status;
}

void MeteredCall::give_error(Error error) {
  error_ = std::move(error);
  has_error_ = true;
}

std::string MeteredCall::head_lines(bool with_cost) const {
  char id[telemetry::request_id_bytes];
  telemetry::write_request_id(id, receipt_.id);
  std::string lines = "x-steelyard-request-id: " + std::string(id, sizeof id);
  lines += "\r\nx-steelyard-attempts: " + std::to_string(receipt_.attempts.size()) + "\r\n";
  if (target_ >= 0) lines += session_.runtime().target_lines[static_cast<std::size_t>(target_)];
  if (with_cost)
    lines.append("x-steelyard-cost-usd: ").append(UsdText(receipt_.spend).view()).append("\r\n");
  if (rated_) {
    std::array<char, 1024> room;
    net::HeadWriter rate(room);
    rated_->append(rate, session_, at_);
    lines += rate.view();
  }
  const store::Chain& chain = spending_.chain();
  if (chain.empty()) return lines;
  const store::Headroom left = session_.worker().seams().books.headroom(chain, at_);
  if (left.remaining.v == INT64_MAX) return lines;
  lines.append("x-steelyard-budget-remaining-usd: ");
  return lines.append(UsdText(left.remaining).view()).append("\r\n");
}

net::Task<void> MeteredCall::answer_error() {
  receipt_.failed = true;
  receipt_.error = error_.kind;
  receipt_.error_text = error_.context;
  std::string lines = head_lines(false);
  if (error_.kind == ErrorKind::over_budget && resets_at_) {
    const std::int64_t left = resets_at_->seconds() - at_.seconds();
    lines += "retry-after: " + std::to_string(std::max<std::int64_t>(left, 1)) + "\r\n";
  }
  char id[telemetry::request_id_bytes];
  telemetry::write_request_id(id, receipt_.id);
  extras_.request_id = std::string_view(id, sizeof id);
  extras_.refusal_status = session_.runtime().spec.ledger.refusal_status;
  receipt_.http_status = static_cast<std::uint16_t>(
      dialect::hub::reply_for(session_.wire(), error_.kind, extras_.refusal_status).status);
  (void)co_await reply_error(session_, error_, extras_, lines);
}

net::Task<void> MeteredCall::answer_fault(const dialect::UpstreamFault& fault, int status,
                                          std::string_view retry_lines) {
  if (!dialect::openai::forwards_body(fault.cls)) {
    give_error(dialect::to_error(fault, status));
    co_return co_await answer_error();
  }
  const int told = dialect::hub::fault_status(session_.wire(), fault, status);
  std::string body;
  dialect::hub::write_fault(body, session_.wire(), fault, status, {});
  receipt_.failed = true;
  receipt_.error = ErrorKind::upstream_status;
  receipt_.error_text = fault.message;
  receipt_.http_status = static_cast<std::uint16_t>(told);
  std::string lines = head_lines(false);
  lines += retry_lines;
  (void)co_await session_.reply(static_cast<unsigned>(told), "application/json", body, lines);
}

void MeteredCall::finish(std::int64_t waited_ns) {
  finished_ = true;
  spending_.settle_whole();  // nobody said otherwise
  receipt_.retries =
      static_cast<std::uint16_t>(receipt_.attempts.empty() ? 0 : receipt_.attempts.size() - 1);
  if (rated_) rated_->settle(session_, receipt_);
  const store::Chain& chain = spending_.chain();
  store::ChainView& budgets = session_.worker().tools().budgets;
  if (!chain.empty()) {
    budgets = session_.worker().seams().books.view(chain, session_.worker().now());
    receipt_.budgets = {budgets.accounts.data(), budgets.count};
  }
  end_receipt(session_, receipt_, waited_ns);
}

}  // namespace steelyard
