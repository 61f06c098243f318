#include "gateway/embeddings_call.h"

#include <algorithm>
#include <string>
#include <utility>

#include "gateway/dialect/embeddings.h"
#include "gateway/dialect/hub_errors.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/failure_of.h"
#include "gateway/metered_call.h"
#include "gateway/quoted_key.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"
#include "router/failure_class.h"
#include "router/tokens/framing.h"

namespace steelyard {
namespace {

using dialect::EmbeddingShape;
using dialect::hub::Wire;

constexpr std::size_t answer_bytes_max = 64u << 20;  // 2,048 vectors of 3,072 numbers as text

EmbeddingShape shape_of(Route route) {
  switch (route) {
    case Route::embed_content: return EmbeddingShape::gemini_one;
    case Route::batch_embed: return EmbeddingShape::gemini_batch;
    default: return EmbeddingShape::openai;
  }
}

class EmbeddingsCall {
 public:
  explicit EmbeddingsCall(Session& session)
      : session_(session), runtime_(session.runtime()), call_(session) {}

  net::Task<void> run() {
    if (prepare()) co_await try_targets();
    if (!answered_ && !session_.client_gone()) {
      if (fault_)
        co_await call_.answer_fault(fault_, fault_status_, retry_lines_);
      else
        co_await call_.answer_error();
    }
    call_.finish(waited_ns_);
  }

 private:
  bool refuse(ErrorKind kind, std::string text) {
    call_.give_error(Error(kind, ErrorSource::client, Retry::never, std::move(text)));
    return false;
  }

  bool prepare() {
    const Result<void> read =
        dialect::read_embedding_request(session_.body(), shape_of(session_.route()), request_);
    if (!read) {
      call_.give_error(read.error());
      return false;
    }
    const net::RequestHead& head = session_.head();
    if (request_.shape != EmbeddingShape::openai)
      request_.model = match_route(head.method, head.target()).parameter;
    model_ = runtime_.catalog.find_model(request_.model);
    call_.spending().set_user(request_.user);
    const Principal& principal = *session_.principal();
    const bool usable =
        model_ >= 0 && (principal.embeddings.test(static_cast<std::size_t>(model_)) ||
                        principal.access.test(static_cast<std::size_t>(model_)));
    if (!usable)
      return refuse(ErrorKind::not_found,
                    "there is no model of that name, or this key may not use it");
    if (!runtime_.catalog.model(model_).can.embeddings)
      return refuse(ErrorKind::bad_request, "the model `" + std::string(request_.model) +
                                                "` makes no embeddings (catalogue: `can`)");
    count();
    return call_.allowed(request_.model, tokens_);
  }

  // Every text once; what came as numbers is counted as it came.
  void count() {
    router::TokenCounter& counter = *session_.worker().tools().counter;
    std::int64_t counted = 0;
    for (const std::string_view text : request_.texts) counted += counter.count_json(text);
    tokens_ = router::scale_text(counted, runtime_.catalog.model(model_).framing);
    tokens_.tokens += request_.given_tokens;
    tokens_.upper +=
        request_.given_tokens + request_.inputs;  // an end mark each, where there is one
  }

  net::Task<void> try_targets() {
    const router::Model& model = runtime_.catalog.model(model_);
    router::Usage most, expected;
    most.input = tokens_.upper;
    expected.input = tokens_.tokens;
    const bool priced = model.prices.tariff_at(call_.at(), ServiceTier::standard).priced();
    if (!priced || model.target_count == 0) {
      (void)refuse(
          ErrorKind::no_route,
          (priced ? "no provider serves `" : "no price is known for `") + model.name + "`");
      co_return;
    }
    const NanoUsd worst = call_.cost_of(model_, most), likely = call_.cost_of(model_, expected);
    const std::int32_t tries = std::min(model.target_count, runtime_.spec.retry.attempts);
    for (std::int32_t i = 0; i < tries && !session_.client_gone(); ++i) {
      const std::int32_t target = model.target_first + i;
      router::Health& health = session_.serving().health;
      const bool last = i + 1 == tries;
      if (!health.on_dispatch(target, session_.worker().last_tick(), last && i == 0)) {
        if (!call_.has_error())
          (void)refuse(ErrorKind::overloaded, "the provider recovers from failures; try again");
        continue;
      }
      const std::int32_t provider = runtime_.catalog.target(target).provider;
      const MeteredCall::Attempt asked{provider, target, {}, likely, worst, tokens_.upper};
      bool begun = call_.begin(asked);
      while (!begun && call_.wants_room()) {
        const bool more = co_await call_.room_came();
        if (!more) break;
        begun = call_.begin(asked);
      }
      if (!begun) {
        health.on_abandoned(target);
        co_return;
      }
      const bool goes_on = co_await attempt(target, provider);
      if (!goes_on) co_return;
      if (std::exchange(other_key_, false)) --i;  // the same target again, with another key
    }
  }

