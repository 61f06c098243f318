#pragma once
// A request as the few numbers its count depends on, and what a model makes of each: a count is
// their product. See framing.h for what the numbers mean, framing_table.cpp for the weights.
#include <array>
#include <cstddef>
#include <cstdint>

namespace steelyard::router {

// What a count depends on. Numbers of a request; see ChatShape for their meaning.
enum class Feature : std::uint8_t {
  request,   // always 1
  text,      // ChatShape::text_tokens
  messages,  // each with its role
  words,     // these five: calibration/text_features.h
  newlines,
  punct,
  upper,
  non_ascii,
  replies,            // messages of the assistant
  tool_calls,         // messages with calls
  with_tools,         // 0 or 1
  system_with_tools,  // 0 or 1
  tool_text,          // tokens of definitions as JSON
  tool_shown,         // the same as OpenAI shows them to its models, schemas and calls too
  tools,
  with_schema,      // 0 or 1: the answer has one
  wide,             // code points from U+0800 on: calibration/text_features.h
  responses_tools,  // 0 or 1: tools, and the client speaks OpenAI's Responses
  named_tool,       // 0 or 1: ChatShape::names_tool
  right_to_left,    // as `wide`
  thinking,         // 0 or 1: ChatShape::thinking
  required_tool,    // 0 or 1: ChatShape::requires_tool
  beside_calls,     // calls beside the first of their message
  schema_text,      // tokens of the answer's schema as it is shown, else as JSON
};
inline constexpr std::size_t feature_count = 24;  // rows are read by fours

struct alignas(16) InputFeatures {
  std::array<float, feature_count> value{};
  float& operator[](Feature f) { return value[static_cast<std::size_t>(f)]; }
  float operator[](Feature f) const { return value[static_cast<std::size_t>(f)]; }
};

// How a model weighs them.
struct InputWeights {
  InputFeatures tokens;
  // The bound: tokens * factor + these.
  float factor = 1;
  float per_request = 0;
  float per_message = 0;
  float with_tools = 0;  // as Feature::with_tools, and so on
  float per_tool = 0;
  float per_call = 0;
  float tool_text = 0;
  float schema_text = 0;
  float with_schema = 0;
};

}  // namespace steelyard::router
