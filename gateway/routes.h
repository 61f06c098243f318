#pragma once
// Every path of the client listener, in one table. A path that is not here is 404; the match is on
// the raw bytes, so no %-encoding or dot segment leads anywhere else.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"
#include "gateway/net/head_reader.h"
#include "gateway/telemetry/receipt.h"

namespace steelyard {

enum class Route : std::uint8_t {
  none,
  chat_completions,  // POST /v1/chat/completions
  messages,          // POST /v1/messages
  responses,         // POST /v1/responses
  models,            // GET /v1/models
  model,             // GET /v1/models/{model}
  explain,           // POST /route/explain
  outcomes,          // POST /v1/outcomes
  count_messages,    // POST /v1/messages/count_tokens
  count_contents,  // POST /v1beta/models/{model}:countTokens; all three of Gemini's also below /v1
  generate_content,  // POST /v1beta/models/{model}:generateContent
  stream_content,    // POST /v1beta/models/{model}:streamGenerateContent
  embeddings,        // POST /v1/embeddings
  embed_content,     // POST /v1beta/models/{model}:embedContent
  batch_embed,       // POST /v1beta/models/{model}:batchEmbedContents
  completions,       // POST /v1/completions
  // GET, DELETE /v1/responses/{id}, GET .../input_items, POST .../cancel, and
  // /v1/conversations/{id} with its items
  stored_response,
  conversations,  // POST /v1/conversations
  pass_through,   // any method, /{provider}/...
  probe,          // HEAD /, HEAD /api/hello: is anybody there? Without a key
};

struct RouteMatch {
  Route route = Route::none;
  bool wrong_method = false;   // the path exists
  std::string_view parameter;  // {model}
};

// `target` with its query; the query is not looked at.
RouteMatch match_route(net::Method method, std::string_view target);

// What a path takes, for an `allow` field: "GET, DELETE"; "" where there is no such path.
std::string allowed_methods(std::string_view target);

// The value of a member of a target's query, as it stands there; "" if it has none.
std::string_view query_value(std::string_view target, std::string_view name);

// What clients of a path speak, errors included.
constexpr dialect::hub::Wire wire_of(Route route) {
  switch (route) {
    case Route::messages:
    case Route::count_messages: return dialect::hub::Wire::anthropic;
    case Route::stored_response:
    case Route::conversations:
    case Route::responses: return dialect::hub::Wire::openai_responses;
    case Route::count_contents:
    case Route::embed_content:
    case Route::batch_embed:
    case Route::generate_content:
    case Route::stream_content: return dialect::hub::Wire::gemini;
    default: return dialect::hub::Wire::openai_chat;
  }
}
// Is it a request that a model answers (chat_call.h)?
constexpr bool is_chat(Route route) {
  return route == Route::chat_completions || route == Route::messages ||
         route == Route::responses || route == Route::generate_content ||
         route == Route::stream_content;
}
// Is its body passed on as it comes (Session::read_body)?
constexpr bool streams_body(Route route) {
  return route == Route::pass_through;
}
// What errors of a path are told in: where the path is several dialects' or nobody's, the head
// decides.
dialect::hub::Wire client_wire(Route route, const net::RequestHead& head);
// What receipts and metrics call them.
telemetry::CallType call_of(Route route);
telemetry::WireDialect dialect_of(dialect::hub::Wire wire);

}  // namespace steelyard