  EmbeddingShape provider_shape(const ProviderRuntime& at, std::string_view name) const {
    if (at.platform == Platform::bedrock) return dialect::bedrock_shape(name);
    if (at.wire != Wire::gemini) return EmbeddingShape::openai;
    if (at.platform == Platform::vertex) return EmbeddingShape::vertex;
    return request_.shape == EmbeddingShape::gemini_one ? EmbeddingShape::gemini_one
                                                        : EmbeddingShape::gemini_batch;
  }

  Result<void> build(const ProviderRuntime& at, std::int32_t target, ForwardAsk& ask) {
    const std::string& name = runtime_.catalog.target(target).upstream_name;
    const EmbeddingShape shape = provider_shape(at, name);
    const bool cloud = shape >= EmbeddingShape::vertex;
    body_.clear();
    if (!cloud && (at.wire == Wire::anthropic || at.wire == Wire::converse))
      return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::next_target,
                  "provider `" + at.name + "` has no embeddings of the model `" + name + "`");
    const Result<void> made = cloud
                                  ? dialect::write_cloud_embedding_request(body_, request_, shape)
                                  : dialect::write_embedding_request(body_, request_, shape, name);
    if (!made) return made;
    ask.head = "POST ";
    if (cloud)
      append_cloud_path(ask.head, at.path, name, shape == EmbeddingShape::vertex);
    else if (shape == EmbeddingShape::openai)
      append_sibling_path(ask.head, at.path, at.wire, name, "/embeddings");
    else
      ask.head.append(at.path.before)
          .append(name)
          .append(shape == EmbeddingShape::gemini_one ? ":embedContent" : ":batchEmbedContents");
    ask.head += " HTTP/1.1\r\naccept: application/json\r\ncontent-type: application/json\r\n";
    ask.body = body_;
    return {};
  }

  // True: another target may do better.
  net::Task<bool> attempt(std::int32_t target, std::int32_t provider) {
    const ProviderRuntime& at = runtime_.providers[static_cast<std::size_t>(provider)];
    router::Health& health = session_.serving().health;
    ForwardAsk ask;
    if (const Result<void> built = build(at, target, ask); !built) {
      health.on_abandoned(target);
      call_.failed(built.error().kind, 0, false);
      call_.give_error(built.error());
      co_return true;
    }
    const bool dispatched = co_await call_.spending().dispatch();
    if (!dispatched) {
      health.on_abandoned(target);
      call_.give_error(call_.spending().error());
      co_return false;
    }
    fault_ = {};  // of the attempt made last
    Forward forward(session_, provider);
    const Tick began = session_.worker().last_tick();
    bool got = co_await forward.ask(ask);
    const std::int64_t first = session_.worker().last_tick() - began;
    if (got) got = co_await forward.collect(answer_bytes_max);
    waited_ns_ += forward.waited_ns();
    if (!got) {
      call_.failed(forward.error().kind, 0, forward.sent());
      call_.give_error(forward.error());
      const bool gone = forward.error().kind == ErrorKind::client_gone;
      const auto cls = gone ? router::FailureClass::client_gone : router::FailureClass::transport;
      lost(target, cls, {});
      co_return !gone;
    }
    const int status = forward.head().status;
    if (status < 200 || status > 299) {
      const bool more = refused(forward, target, status);
      forward.finish();
      co_return more;
    }
    const bool told = co_await answer(forward, at, target);
    if (told && health.on_success(target, first, session_.worker().last_tick() - began))
      session_.worker().breakers_changed(session_.serving());
    co_return !told;
  }

