#include "gateway/dialect/converse_errors.h"

#include <algorithm>

#include "gateway/dialect/openai_response.h"

namespace steelyard::dialect::converse {
namespace {

struct Row {
  std::string_view name;  // in lower case, without "exception"
  FaultClass cls;
};
constexpr Row kRows[] = {
    {"throttling", FaultClass::rate_limited},
    {"modelnotready", FaultClass::overloaded},
    {"serviceunavailable", FaultClass::overloaded},
    {"servicequotaexceeded", FaultClass::rate_limited},
    {"modeltimeout", FaultClass::timeout},
    {"modelerror", FaultClass::server},
    {"modelstreamerror", FaultClass::server},
    {"internalserver", FaultClass::server},
    {"resourcenotfound", FaultClass::model_missing},
    {"accessdenied", FaultClass::auth_upstream},
    {"unrecognizedclient", FaultClass::auth_upstream},
    {"expiredtoken", FaultClass::auth_upstream},
    {"invalidsignature", FaultClass::auth_upstream},
    {"incompletesignature", FaultClass::auth_upstream},
    {"validation", FaultClass::client_invalid},
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool holds(const std::string& text, std::string_view words) {
  return text.find(words) != text.npos;
}

// What a ValidationException is about stands in its words only.
FaultClass by_words(const std::string& message) {
  if (holds(message, "input tokens exceeded") || holds(message, "input is too long") ||
      holds(message, "prompt is too long"))
    return FaultClass::context_length;
  if (holds(message, "model identifier is invalid") || holds(message, "on-demand throughput") ||
      holds(message, "reached the end of its life"))
    return FaultClass::model_missing;
  return FaultClass::none;
}

}  // namespace

void name_fault(UpstreamFault& fault, int status, std::string_view kind) {
  const std::string_view name = kind.substr(0, kind.find(':'));
  if (!name.empty()) fault.type = name;
  const std::string message = lower(fault.message);
  FaultClass cls = status < 500 ? by_words(message) : FaultClass::none;
  std::string word = lower(name);
  if (const std::size_t at = word.find("exception"); at != word.npos) word.resize(at);
  for (const Row& row : kRows)
    if (cls == FaultClass::none && row.name == word) cls = row.cls;
  // Recordings without the field: the status and the words are all there is.
  if (cls == FaultClass::none && status == 424) cls = FaultClass::server;
  if (cls != FaultClass::none) fault.cls = cls;
}

UpstreamFault stream_fault(std::string_view kind, std::string_view payload) {
  UpstreamFault fault = openai::parse_error(200, payload);
  if (fault.message.empty())
    fault.message = "the provider's stream ended with " + std::string(kind);
  name_fault(fault, 200, kind);
  return fault;
}

}  // namespace steelyard::dialect::converse
