#include "gateway/routes.h"

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
    {"/v1/models", net::Method::get, Route::models, false},
    {"/models", net::Method::get, Route::models, false},
    {"/route/explain", net::Method::post, Route::explain, false},
    {"/v1/messages/count_tokens", net::Method::post, Route::count_messages, false},
    {"/v1/models/", net::Method::get, Route::model, true},
    {"/models/", net::Method::get, Route::model, true},
};

// Gemini's paths end in what is to be done with the model.
constexpr std::string_view gemini_models = "/v1beta/models/", count_tokens = ":countTokens";

bool is_gemini_count(std::string_view path) {
  return path.size() > gemini_models.size() + count_tokens.size() &&
         path.starts_with(gemini_models) && path.ends_with(count_tokens);
}

}  // namespace

telemetry::CallType call_of(Route route) {
  switch (route) {
    case Route::none: return telemetry::CallType::none;
    case Route::chat_completions: return telemetry::CallType::chat_completions;
    case Route::messages: return telemetry::CallType::messages;
    case Route::responses: return telemetry::CallType::responses;
    case Route::models:
    case Route::model: return telemetry::CallType::models;
    case Route::explain: return telemetry::CallType::explain;
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
  }
  return telemetry::WireDialect::none;
}

RouteMatch match_route(net::Method method, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  RouteMatch match;
  if (is_gemini_count(path)) {
    match.wrong_method = method != net::Method::post;
    if (match.wrong_method) return match;
    match.route = Route::count_contents;
    match.parameter = path.substr(gemini_models.size());
    match.parameter.remove_suffix(count_tokens.size());
    return match;
  }
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
  return match;
}

}  // namespace steelyard
