#include "gateway/pass_call.h"

#include <array>
#include <string>

#include "gateway/metered_call.h"
#include "gateway/pass_asker.h"
#include "gateway/pass_through.h"
#include "gateway/runtime.h"
#include "gateway/usage_watch.h"
#include "gateway/worker.h"

namespace steelyard {
namespace {

// What of the client's head a provider is shown: nothing of keys, cookies, hops or accounts.
constexpr std::array<std::string_view, 8> passed{
    "content-type",   "accept",      "accept-language", "anthropic-version",
    "anthropic-beta", "openai-beta", "idempotency-key", "range"};

// Sees the request's body on its way: the model it names is what the price depends on.
class PassCall {
 public:
  explicit PassCall(Session& session)
      : session_(session),
        call_(session),
        match_(match_pass(session.runtime(), session.principal(), session.head().method,
                          session.head().target())) {}

  net::Task<void> run() {
    bool goes = prepare();
    if (goes && reads_ahead()) goes = co_await read_ahead();
    bool begun = goes && begin();
    while (goes && !begun && call_.wants_room()) {
      const bool more = co_await call_.room_came();
      if (!more) break;
      begun = begin();
    }
    if (begun) co_await pass();
    if (!answered_ && !session_.client_gone()) co_await call_.answer_error();
    call_.finish(waited_ns_);
  }

 private:
  const ProviderRuntime& provider() const {
    return session_.runtime().providers[static_cast<std::size_t>(match_.provider)];
  }
  NanoUsd most() const {
    if (match_.rule->price_per_call) return *match_.rule->price_per_call;
    return match_.rule->hold.value_or(NanoUsd{});
  }

  bool prepare() {
    if (!call_.allowed({}, {})) return false;
    const bool unknown = !match_.rule->price_per_call && !match_.rule->hold;
    const store::Chain& chain = session_.principal()->chain;
    const bool capped =
        !chain.empty() &&
        session_.worker().seams().books.headroom(chain, call_.at()).remaining.v != INT64_MAX;
    if (unknown && capped) {
      call_.give_error(Error(ErrorKind::forbidden, ErrorSource::gateway, Retry::never,
                             "no price is known for this path, and a budget caps this key: its "
                             "`pass_through` rule needs `price_per_call` or `hold`"));
      return false;
    }
    return true;
  }

  // Some of the key's budgets count users, models or tags: who and which stands in the body, and
  // the money is held before any of it goes out.
  bool reads_ahead() const { return !session_.principal()->conditions.empty(); }

  net::Task<bool> read_ahead() {
    const auto most = static_cast<std::size_t>(session_.runtime().spec.body_bytes_max);
    while (session_.head().has_body()) {
      std::string_view piece;
      const bool got = co_await session_.read_body(piece);
      if (!got) co_return refuse(ErrorKind::bad_request, "the body broke off");
      if (piece.empty()) break;
      if (body_.size() + piece.size() > most)
        co_return refuse(ErrorKind::bad_request,
                         "budgets of this key count by what the body says; it may have " +
                             std::to_string(most) + " bytes then");
      body_ += piece;
    }
    said_ = who_asks(session_.head().target(), body_);
    if (said_.several_models)
      co_return refuse(ErrorKind::bad_request,
                       "the body names several models; budgets of this key count each of them");
    call_.spending().set_user(said_.user);
    co_return true;
  }

  bool refuse(ErrorKind kind, std::string text) {
    call_.give_error(Error(kind, ErrorSource::client, Retry::never, std::move(text)));
    return false;
  }

  // Nobody can know the tokens before: a quota of them holds what the rule says, so that one that
  // is used up refuses; the bill says how many there were.
  bool begin() {
    const router::Catalog& catalog = session_.runtime().catalog;
    const std::int32_t model = catalog.find_model(said_.model);
    const std::string_view name = model >= 0 ? catalog.model(model).name : said_.model;
    return call_.begin({match_.provider, -1, name, most(), most(), match_.rule->hold_tokens});
  }

