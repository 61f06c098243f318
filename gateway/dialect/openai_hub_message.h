#pragma once
// One element of `messages`, and the parts of its content, into the hub (research/wire 1.1).
#include <vector>

#include "gateway/dialect/hub_read.h"

namespace steelyard::dialect::openai {

// Parts of one message while its members are walked: they come in any order, the hub has thinking
// first, then content, then calls.
struct MessageScratch {
  std::vector<hub::Part> thinking, content, calls;
};

bool read_hub_message(hub::Document& document, const Where& where, MessageScratch& scratch,
                      hub::Request& out);
// A content value: string, array of parts, null.
bool read_hub_content(hub::Document& document, const Where& where, std::vector<hub::Part>& out);
// `reasoning_details` (OpenRouter's shape) and `thinking_blocks` (LiteLLM's): signed and encrypted
// thinking as clients echo it. Signatures of other vendors stay native.
bool read_reasoning_list(hub::Document& document, const Where& where, std::vector<hub::Part>& out);

}  // namespace steelyard::dialect::openai
