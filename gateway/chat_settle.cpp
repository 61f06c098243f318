// After an attempt: what it cost, what it says about the target, its line in the receipt.
#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/billed_usage.h"
#include "gateway/calibrations.h"
#include "gateway/chat_call.h"
#include "gateway/dialect/usage.h"
#include "gateway/kept_answers.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/session_memory.h"
#include "gateway/spender.h"
#include "gateway/spending.h"
#include "gateway/usd_text.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"
#include "router/meter.h"
#include "router/tokens/framing_table.h"

namespace steelyard {
namespace {

// Tokens a provider may have made that had not reached us when the stream was cut: what fits its
// and the network's buffers in tokens of a few bytes.
constexpr std::int64_t in_flight_tokens = 1024;

telemetry::TokenUsage receipt_usage(const router::Usage& usage) {
  telemetry::TokenUsage out;
  out.prompt = usage.total_input();
  out.cached = usage.cache_read;
  out.cache_write = usage.cache_write_5m + usage.cache_write_1h;
  out.completion = usage.total_output();
  out.reasoning = usage.reasoning;
  out.web_searches = usage.web_searches;
  return out;
}

}  // namespace

router::Tariff ChatCall::tariff() const {
  const std::string_view asked = decision_.chat.service_tier;
  const ServiceTier tier = asked == "flex"                          ? ServiceTier::flex
                           : asked == "priority" || asked == "fast" ? ServiceTier::priority
                                                                    : ServiceTier::standard;
  return runtime_.catalog.model(planned_->model).prices.tariff_at(decision_.at, tier);
}

router::Usage ChatCall::usage_of(const dialect::ReportedUsage& reported) const {
  const dialect::UsageQuirks quirks{provider_of(planned_->target).quirks.reasoning_exclusive};
  return billed_usage(dialect::normalise(reported, quirks));
}

// Searches of the web that the hold has room for. In another dialect the tool does not go out.
std::int32_t ChatCall::searches_held() const {
  if (decision_.chat.web_searches == 0) [[likely]]
    return 0;
  const bool goes_out = provider_of(planned_->target).wire == wire();
  return goes_out ? searches_at_most(decision_.chat, runtime_) : 0;
}

// Chat's answers do not tell how often was searched: a model that takes `web_search_options` does
// it once. What nobody told at all may have been as many as were allowed.
void ChatCall::count_searches(router::Usage& usage, bool reported) const {
  const std::int64_t most = searches_held();
  if (!reported || wire() == dialect::hub::Wire::openai_chat)
    usage.web_searches = std::max(usage.web_searches, most);
}

// The provider did not say: the upper bound of the input, and the output by its bytes. Of a whole
// answer two bytes a token (ordinary text has four); of a broken one a token a byte and what was in
// flight. Never more than the hold.
router::Usage ChatCall::estimated_usage(std::int64_t output_bytes, bool whole) const {
  router::Usage usage;
  const std::int64_t most =
      std::max(planned_->output_tokens_max * decision_.chat.choices, guard_.room());
  usage.output = std::min(most, whole ? (output_bytes + 1) / 2 : output_bytes + in_flight_tokens);
  switch (planned_->writes) {
    case router::CacheWrites::none: usage.input = planned_->input_tokens_upper; break;
    case router::CacheWrites::five_minutes:
      usage.cache_write_5m = planned_->input_tokens_upper;
      break;
    case router::CacheWrites::one_hour: usage.cache_write_1h = planned_->input_tokens_upper; break;
  }
  return usage;
}

// Adds the budgets that count this user, these tags, this model. False: error_ says why not.
bool ChatCall::complete_chain() {
  const Principal& principal = *session_.principal();
  own_chain_ = principal.chain;
  chain_ = &*own_chain_;
  const std::string_view model = runtime_.catalog.model(planned_->model).name;
  const store::ChainStatus status = worker_.seams().books.extend(
      *own_chain_, principal.conditions, spender_of(principal, decision_, model), decision_.at);
  if (status == store::ChainStatus::complete) return true;
  error_ = chain_error(status);
  has_error_ = true;
  return false;
}

void ChatCall::book(NanoUsd cost, router::UsageSource source, std::int64_t tokens) {
  const router::EndOutcome end = worker_.seams().books.settle(hold_, cost, source, worker_.now(),
                                                              *chain_, worker_.tools().budgets);
  holding_ = false;
  if (quotas_ != nullptr) quotas_->settle(worker_.seams().books, cost, tokens, worker_.now());
  budgets_are_final_ = true;
  receipt_.price_source = runtime_.catalog.model(planned_->model).prices.source_at(decision_.at);
  line_->cost += cost;
  receipt_.spend += cost;
  receipt_.overrun += end.overrun;
}

void ChatCall::settle(const dialect::ReportedUsage& reported, std::int64_t output_bytes,
                      bool whole) {
  const router::Tariff rates = tariff();
  router::Usage usage =
      reported.present ? usage_of(reported) : estimated_usage(output_bytes, whole);
  NanoUsd cost = router::cost_of(usage, rates);
  if (decision_.chat.web_searches != 0) [[unlikely]] {
    count_searches(usage, reported.present && whole);
    cost = router::cost_of(usage, rates);
  }
  if (!whole && reported.present) {
    // What was said on the way is a beginning: Anthropic's first event tells one token of output.
    const NanoUsd said = cost;
    usage.output = std::max(usage.output, estimated_usage(output_bytes, whole).output);
    cost = std::max(said, std::min(router::cost_of(usage, rates), held_amount_));
  } else if (!whole) {
    cost = std::min(cost, held_amount_);
  }
  book(cost,
       reported.present && whole ? router::UsageSource::provider : router::UsageSource::estimated,
       usage.total_input() + usage.total_output());
  line_->usage = receipt_.usage = receipt_usage(usage);
  note_estimate(*planned_);
  if (reported.present)
    receipt_.estimate.input_tokens_error = usage.total_input() - planned_->input_tokens;
  line_->usage_source = receipt_.usage_source = reported.present && whole
                                                    ? telemetry::UsageSource::provider
                                                    : telemetry::UsageSource::estimated;
  const std::int32_t baseline = baseline_model_;
  if (baseline != policies::no_model) {
    receipt_.counterfactual_model = runtime_.catalog.model(baseline).name;
    receipt_.counterfactual =
        router::cost_elsewhere(runtime_.catalog, planned_->model, baseline, usage, decision_.at);
    receipt_.saved = receipt_.counterfactual - receipt_.spend;
  }
  if (reported.present && whole)
    worker_.tools().outputs.observe(decision_.verdict.route,
                                    runtime_.catalog.model(planned_->model).id,
                                    usage.total_output() / std::max(decision_.chat.choices, 1));
  if (reported.present && whole) learn_count(usage.total_input());
  if (reported.present && whole) {
    std::uint16_t& known = serving_.token_bytes[static_cast<std::size_t>(planned_->target)];
    known = StreamGuard::learn(known, output_bytes, usage.output - usage.reasoning);
  }
  if (decision_.session_key != 0 && whole) remember_turn();
}

void ChatCall::remember_turn() {
  SessionMemory* const sessions = worker_.seams().sessions;
  if (sessions == nullptr) return;
  const std::uint64_t target = runtime_.target_hashes[static_cast<std::size_t>(planned_->target)];
  const SessionMemory::Turn turn{target, receipt_.facts.input_tokens};
  const Tick now = worker_.tick_now();
  sessions->remember(decision_.session_key, turn, now);
  const std::uint64_t history = decision_.history_key;
  if (history != 0 && history != decision_.session_key) sessions->remember(history, turn, now);
}

// The bill teaches the next count. Pictures follow formulas, and are not to be mixed in.
void ChatCall::learn_count(std::int64_t billed) {
  Calibrations* const calibrations = worker_.seams().calibrations;
  const auto target = static_cast<std::size_t>(planned_->target);
  if (calibrations == nullptr || decision_.has_media || target >= serving_.slots.size()) return;
  const std::uint32_t slot = serving_.slots[target];
  const bool continues = decision_.continues && decision_.before.slot == slot;
  const router::Framing& framing = runtime_.catalog.model(planned_->model).framing;
  // Weights are of the gateway's own tokens: they are not to learn where another count is exact.
  const bool own = decision_.own_text.test(static_cast<std::size_t>(planned_->model));
  if (own && framing.chat->exact) return;
  Calibrations::Bill bill{slot, decision_.features, billed, nullptr, {}};
  if (continues) bill.before = &decision_.before;
  bill.turn = {decision_.talk,
               slot,
               static_cast<std::int32_t>(decision_.features[router::Feature::messages]),
               decision_.text_tokens,
               billed,
               decision_.features};
  // Once much is known, one bill in eight keeps it current; a conversation needs each.
  const std::uint32_t seen = serving_.bills[target]++;
  if (seen > 256 && seen % 8 != 0) return calibrations->remember(bill.turn);
  const Calibrations::Learned learned = calibrations->learn(bill, router::weights_of(framing));
  serving_.apply(planned_->target, learned.weights, learned.calibrated);
}

// It may have been billed, and nobody can say how much: the whole hold (never a refund).
void ChatCall::settle_unknown() {
  if (!holding_) return;
  book(held_amount_, router::UsageSource::estimated, tokens_at_most());
  budgets_are_final_ = false;  // an attempt, or a wait for the client, follows
  line_->usage_source = telemetry::UsageSource::estimated;
}

void ChatCall::release() {
  if (!holding_) return;
  worker_.seams().books.release(hold_, worker_.now());
  holding_ = false;
  if (quotas_ != nullptr) quotas_->release(worker_.seams().books, worker_.now());
}

void ChatCall::end_line(int status) {
  line_->status = static_cast<std::uint16_t>(status);
  line_->duration_ns = worker_.last_tick() - attempt_started_;
}

void ChatCall::succeeded(int status) {
  end_line(status);
  if (serving_.health.on_success(planned_->target, line_->ttfb_ns, line_->duration_ns))
    worker_.breakers_changed(serving_);
  receipt_.model = line_->model;
  receipt_.provider = line_->provider;
  receipt_.target = line_->target;
}

// A client of Responses may go on from this answer and its items, with the provider that keeps them
// only.
void ChatCall::remember_kept(std::string_view answer_id, std::string_view item_ids) {
  KeptAnswers* const kept = worker_.seams().kept;
  const bool keeps = wire() == dialect::hub::Wire::openai_responses &&
                     provider_of(planned_->target).wire == wire() && kept != nullptr;
  if (!keeps) return;
  const std::uint64_t owner = session_.principal()->owner_hash;
  const std::uint64_t target = runtime_.target_hashes[static_cast<std::size_t>(planned_->target)];
  const std::uint32_t maker =
      runtime_.makers.name_of(runtime_.makers.maker(planned_->target, key_used_));
  kept->remember(owner, answer_id, target, maker);
  for (std::size_t at = 0; at < item_ids.size();) {
    const std::size_t end = std::min(item_ids.find('\n', at), item_ids.size());
    kept->remember(owner, item_ids.substr(at, end - at), target, maker);
    at = end + 1;
  }
}

// What of the answer the client does not get, beside what was left out of its request.
void ChatCall::note_lost(dialect::hub::Dropped lost) {
  foreign_->dropped.add(lost);
  receipt_.dropped |= foreign_->dropped.bits();
}

void ChatCall::failed(router::FailureClass failure, ErrorKind kind, int status, Tick until) {
  end_line(status);
  line_->failed = true;
  line_->error = kind;
  if (serving_.health.on_failure(planned_->target, failure, worker_.tick_now(), until))
    worker_.breakers_changed(serving_);
}

// After every wait for a peer: one reading of the clock, shared by all that follows. Whatever takes
// long waits often, so this is where the lease of the hold is kept alive.
void ChatCall::waited() {
  const Tick before = worker_.last_tick();
  const Tick now = worker_.tick_now();
  waited_ns_ += now - before;
  if (!holding_ || now < hold_.renew_at) return;
  (void)worker_.seams().books.renew(hold_, now);
  if (quotas_ != nullptr) quotas_->renew(worker_.seams().books, now);
}

void ChatCall::drop_upstream() {
  deadline_.clear();
  upstream_.reset();
}

void ChatCall::keep_upstream() {
  deadline_.clear();
  upstream_->pool->give_back(std::move(upstream_), worker_.last_tick());
}

void ChatCall::append_common_headers(net::HeadWriter& head) const {
  std::array<char, 160> room;
  char* at = room.data();
  const auto put = [&at](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  put("x-steelyard-request-id: ");
  at = telemetry::write_request_id(at, receipt_.id);
  put("\r\nx-steelyard-attempts: ");
  at += net::write_decimal(at, receipt_.attempts.size());
  put("\r\nx-steelyard-estimated-tokens: ");
  at += net::write_decimal(at, static_cast<std::uint64_t>(planned_->input_tokens));
  put("\r\n");
  head.append_raw({room.data(), static_cast<std::size_t>(at - room.data())});
  head.append_raw(runtime_.target_lines[static_cast<std::size_t>(planned_->target)]);
  if (rule_ < runtime_.policy_lines.size()) head.append_raw(runtime_.policy_lines[rule_]);
  if (rated_) rated_->append(head, session_, decision_.at);
  if (planned_->clamped) {  // the client's own limit was lowered, by its policy or its budget
    head.append_field("x-steelyard-output-tokens-max",
                      static_cast<std::uint64_t>(planned_->output_tokens_max));
  }
  if (foreign_ && !foreign_->dropped.empty()) {
    std::string names;
    foreign_->append_dropped(names);
    head.append_field("x-steelyard-dropped-fields", names);
  }
}

// Lines whose value is money: digits only, nothing to check.
void ChatCall::append_money(net::HeadWriter& head, std::string_view name, NanoUsd amount) {
  char* const begin = head.room(name.size() + usd_text_most + 2);
  if (begin == nullptr) return;
  std::memcpy(begin, name.data(), name.size());
  char* at = put_usd(begin + name.size(), amount);
  std::memcpy(at, "\r\n", 2);
  head.advance(static_cast<std::size_t>(at + 2 - begin));
}

}  // namespace steelyard
