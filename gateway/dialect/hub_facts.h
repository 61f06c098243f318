#pragma once
// What policies, the token counter and the splice need of a request, from the hub: the same
// ChatRequest that openai_request.h fills directly for its own dialect.
#include <vector>

#include "gateway/dialect/chat.h"
#include "gateway/dialect/hub.h"

namespace steelyard::dialect::hub {

// Where the spans of the ChatRequest live; reuse one object.
struct FactsRoom {
  std::vector<MessageInfo> messages;
  std::vector<TextSlice> texts;
  std::vector<MediaPart> media;
};

// Replaces `out`; its views live as long as `request`, its body and `room`. Tool results make their
// message one of Role::tool. The text slice of something only its own dialect knows is its raw
// JSON: it is billed as input too.
void fill_facts(const Request& request, FactsRoom& room, ChatRequest& out);

}  // namespace steelyard::dialect::hub
