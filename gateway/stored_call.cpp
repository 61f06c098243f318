#include "gateway/stored_call.h"

#include <string>

#include "gateway/dialect/hub_errors.h"
#include "gateway/error_reply.h"
#include "gateway/forward.h"
#include "gateway/kept_answers.h"
#include "gateway/receipts.h"
#include "gateway/runtime.h"
#include "gateway/telemetry/receipt.h"
#include "gateway/worker.h"

namespace steelyard {
namespace {

// What the path names, checked by routes.cpp: the id, and what is wanted of it.
std::string_view id_in(std::string_view parameter) {
  return parameter.substr(0, parameter.find('/'));
}

// The provider that keeps the answer for who asks; -1: none.
std::int32_t provider_of(Session& session, std::string_view id) {
  const KeptAnswers* const kept = session.worker().seams().kept;
  const std::uint64_t target =
      kept == nullptr ? 0 : kept->find(session.principal()->owner_hash, id);
  const Runtime& runtime = session.runtime();
  for (std::size_t i = 0; target != 0 && i < runtime.target_hashes.size(); ++i)
    if (runtime.target_hashes[i] == target)
      return runtime.catalog.target(static_cast<std::int32_t>(i)).provider;
  return -1;
}

ForwardAsk ask_of(const Session& session, std::string_view parameter, const ProviderRuntime& at) {
  const net::RequestHead& head = session.head();
  const std::size_t mark = head.target().find('?');
  ForwardAsk ask;
  ask.head.append(net::name_of(head.method)).append(" ").append(at.base_path);
  ask.head.append("/responses/").append(parameter);
  if (mark != std::string_view::npos) ask.head += head.target().substr(mark);
  ask.head += " HTTP/1.1\r\naccept: application/json, text/event-stream\r\n";
  return ask;
}

}  // namespace

net::Task<void> serve_stored(Session& session) {
  telemetry::Receipt receipt;
  begin_receipt(session, receipt);
  const net::RequestHead& request = session.head();
  const std::string parameter(match_route(request.method, request.target()).parameter);
  const std::string_view id = id_in(parameter);
  const std::int32_t provider = provider_of(session, id);
  Error error(ErrorKind::not_kept, ErrorSource::client, Retry::never,
              "the response `" + std::string(id) + "` is not kept here for this key");
  std::int64_t waited = 0;
  bool answered = false;
  if (provider >= 0) {
    const ProviderRuntime& at = session.runtime().providers[static_cast<std::size_t>(provider)];
    receipt.provider = at.name;
    receipt.upstream_dialect = dialect_of(at.wire);
    const bool deletes = request.method == net::Method::del;
    const ForwardAsk ask = ask_of(session, parameter, at);
    Forward forward(session, provider);
    const bool asked = co_await forward.ask(ask);
    if (asked) {
      answered = true;
      const bool gone = deletes && forward.head().status < 300;
      const std::string_view lines;
      const bool relayed = co_await forward.relay(lines, nullptr);
      forward.finish();
      receipt.http_status = static_cast<std::uint16_t>(forward.told_status());
      receipt.failed = !relayed || receipt.http_status >= 400;
      if (receipt.failed) receipt.error = ErrorKind::upstream_status;
      if (gone) session.worker().seams().kept->forget(session.principal()->owner_hash, id);
    } else {
      error = forward.error();
    }
    waited = forward.waited_ns();
  }
  if (!answered) {
    receipt.failed = true;
    receipt.error = error.kind;
    receipt.error_text = error.context;
    receipt.http_status =
        static_cast<std::uint16_t>(dialect::hub::reply_for(session.wire(), error.kind).status);
    const dialect::ErrorExtras extras;
    const std::string_view lines;
    (void)co_await reply_error(session, error, extras, lines);
  }
  end_receipt(session, receipt, waited);
}

}  // namespace steelyard
