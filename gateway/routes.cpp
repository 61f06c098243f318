#include "gateway/routes.h"

#include <algorithm>

namespace steelyard {
namespace {

struct Row {
  std::string_view path;
  net::Method method;
  Route route;
  bool prefix;  // the rest of the path is the parameter, and is not empty
};

constexpr Row rows[] = {
    {"/v1/chat/completions", net::Method::post, Route::chat_completions, false},
    {"/chat/completions", net::Method::post, Route::chat_completions, false},
    {"/v1/messages", net::Method::post, Route::messages, false},
    {"/v1/responses", net::Method::post, Route::responses, false},
    {"/responses", net::Method::post, Route::responses, false},
    {"/v1/embeddings", net::Method::post, Route::embeddings, false},
    {"/embeddings", net::Method::post, Route::embeddings, false},
    {"/v1/completions", net::Method::post, Route::completions, false},
    {"/completions", net::Method::post, Route::completions, false},
    {"/v1/conversations", net::Method::post, Route::conversations, false},
    {"/conversations", net::Method::post, Route::conversations, false},
    {"/v1/models", net::Method::get, Route::models, false},
    {"/models", net::Method::get, Route::models, false},
    {"/route/explain", net::Method::post, Route::explain, false},
    {"/v1/outcomes", net::Method::post, Route::outcomes, false},
    {"/v1/messages/count_tokens", net::Method::post, Route::count_messages, false},
    {"/v1/models/", net::Method::get, Route::model, true},
    {"/models/", net::Method::get, Route::model, true},
    {"/v1beta/models", net::Method::get, Route::models, false},
    {"/v1beta/models/", net::Method::get, Route::model, true},
    {"/", net::Method::head, Route::probe, false},
    {"/api/hello", net::Method::head, Route::probe, false},
    {"/api/hello", net::Method::get, Route::probe, false},
};

// Gemini's paths end in what is to be done with the model.
constexpr std::string_view gemini_models[] = {"/v1beta/models/", "/v1/models/"};
struct Verb {
  std::string_view text;
  Route route;
};
constexpr Verb gemini_verbs[] = {{":generateContent", Route::generate_content},
                                 {":streamGenerateContent", Route::stream_content},
                                 {":countTokens", Route::count_contents},
                                 {":embedContent", Route::embed_content},
                                 {":batchEmbedContents", Route::batch_embed}};

// Route::none: it is no such path.
RouteMatch match_gemini(std::string_view path) {
  for (const std::string_view prefix : gemini_models) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view rest = path.substr(prefix.size());
    for (const Verb& verb : gemini_verbs) {
      if (rest.size() <= verb.text.size() || !rest.ends_with(verb.text)) continue;
      return {verb.route, false, rest.substr(0, rest.size() - verb.text.size())};
    }
  }
  return {};
}

// What may be asked of a thing that a provider keeps: methods as bits, 1 << Method.
struct StoredRow {
  std::string_view kind, what;  // what: behind the id; "*" is an id of its own
  unsigned methods;
};
constexpr unsigned bit(net::Method method) {
  return 1u << static_cast<unsigned>(method);
}
constexpr unsigned get = bit(net::Method::get), post = bit(net::Method::post),
                   del = bit(net::Method::del);
constexpr StoredRow stored_rows[] = {
    {"responses", "", get | del},           {"responses", "input_items", get},
    {"responses", "cancel", post},          {"conversations", "", get | post | del},
    {"conversations", "items", get | post}, {"conversations", "items/*", get | del}};

// An id is letters, digits, `-` and `_`, so that nothing in it can lead to another path of the
// provider's.
bool is_id(std::string_view text) {
  constexpr std::string_view id_bytes =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return !text.empty() && text.size() <= 128 &&
         text.find_first_not_of(id_bytes) == std::string_view::npos;
}

// The parameter is the path from its kind on: "responses/{id}/input_items".
RouteMatch match_stored(net::Method method, std::string_view path) {
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  const std::size_t first = path.find('/');
  if (first == std::string_view::npos) return {};
  const std::string_view kind = path.substr(0, first), rest = path.substr(first + 1);
  const std::string_view id = rest.substr(0, rest.find('/'));
  if (!is_id(id)) return {};
  // OpenAI's own paths beside the ids, which we do not have.
  if (kind == "responses" && (id == "compact" || id == "input_tokens")) return {};
  std::string_view what = rest.substr(std::min(id.size() + 1, rest.size()));
  if (rest.size() == id.size() + 1) return {};
  if (what.starts_with("items/")) what = is_id(what.substr(6)) ? "items/*" : "?";
  RouteMatch match;
  for (const StoredRow& row : stored_rows) {
    if (row.kind != kind || row.what != what) continue;
    match.wrong_method = (row.methods & bit(method)) == 0;
    if (!match.wrong_method) return {Route::stored_response, false, path};
  }
  return match;
}

}  // namespace

