#pragma once
// A parsed request as the numbers that counts are made of: every text counted once.
#include <array>
#include <cstdint>
#include <string>

#include "gateway/dialect/chat.h"
#include "gateway/dialect/count_request.h"
#include "router/tokens/framing.h"
#include "router/tokens/memo.h"

namespace steelyard {

// A worker's, or a command's.
struct ShapeScratch {
  // `secret` keys the memory of tool definitions met before: a random number.
  explicit ShapeScratch(std::uint64_t secret);
  router::CountMemo tools;  // definitions by their raw JSON → tokens of their listing
  std::string listing;
  std::array<router::ImageShape, 600> images;
  std::array<router::MediaShape, 600> media;
  std::uint64_t seed;            // of where a text is looked at that is estimated
  std::int64_t text_before = 0;  // tokens of the first ShapeOptions::messages_before messages
};

// `look`: also the sums of calibration/text_features.h, for models whose tokenizer is not the
// counter's. Pictures and other media of the result stand in `scratch`, 600 at most of each:
// providers take no more.
struct ShapeOptions {
  bool look = true;
  bool responses = false;  // the client speaks OpenAI's Responses
  bool in_time = false;    // texts that would take long are estimated (ChatShape::sampled)
  std::int64_t enough_tokens = std::int64_t{1} << 30;  // SlicedCount::Slice; where `in_time`
  std::int32_t messages_before = 0;
};
router::ChatShape shape_of(router::TokenCounter& counter, const dialect::ChatRequest& chat,
                           ShapeScratch& scratch, ShapeOptions options = {});
// Of a request that is only to be counted.
router::ChatShape shape_of(router::TokenCounter& counter, const dialect::CountRequest& request,
                           ShapeScratch& scratch, ShapeOptions options = {});

}  // namespace steelyard
