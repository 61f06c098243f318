#include "gateway/error_reply.h"

#include "config/types/json_writer.h"
#include "gateway/dialect/hub_errors.h"
#include "gateway/net/request_reader.h"
#include "gateway/pass_through.h"
#include "gateway/receipts.h"
#include "gateway/runtime.h"
#include "gateway/session.h"
#include "gateway/websocket_upgrade.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {

namespace {

// Only what the configuration allows this key gets through, and only as the provider will read it.
GateRefusal pass_gate(const Session& session) {
  const net::RequestHead& head = session.head();
  const std::string_view target = head.target();
  if (!is_plain_path(target.substr(0, target.find('?'))))
    return {
        400, ErrorKind::bad_request,
        "a path that is passed through has no encoded bytes, no dot segments and no empty ones"};
  if (!query_value(target, "key").empty() || !query_value(target, "api_key").empty())
    return {400, ErrorKind::bad_request,
            "a key in the query would reach the provider: use a header"};
  const PassMatch match = match_pass(session.runtime(), session.principal(), head.method, target);
  if (match.rule == nullptr)
    return {403, ErrorKind::forbidden,
            "this key may not pass this path through (`pass_through` of its team)"};
  if (!head.fields.find("sec-websocket-key").empty() || !head.fields.find("upgrade").empty())
    return {426, ErrorKind::bad_request, "a WebSocket is not passed through"};
  const auto limit = static_cast<std::uint64_t>(session.runtime().spec.pass_through_bytes_max);
  if (head.content_length.value_or(0) > limit)
    return {413, ErrorKind::bad_request, "the body is too large"};
  return {};
}

// The place at fault that a reader names first: "`/messages/0/role` must be ...".
std::string_view pointer_in(std::string_view text) {
  if (!text.starts_with("`/")) return {};
  const std::size_t end = text.find('`', 1);
  return end == std::string_view::npos ? std::string_view() : text.substr(1, end - 1);
}

}  // namespace

GateRefusal gate(const Session& session, const RouteMatch& match) {
  if (match.route == Route::none) {
    const bool socket = match.wrong_method && asks_for_websocket(session.head());
    // Codex asks for a WebSocket first, and goes on with POST after this status.
    if (socket && !session.runtime().spec.responses_websocket)
      return {426, ErrorKind::bad_request, "a WebSocket is not offered here: send a POST"};
    if (socket && session.principal() != nullptr) return {101, ErrorKind::bad_request, ""};
    if (match.wrong_method && !socket)
      return {405, ErrorKind::bad_request, "this path does not take that method"};
    if (!socket) return {404, ErrorKind::not_found, "there is no such path"};
  }
  if (match.route == Route::probe) return {};  // tells nothing, and takes nothing
  const net::RequestHead& head = session.head();
  if (session.principal() == nullptr) {
    const bool none = !head.fields.has(net::RequestField::authorization) &&
                      !head.fields.has(net::RequestField::x_api_key) &&
                      !head.fields.has(net::RequestField::x_goog_api_key);
    return {401, ErrorKind::unauthorized,
            none ? "no key: send `authorization: Bearer KEY`" : "the key is not known here"};
  }
  if (match.route == Route::pass_through) {
    if (const GateRefusal refusal = pass_gate(session); refusal.status != 0) return refusal;
  }
  if (match.route == Route::explain && !session.principal()->may_explain)
    return {403, ErrorKind::forbidden, "this key may not ask for explanations"};
  if (head.fields.has(net::RequestField::content_encoding))
    return {415, ErrorKind::bad_request, "compressed bodies are not accepted"};
  return {};
}

GateRefusal overloaded(const Session& session) {
  const auto reply = dialect::hub::reply_for(session.wire(), ErrorKind::overloaded, 429);
  return {static_cast<unsigned>(reply.status), ErrorKind::overloaded,
          "the gateway has more to do than it can; try again shortly", 1};
}

void write_http_refusal(std::string& body, net::Refusal refusal) {
  JsonWriter json(body);
  json.begin_object().key("error").begin_object();
  json.field("message", refusal.text).field("type", "invalid_request_error");
  json.key("param").null().field("code", "malformed_http").end_object().end_object();
}

net::Task<bool> reply_refused(Session& session, GateRefusal refusal, std::string_view extra) {
  const bool busy = refusal.kind == ErrorKind::overloaded;
  const Error error(refusal.kind, busy ? ErrorSource::gateway : ErrorSource::client, Retry::never,
                    refusal.text);
  record_refused(session, error, refusal.status);
  std::string lines(extra);
  if (refusal.status == 405) lines += "allow: " + allowed_methods(session.head().target()) + "\r\n";
  if (refusal.retry_after_s != 0)
    lines += "retry-after: " + std::to_string(refusal.retry_after_s) + "\r\n";
  std::string& body = session.worker().tools().text_scratch;
  body.clear();
  dialect::hub::write_error(body, session.wire(), error, {});
  co_return co_await session.reply(refusal.status, "application/json", body, lines);
}

net::Task<bool> reply_error(Session& session, const Error& error,
                            const dialect::ErrorExtras& extras, std::string_view extra) {
  const auto reply = dialect::hub::reply_for(session.wire(), error.kind, extras.refusal_status);
  std::string& body = session.worker().tools().text_scratch;
  body.clear();
  dialect::ErrorExtras told = extras;
  if (told.param.empty() && error.kind == ErrorKind::bad_request)
    told.param = pointer_in(error.context);
  dialect::hub::write_error(body, session.wire(), error, told);
  std::string lines(extra);
  if (reply.retry_useless) lines += "x-should-retry: false\r\n";
  co_return co_await session.reply(static_cast<unsigned>(reply.status), "application/json", body,
                                   lines);
}

}  // namespace steelyard
