#include "gateway/stored_call.h"

#include <algorithm>
#include <string>

#include "gateway/dialect/hub_errors.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/error_reply.h"
#include "gateway/forward.h"
#include "gateway/kept_answers.h"
#include "gateway/receipts.h"
#include "gateway/runtime.h"
#include "gateway/telemetry/receipt.h"
#include "gateway/worker.h"

namespace steelyard {
namespace {

constexpr std::size_t made_bytes_max = 1u << 20;  // of a conversation that was made

// "responses/{id}/...", checked by routes.cpp; "" for what is to be made.
std::string_view id_in(std::string_view parameter) {
  parameter.remove_prefix(std::min(parameter.find('/') + 1, parameter.size()));
  return parameter.substr(0, parameter.find('/'));
}

// The target that keeps it for who asks; -1: none.
struct Keeper {
  std::int32_t target = -1, key = -1;  // key -1: whichever
};
Keeper keeper_of(Session& session, std::string_view id) {
  const KeptAnswers* const kept = session.worker().seams().kept;
  std::uint32_t maker = 0;
  const std::uint64_t hash =
      kept == nullptr ? 0 : kept->find(session.principal()->owner_hash, id, &maker);
  const Runtime& runtime = session.runtime();
  const auto at = std::find(runtime.target_hashes.begin(), runtime.target_hashes.end(), hash);
  if (hash == 0 || at == runtime.target_hashes.end()) return {};
  Keeper keeper{static_cast<std::int32_t>(at - runtime.target_hashes.begin()), -1};
  const std::int32_t by = maker == 0 ? -1 : runtime.makers.named(keeper.target, maker);
  if (by != StateMakers::nobody)
    keeper.key = static_cast<std::int32_t>(runtime.makers.key_number(by));
  return keeper;
}

// Where something new may be kept: the first target the key may use that speaks the dialect.
std::int32_t new_keeper(const Session& session) {
  const Runtime& runtime = session.runtime();
  for (std::size_t i = 0; i < runtime.target_hashes.size(); ++i) {
    const router::Target& target = runtime.catalog.target(static_cast<std::int32_t>(i));
    const ProviderRuntime& at = runtime.providers[static_cast<std::size_t>(target.provider)];
    if (at.wire == dialect::hub::Wire::openai_responses &&
        session.principal()->access.test(static_cast<std::size_t>(target.model)))
      return static_cast<std::int32_t>(i);
  }
  return -1;
}

// The id of what was made, escaped; "": it has none.
std::string id_of(std::string_view answer) {
  constexpr dialect::KeyTable keys(dialect::key_names("id"));
  std::string_view id;
  dialect::LenientReader reader(answer);
  (void)reader.object(
      keys, [&](int key) { return key == 0 ? reader.text(id) : reader.cursor.skip_value(); });
  return std::string(id);
}

ForwardAsk ask_of(const Session& session, std::string_view parameter, const ProviderRuntime& at) {
  const net::RequestHead& head = session.head();
  const std::size_t mark = head.target().find('?');
  ForwardAsk ask;
  ask.head.append(net::name_of(head.method)).append(" ").append(at.base_path).append("/");
  ask.head += parameter;
  if (mark != std::string_view::npos) ask.head += head.target().substr(mark);
  ask.head += " HTTP/1.1\r\naccept: application/json, text/event-stream\r\n";
  ask.body = session.body();
  if (!ask.body.empty()) ask.head += "content-type: application/json\r\n";
  return ask;
}

class StoredCall {
 public:
  explicit StoredCall(Session& session)
      : session_(session),
        makes_(session.route() == Route::conversations),
        parameter_(makes_ ? "conversations"
                          : match_route(session.head().method, session.head().target()).parameter),
        id_(id_in(parameter_)),
        keeper_(makes_ ? Keeper{new_keeper(session), -1} : keeper_of(session, id_)),
        target_(keeper_.target) {
    begin_receipt(session, receipt_);
  }

  net::Task<void> run() {
    if (target_ >= 0) co_await ask();
    if (!answered_) co_await answer_error();
    end_receipt(session_, receipt_, waited_);
  }

 private:
  net::Task<void> ask() {
    const std::int32_t provider = session_.runtime().catalog.target(target_).provider;
    const ProviderRuntime& at = session_.runtime().providers[static_cast<std::size_t>(provider)];
    receipt_.provider = at.name;
    receipt_.upstream_dialect = dialect_of(at.wire);
    ForwardAsk asked = ask_of(session_, parameter_, at);
    asked.key = keeper_.key;
    Forward forward(session_, provider);
    bool got = co_await forward.ask_each_key(asked);
    const bool good = got && forward.head_status() < 300;
    if (good && makes_) {
      got = co_await forward.collect(made_bytes_max);
      if (got) {
        remember(id_of(forward.body()), forward.key_used());
        const std::string made(forward.body());
        answered_ = true;
        receipt_.http_status = static_cast<std::uint16_t>(forward.head_status());
        (void)co_await session_.reply(receipt_.http_status, "application/json", made);
      }
    } else if (got) {
      answered_ = true;
      const std::string_view lines;
      const bool relayed = co_await forward.relay(lines, nullptr);
      receipt_.http_status = static_cast<std::uint16_t>(forward.told_status());
      receipt_.failed = !relayed || receipt_.http_status >= 400;
      if (receipt_.failed) receipt_.error = ErrorKind::upstream_status;
      const bool deletes = session_.head().method == net::Method::del;
      const bool whole = parameter_.ends_with(id_);
      if (good && deletes && whole)
        session_.worker().seams().kept->forget(session_.principal()->owner_hash, id_);
    }
    forward.finish();
    waited_ = forward.waited_ns();
    if (!answered_) error_ = forward.error();
  }

  void remember(std::string_view id, std::size_t key) {
    const StateMakers& makers = session_.runtime().makers;
    KeptAnswers* const kept = session_.worker().seams().kept;
    if (kept != nullptr)
      kept->remember(session_.principal()->owner_hash, id,
                     session_.runtime().target_hashes[static_cast<std::size_t>(target_)],
                     makers.name_of(makers.maker(target_, key)));
  }

  net::Task<void> answer_error() {
    if (target_ < 0) {
      error_ = makes_ ? Error(ErrorKind::no_route, ErrorSource::gateway, Retry::never,
                              "no provider that this key may use keeps conversations")
                      : Error(ErrorKind::not_kept, ErrorSource::client, Retry::never,
                              "`" + std::string(id_) + "` is not kept here for this key");
    }
    receipt_.failed = true;
    receipt_.error = error_.kind;
    receipt_.error_text = error_.context;
    receipt_.http_status =
        static_cast<std::uint16_t>(dialect::hub::reply_for(session_.wire(), error_.kind).status);
    const dialect::ErrorExtras extras;
    const std::string_view lines;
    (void)co_await reply_error(session_, error_, extras, lines);
  }

  Session& session_;
  telemetry::Receipt receipt_;
  bool makes_, answered_ = false;
  std::string parameter_;
  std::string_view id_;
  Keeper keeper_;
  std::int32_t target_;
  std::int64_t waited_ = 0;
  Error error_;
};

}  // namespace

net::Task<void> serve_stored(Session& session) {
  StoredCall call(session);
  co_await call.run();
}

}  // namespace steelyard