  void lost(std::int32_t target, router::FailureClass cls, Tick until) {
    Worker& worker = session_.worker();
    if (session_.serving().health.on_failure(target, cls, worker.tick_now(), until))
      worker.breakers_changed(session_.serving());
  }

  // The provider said no. True: another may not.
  bool refused(Forward& forward, std::int32_t target, int status) {
    dialect::UpstreamFault fault = dialect::openai::parse_error(status, forward.body());
    const std::int32_t provider = runtime_.catalog.target(target).provider;
    strike_keys(fault.message, runtime_.providers[static_cast<std::size_t>(provider)].auth_heads);
    const router::FailureClass cls = failure_of(fault.cls);
    const std::int64_t hint = hint_ms(forward.head(), session_.worker().now());
    const Tick until = hint < 0 ? Tick{} : session_.worker().tick_now().plus_ms(hint);
    call_.failed(ErrorKind::upstream_status, status, status == 504);
    other_key_ = forward.other_key_left() && call_.receipt().attempts.size() < limits::attempts_max;
    if (other_key_)
      session_.serving().health.on_abandoned(target);
    else
      lost(target, cls, until);
    fault_ = fault;
    retry_lines_ = retry_lines(forward.head(), session_.worker().now());
    fault_status_ = status;
    call_.give_error(dialect::to_error(fault, status));
    return other_key_ || router::rule_of(cls).fallback;
  }

  net::Task<bool> answer(Forward& forward, const ProviderRuntime& at, std::int32_t target) {
    dialect::EmbeddingAnswer read;
    const EmbeddingShape shape = provider_shape(at, runtime_.catalog.target(target).upstream_name);
    const std::string body(forward.body());
    std::string type(forward.head().value(net::ResponseField::content_type));
    forward.finish();
    dialect::read_embedding_answer(body, read);
    const bool own =
        shape < EmbeddingShape::vertex &&
        (shape == EmbeddingShape::openai) == (request_.shape == EmbeddingShape::openai);
    router::Usage usage;
    if (read.usage.present)
      usage = usage_of(read.usage, at);
    else
      usage.input = tokens_.upper;
    std::string written;
    // A client that asked for base64 cannot read numbers; providers that ignore the wish send them.
    bool translated = !own || (request_.base64 && !read.base64 && !read.vectors.empty());
    bool sound = read.valid;
    if (sound && translated)
      sound = dialect::write_embedding_answer(written, request_, read, request_.model,
                                              usage.total_input());
    if (!sound) {
      call_.failed(ErrorKind::upstream_protocol, 200, true);
      lost(target, router::FailureClass::server, {});
      call_.give_error(Error(ErrorKind::upstream_protocol, ErrorSource::upstream, Retry::never,
                             "provider `" + at.name + "` sent an answer that holds no embeddings"));
      co_return false;
    }
    call_.note_usage(usage);
    call_.spending().settle(call_.cost_of(model_, usage), read.usage.present
                                                              ? router::UsageSource::provider
                                                              : router::UsageSource::estimated);
    if (read.usage.present)
      call_.receipt().estimate.input_tokens_error = usage.total_input() - tokens_.tokens;
    call_.succeeded(200);
    answered_ = true;
    std::string lines = call_.head_lines(true);
    if (!own && !request_.lost.empty()) {
      lines += "x-steelyard-dropped-fields: ";
      request_.lost.append_names(lines);
      if (!request_.unknown.names().empty()) lines.append(",").append(request_.unknown.names());
      lines += "\r\n";
      call_.receipt().dropped = request_.lost.bits();
    }
    if (translated || type.empty()) type = "application/json";
    const std::string_view told = translated ? std::string_view(written) : std::string_view(body);
    (void)co_await session_.reply(200, type, told, lines);
    co_return true;
  }

  Session& session_;
  const Runtime& runtime_;
  MeteredCall call_;
  dialect::EmbeddingRequest request_;
  router::TokenCount tokens_;
  std::int32_t model_ = -1;
  std::string body_;
  dialect::UpstreamFault fault_;
  int fault_status_ = 0;
  std::string retry_lines_;
  std::int64_t waited_ns_ = 0;
  bool answered_ = false;
  bool other_key_ = false;  // the provider has another key than the one it refused
};

}  // namespace

net::Task<void> serve_embeddings(Session& session) {
  EmbeddingsCall call(session);
  co_await call.run();
}

}  // namespace steelyard
