#pragma once
// What a request that only asks for a token count holds, whatever dialect it came in. Views point
// into the body. Reused from request to request.
#include <cstdint>
#include <string_view>
#include <vector>

#include "config/types/losses.h"
#include "gateway/dialect/chat.h"
#include "gateway/dialect/lost_fields.h"

namespace steelyard::dialect {

struct CountRequest {
  std::string_view model;                // raw inside of the string; "" where the path names it
  std::vector<std::string_view> texts;   // insides of JSON strings, still escaped
  std::vector<std::string_view> values;  // raw JSON values: arguments and results of tools
  std::vector<std::string_view> tools;   // raw arrays of definitions
  std::vector<std::string_view> states;  // signatures that are billed (gemini_signature.h)
  std::vector<MediaPart> media;
  std::int32_t messages = 0, replies = 0, tool_calls = 0, parallel_calls = 0, tool_count = 0;
  bool has_system = false;
  // What a model may see and is not in the count.
  Dropped uncounted;
  LostFields unknown;

  void clear() {
    model = {};
    texts.clear();
    values.clear();
    tools.clear();
    states.clear();
    media.clear();
    messages = replies = tool_calls = parallel_calls = tool_count = 0;
    has_system = false;
    uncounted.clear();
    unknown.clear();
  }
};

}  // namespace steelyard::dialect
