#pragma once
// A provider's answer from the little that a test says of it: as a whole document and as the stream
// that the provider would have sent in its place, framed by hand.
#include <simdjson.h>

#include <string>

#include "gateway/dialect/hub.h"

namespace steelyard::dialect::testing {

// `said`: members that replace those of the usual answer. Chat: `message`, `choice`, or the top's;
// Gemini: `parts`, `candidate`, or the top's; all others: the top's. `error`: in place of the end.
struct Answers {
  std::string whole, stream;
};
Answers answers_of(hub::Wire provider, const simdjson::dom::object& said);

// The documents of a stream as a client gets them, Amazon's frames excepted.
std::vector<std::string> documents_of(std::string_view stream);

}  // namespace steelyard::dialect::testing
