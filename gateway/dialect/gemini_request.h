#pragma once
// Reads the body of generateContent strictly into the hub (research/wire 1.4). Unknown fields and
// parts pass; what the gateway reads must have the right type and come once, in either spelling.
// The model and whether it streams stand in the path: whoever knows it fills them in.
#include <memory>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/hub.h"

namespace steelyard::dialect::gemini {

// One per worker; no allocation once its vectors and those of `out` have grown, except by a
// refusal.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Replaces `out`; its views live until the next parse() or until `body` goes. Refused with
  // ErrorKind::bad_request, naming the place by JSON pointer.
  Result<void> parse(std::string_view body, hub::Request& out);
  // For another dialect: type names in schemas become lower case ("OBJECT" is no JSON schema).
  // Refused if what was asked for stands at Google only (`cachedContent`).
  Result<void> make_portable(hub::Request& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steelyard::dialect::gemini
