#pragma once
// Reads an OpenAI Chat Completions request body, strictly: what is decided on is exactly what is
// sent (research/reliability 0.2, 4.2). One per worker; no allocation once its vectors have grown.
#include <memory>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/chat.h"

namespace steelyard::dialect::openai {

class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Fills `out`; its views live until the next parse() or until `body` goes. `body` needs no
  // padding and is not changed. Refused with ErrorKind::bad_request: invalid JSON or UTF-8,
  // trailing content, a byte order mark, nesting deeper than limits::json_depth_max, a duplicate or
  // escaped spelling of a key the gateway reads, a wrong type or value (named by JSON pointer), a
  // missing model or messages. Unknown fields pass.
  Result<void> parse(std::string_view body, ChatRequest& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// True if `name` may stand in a URL path, a header, a log line:
// ^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$
bool is_model_token(std::string_view name);

}  // namespace steelyard::dialect::openai