  // The base URL's path, then what the client wrote behind the provider's name; a version that both
  // have stands there once.
  std::string target() const {
    const std::string_view whole = session_.head().target();
    const std::string_view path = whole.substr(0, whole.find('?'));
    std::string_view rest = path.substr(path.find('/', 1));
    const std::string& base = provider().base_path;
    const std::size_t last = base.rfind('/');
    const std::string_view version =
        last == std::string::npos ? std::string_view() : std::string_view(base).substr(last);
    const bool same = version.size() > 1 && rest.starts_with(version) &&
                      (rest.size() == version.size() || rest[version.size()] == '/');
    if (same) rest.remove_prefix(version.size());
    std::string out = base;
    out += rest;
    if (path.size() != whole.size()) out += whole.substr(path.size());
    return out;
  }

  ForwardAsk ask() const {
    const net::RequestHead& head = session_.head();
    ForwardAsk ask;
    ask.head.append(net::name_of(head.method)).append(" ").append(target()).append(" HTTP/1.1\r\n");
    for (std::size_t i = 0; i < head.fields.size(); ++i) {
      const net::FieldView field = head.fields[i];
      for (const std::string_view name : passed)
        if (net::equals_folded(field.name, name))
          ask.head.append(name).append(": ").append(field.value).append("\r\n");
    }
    const bool anthropic = provider().wire == dialect::hub::Wire::anthropic;
    if (anthropic && !head.fields.has(net::RequestField::anthropic_version))
      ask.head += "anthropic-version: 2023-06-01\r\n";
    ask.client_body = !reads_ahead();
    ask.any_path = true;
    ask.body = body_;
    return ask;
  }

  net::Task<void> pass() {
    const bool dispatched = co_await call_.spending().dispatch();
    if (!dispatched) {
      call_.give_error(call_.spending().error());
      co_return;
    }
    Forward forward(session_, match_.provider);
    UsageWatch request, answer;
    ForwardAsk asked = ask();
    asked.watch = &request;
    if (!body_.empty()) request.feed(body_);
    const bool got = co_await forward.ask(asked);
    if (!got) {
      waited_ns_ = forward.waited_ns();
      call_.failed(forward.error().kind, 0, forward.sent());
      call_.give_error(forward.error());
      co_return;
    }
    answered_ = true;
    const std::string lines = call_.head_lines(false);
    const bool whole = co_await forward.relay(lines, &answer);
    waited_ns_ = forward.waited_ns();
    const int status = forward.told_status();
    if (status >= 400) {
      call_.failed(ErrorKind::upstream_status, forward.head_status(), forward.head_status() == 504);
      call_.receipt().failed = true;
      call_.receipt().error = ErrorKind::upstream_status;
      call_.receipt().http_status = static_cast<std::uint16_t>(status);
    } else {
      settle(request, answer);
      call_.succeeded(status);
      if (!whole) {
        call_.receipt().failed = true;
        call_.receipt().error = forward.error().kind;
        call_.receipt().error_text = forward.error().context;
      }
    }
    forward.finish();
  }

  void settle(const UsageWatch& request, const UsageWatch& answer) {
    if (match_.rule->price_per_call)
      return call_.spending().settle(*match_.rule->price_per_call, router::UsageSource::provider);
    const dialect::ReportedUsage reported = answer.usage();
    const std::int32_t model = session_.runtime().catalog.find_model(request.model());
    const bool known = reported.present && model >= 0 &&
                       session_.runtime()
                           .catalog.model(model)
                           .prices.tariff_at(call_.at(), ServiceTier::standard)
                           .priced();
    if (!known) return call_.spending().settle_whole();
    const router::Usage usage = usage_of(reported, provider());
    call_.note_usage(usage);
    call_.spending().settle(call_.cost_of(model, usage), router::UsageSource::provider);
  }

  Session& session_;
  MeteredCall call_;
  PassMatch match_;
  std::string body_;  // read ahead
  PassAsker said_;
  std::int64_t waited_ns_ = 0;
  bool answered_ = false;
};

}  // namespace

net::Task<void> serve_pass_through(Session& session) {
  PassCall call(session);
  co_await call.run();
}

}  // namespace steelyard
