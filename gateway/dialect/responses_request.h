#pragma once
// Reads the body of POST /v1/responses strictly into the hub (research/wire 1.3). Unknown fields,
// item types and tools pass; what the gateway reads must have the right type and come once.
#include <memory>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/hub.h"

namespace steelyard::dialect::responses {

// One per worker; no allocation once the vectors of `out` have grown, except by a refusal, by
// namespaces and by grammars.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Replaces `out`; its views live until the next parse() or until `body` goes. Refused with
  // ErrorKind::bad_request, naming the place by JSON pointer. out.needs_store names the field, if
  // any, without whose provider the request cannot be answered.
  Result<void> parse(std::string_view body, hub::Request& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steelyard::dialect::responses
