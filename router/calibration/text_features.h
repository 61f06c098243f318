#pragma once
// What a text is made of, beside its tokens: the few sums that tell how another tokenizer will cut
// it. A pass of some two instructions a byte over the text as it stands in the body.
#include <cstdint>
#include <string_view>

#include "router/tokens/memo.h"

namespace steelyard::router {

struct TextFeatures {
  std::int64_t words = 0;      // runs of letters; everything that is not ASCII counts as a letter
  std::int64_t newlines = 0;   //
  std::int64_t punct = 0;      // ASCII punctuation and symbols
  std::int64_t upper = 0;      // A to Z
  std::int64_t non_ascii = 0;  // code points
  std::int64_t wide = 0;       // of these, from U+0800 on: Han, kana, Hangul, Indic, emoji
  std::int64_t right_to_left = 0;  // U+0580 to U+07FF: Hebrew, Arabic and their neighbours

  TextFeatures& operator+=(const TextFeatures& more);
};

// Of plain text, or of the inside of a JSON string (escapes stand for what they mean). Any bytes
// are fine. Of texts above 16 KiB one part in four is looked at and stands for the others.
TextFeatures text_features(std::string_view text, TextForm form);

}  // namespace steelyard::router
