#include "gateway/completions_call.h"

#include <algorithm>
#include <string>

#include "gateway/dialect/legacy_completion.h"
#include "gateway/failure_of.h"
#include "gateway/metered_call.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/usage_watch.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"
#include "router/failure_class.h"
#include "router/tokens/framing.h"

namespace steelyard {
namespace {

class CompletionsCall {
 public:
  explicit CompletionsCall(Session& session)
      : session_(session), runtime_(session.runtime()), call_(session) {}

  net::Task<void> run() {
    bool chosen = prepare();
    while (!chosen && call_.wants_room()) {
      const bool more = co_await call_.room_came();
      if (!more) break;
      chosen = choose(runtime_.catalog.model(model_));
    }
    if (chosen) co_await pass();
    if (!answered_ && !session_.client_gone()) co_await call_.answer_error();
    call_.finish(waited_ns_);
  }

 private:
  bool refuse(ErrorKind kind, std::string text) {
    call_.give_error(Error(kind, ErrorSource::client, Retry::never, std::move(text)));
    return false;
  }

  bool prepare() {
    const Result<void> read = dialect::read_legacy_completion(session_.body(), request_);
    if (!read) {
      call_.give_error(read.error());
      return false;
    }
    model_ = runtime_.catalog.find_model(request_.model);
    call_.spending().set_user(request_.user);
    const bool usable =
        model_ >= 0 && session_.principal()->access.test(static_cast<std::size_t>(model_));
    if (!usable)
      return refuse(ErrorKind::not_found,
                    "there is no model of that name, or this key may not use it");
    const router::Model& model = runtime_.catalog.model(model_);
    if (!model.prices.tariff_at(call_.at(), ServiceTier::standard).priced())
      return refuse(ErrorKind::no_route,
                    "no price is known for `" + std::string(request_.model) + "`");
    count(model);
    if (!call_.allowed(request_.model, tokens_)) return false;
    call_.receipt().facts.stream = request_.stream;
    return choose(model);
  }

  void count(const router::Model& model) {
    router::TokenCounter& counter = *session_.worker().tools().counter;
    std::int64_t counted = 0;
    for (const std::string_view text : request_.prompts) counted += counter.count_json(text);
    tokens_ = router::scale_text(counted, model.framing);
    tokens_.tokens += request_.given_tokens;
    tokens_.upper += request_.given_tokens + request_.prompt_count;
  }

  // The first target that speaks OpenAI's dialect and is well.
  bool choose(const router::Model& model) {
    router::Usage most;
    most.input = tokens_.upper;
    most.output = request_.output_tokens();
    const NanoUsd worst = call_.cost_of(model_, most);
    bool spoken = false;
    for (std::int32_t i = 0; i < model.target_count; ++i) {
      target_ = model.target_first + i;
      provider_ = runtime_.catalog.target(target_).provider;
      const auto& at = runtime_.providers[static_cast<std::size_t>(provider_)];
      if (at.wire != dialect::hub::Wire::openai_chat) continue;
      spoken = true;
      const bool last = i + 1 == model.target_count;
      router::Health& health = session_.serving().health;
      if (!health.on_dispatch(target_, session_.worker().last_tick(), last)) continue;
      const std::int64_t tokens = tokens_.upper + request_.output_tokens();
      if (call_.begin({provider_, target_, {}, worst, worst, tokens})) return true;
      health.on_abandoned(target_);
      return false;
    }
    // Asked once more it would be told the same: SDKs try a 503 again.
    return spoken ? refuse(ErrorKind::no_route, "no provider of this model can be asked just now")
                  : refuse(ErrorKind::bad_request,
                           "no provider of this model has legacy completions: use "
                           "/v1/chat/completions");
  }

  // The client's bytes, with the provider's name of the model, and a limit where it set none: the
  // hold rests on it.
  std::string body() const {
    std::string out(request_.body.substr(0, request_.model_token.begin));
    out.append(1, '"').append(runtime_.catalog.target(target_).upstream_name).append(1, '"');
    if (!request_.max_tokens_given)
      out.append(",\"max_tokens\":").append(std::to_string(request_.max_tokens));
    return out.append(request_.body.substr(request_.model_token.end()));
  }

