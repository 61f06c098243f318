#pragma once
// Every path of the client listener, in one table. A path that is not here is 404; the match is on
// the raw bytes, so no %-encoding or dot segment leads anywhere else.
#include <cstdint>
#include <string_view>

#include "gateway/net/head_reader.h"

namespace steelyard {

enum class Route : std::uint8_t {
  none,
  chat_completions,  // POST /v1/chat/completions
  messages,          // POST /v1/messages
  models,            // GET /v1/models
  model,             // GET /v1/models/{model}
  explain,           // POST /route/explain
  count_messages,    // POST /v1/messages/count_tokens
  count_contents,    // POST /v1beta/models/{model}:countTokens
};

struct RouteMatch {
  Route route = Route::none;
  bool wrong_method = false;   // the path exists
  std::string_view parameter;  // {model}
};

// `target` with its query; the query is not looked at.
RouteMatch match_route(net::Method method, std::string_view target);

}  // namespace steelyard
