#pragma once
// Reads an OpenAI Chat Completions body strictly into the hub, for targets that speak another
// dialect. Traffic that stays in the dialect goes by openai_request.h and a splice instead.
#include <memory>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/hub.h"

namespace steelyard::dialect::openai {

// One per worker; no allocation once the vectors of `out` have grown, except by a refusal.
class HubRequestParser {
 public:
  HubRequestParser();
  ~HubRequestParser();
  HubRequestParser(const HubRequestParser&) = delete;
  HubRequestParser& operator=(const HubRequestParser&) = delete;

  // Replaces `out`; its views live until the next parse() or until `body` goes. Refuses what
  // RequestParser refuses, and parts and calls without what makes them whole.
  Result<void> parse(std::string_view body, hub::Request& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steelyard::dialect::openai
