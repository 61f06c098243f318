#pragma once
// A Gemini stream for a Gemini client that did not ask for server-sent events: the same documents,
// byte for byte, as the elements of one JSON array.
#include <string>
#include <string_view>

#include "gateway/dialect/gemini_encode.h"
#include "gateway/dialect/sse.h"

namespace steelyard::dialect::gemini {

// One per stream. Appends to `out`, which the caller sends and clears.
class ArrayRelay {
 public:
  explicit ArrayRelay(std::string& out) : frames_(true, out) {}
  void feed(std::string_view bytes);
  // The provider closed; `well`: the array ends here too, else an error follows.
  void finish(bool well);

 private:
  SseDecoder sse_;
  Frames frames_;
};

}  // namespace steelyard::dialect::gemini