  net::Task<void> pass() {
    const bool dispatched = co_await call_.spending().dispatch();
    if (!dispatched) {
      session_.serving().health.on_abandoned(target_);
      call_.give_error(call_.spending().error());
      co_return;
    }
    const auto& at = runtime_.providers[static_cast<std::size_t>(provider_)];
    const std::string written = body();
    ForwardAsk ask;
    ask.head = "POST " + at.base_path +
               "/completions HTTP/1.1\r\naccept: application/json, text/event-stream\r\n"
               "content-type: application/json\r\n";
    ask.body = written;
    Forward forward(session_, provider_);
    const Tick began = session_.worker().last_tick();
    const bool got = co_await forward.ask_each_key(ask);
    if (!got) {
      waited_ns_ = forward.waited_ns();
      call_.failed(forward.error().kind, 0, forward.sent());
      call_.give_error(forward.error());
      const bool gone = forward.error().kind == ErrorKind::client_gone;
      lost(gone ? router::FailureClass::client_gone : router::FailureClass::transport, {});
      co_return;
    }
    answered_ = true;
    const std::int64_t first = session_.worker().last_tick() - began;
    const std::int64_t hint = hint_ms(forward.head(), session_.worker().now());
    const bool events = forward.head().event_stream && !at.quirks.ends_without_done;
    UsageWatch watch(events);
    const std::string lines = call_.head_lines(false);
    const bool whole = co_await forward.relay(lines, &watch);
    waited_ns_ = forward.waited_ns();
    const int status = forward.head_status();
    if (status >= 400) {
      call_.failed(ErrorKind::upstream_status, status, status == 504);
      call_.receipt().failed = true;
      call_.receipt().error = ErrorKind::upstream_status;
      call_.receipt().http_status = static_cast<std::uint16_t>(forward.told_status());
      const Tick until = hint < 0 ? Tick{} : session_.worker().tick_now().plus_ms(hint);
      if (forward.other_key_left())
        session_.serving().health.on_abandoned(target_);
      else
        lost(router::class_of_status(status), until);
    } else {
      settle(watch, at, whole);
      call_.succeeded(status);
      ended(forward, whole, first, session_.worker().last_tick() - began);
    }
    forward.finish();
  }

  void ended(const Forward& forward, bool whole, std::int64_t first, std::int64_t total) {
    router::Health& health = session_.serving().health;
    if (whole) {
      if (health.on_success(target_, first, total))
        session_.worker().breakers_changed(session_.serving());
      return;
    }
    telemetry::Receipt& receipt = call_.receipt();
    receipt.failed = true;
    receipt.error = forward.error().kind;
    receipt.error_text = forward.error().context;
    lost(session_.client_gone() ? router::FailureClass::client_gone : router::FailureClass::server,
         {});
  }

  void lost(router::FailureClass cls, Tick until) {
    Worker& worker = session_.worker();
    if (session_.serving().health.on_failure(target_, cls, worker.tick_now(), until))
      worker.breakers_changed(session_.serving());
  }

  // Without usage: the bound of the input, and the output by its bytes, two of them a token (four
  // are usual); of an answer that broke off, all that was held.
  void settle(const UsageWatch& watch, const ProviderRuntime& at, bool whole) {
    const dialect::ReportedUsage reported = watch.usage();
    if (!reported.present && !whole) return call_.spending().settle_whole();
    router::Usage usage;
    if (reported.present) {
      usage = usage_of(reported, at);
    } else {
      usage.input = tokens_.upper;
      usage.output = std::min(request_.output_tokens(), (watch.text_bytes() + 1) / 2);
    }
    call_.note_usage(usage);
    call_.spending().settle(call_.cost_of(model_, usage), reported.present
                                                              ? router::UsageSource::provider
                                                              : router::UsageSource::estimated);
  }

  Session& session_;
  const Runtime& runtime_;
  MeteredCall call_;
  dialect::LegacyCompletion request_;
  router::TokenCount tokens_;
  std::int32_t model_ = -1, target_ = -1, provider_ = -1;
  std::int64_t waited_ns_ = 0;
  bool answered_ = false;
};

}  // namespace

net::Task<void> serve_completions(Session& session) {
  CompletionsCall call(session);
  co_await call.run();
}

}  // namespace steelyard