dialect::hub::Wire client_wire(Route route, const net::RequestHead& head) {
  using dialect::hub::Wire;
  if (route != Route::none && route != Route::models && route != Route::model)
    return wire_of(route);
  const std::string_view path = head.target();
  if (path.starts_with("/v1beta/") || head.fields.has(net::RequestField::x_goog_api_key))
    return Wire::gemini;
  if (path.starts_with("/v1/messages") || path.starts_with("/api/") ||
      head.fields.has(net::RequestField::anthropic_version) ||
      head.fields.has(net::RequestField::x_api_key))
    return Wire::anthropic;
  return path.starts_with("/v1/responses") || path.starts_with("/v1/conv") ? Wire::openai_responses
                                                                           : Wire::openai_chat;
}

telemetry::CallType call_of(Route route) {
  switch (route) {
    case Route::none:
    case Route::probe: return telemetry::CallType::none;
    case Route::chat_completions: return telemetry::CallType::chat_completions;
    case Route::messages: return telemetry::CallType::messages;
    case Route::generate_content:
    case Route::stream_content: return telemetry::CallType::generate_content;
    case Route::stored_response:
    case Route::conversations:
    case Route::responses: return telemetry::CallType::responses;
    case Route::models:
    case Route::model: return telemetry::CallType::models;
    case Route::embeddings:
    case Route::embed_content:
    case Route::batch_embed: return telemetry::CallType::embeddings;
    case Route::completions: return telemetry::CallType::completions;
    case Route::pass_through: return telemetry::CallType::pass_through;
    case Route::explain: return telemetry::CallType::explain;
    case Route::outcomes: return telemetry::CallType::outcomes;
    case Route::count_messages:
    case Route::count_contents: return telemetry::CallType::count_tokens;
  }
  return telemetry::CallType::none;
}

telemetry::WireDialect dialect_of(dialect::hub::Wire wire) {
  switch (wire) {
    case dialect::hub::Wire::openai_chat: return telemetry::WireDialect::openai;
    case dialect::hub::Wire::anthropic: return telemetry::WireDialect::anthropic;
    case dialect::hub::Wire::openai_responses: return telemetry::WireDialect::responses;
    case dialect::hub::Wire::gemini: return telemetry::WireDialect::gemini;
    case dialect::hub::Wire::converse: return telemetry::WireDialect::converse;
  }
  return telemetry::WireDialect::none;
}

RouteMatch match_route(net::Method method, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  RouteMatch match;
  for (const Row& row : rows) {
    const bool hit =
        row.prefix ? path.size() > row.path.size() && path.starts_with(row.path) : path == row.path;
    if (!hit) continue;
    match.wrong_method = row.method != method;
    if (match.wrong_method) continue;
    match.route = row.route;
    if (row.prefix) match.parameter = path.substr(row.path.size());
    return match;
  }
  if (const RouteMatch stored = match_stored(method, path);
      stored.route != Route::none || stored.wrong_method)
    return stored;
  if (const RouteMatch gemini = match_gemini(path); gemini.route != Route::none) {
    if (method == net::Method::post) return gemini;
    match.wrong_method = true;
  }
  return match;
}

std::string allowed_methods(std::string_view target) {
  using net::Method;
  std::string list;
  for (const Method method : {Method::get, Method::head, Method::post, Method::put, Method::patch,
                              Method::del, Method::options}) {
    if (match_route(method, target).route == Route::none) continue;
    if (!list.empty()) list += ", ";
    list += net::name_of(method);
  }
  return list;
}

std::string_view query_value(std::string_view target, std::string_view name) {
  const std::size_t mark = target.find('?');
  std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view member = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), member.size() + 1));
    if (member.size() > name.size() && member.starts_with(name) && member[name.size()] == '=')
      return member.substr(name.size() + 1);
  }
  return {};
}

}  // namespace steelyard
