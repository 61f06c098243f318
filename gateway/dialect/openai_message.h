#pragma once
// The `messages` array of a chat request: roles, text to count, media. Used by openai_request.cpp.
#include <vector>

#include "gateway/dialect/chat.h"
#include "gateway/dialect/strict_reader.h"
#include "gateway/dialect/tool_pairs.h"

namespace steelyard::dialect::openai {

// A request with more of these is refused: real ones stay far below.
inline constexpr std::size_t messages_max = 16'384;
inline constexpr std::size_t texts_max = 131'072;
inline constexpr std::size_t media_max = 4'096;

struct Conversation {
  std::vector<MessageInfo> messages;
  std::vector<TextSlice> texts;
  std::vector<MediaPart> media;
  bool has_tool_results = false, has_images = false, has_reasoning_state = false;
  ToolPairs pairs;

  void clear() {
    pairs.clear();
    messages.clear();
    texts.clear();
    media.clear();
    has_tool_results = has_images = has_reasoning_state = false;
  }
};

// Reads the array that is the cursor's current token. False: refused.
bool read_messages(StrictReader& reader, const Where& root, Conversation& out);

}  // namespace steelyard::dialect::openai
