#include "gateway/dialect/gemini_relay.h"

namespace steelyard::dialect::gemini {

void ArrayRelay::feed(std::string_view bytes) {
  SseEvent event;
  while (sse_.next(bytes, event) == SseDecoder::Status::event) {
    frames_.begin();
    frames_.out() += event.data;
    frames_.finish();
  }
}

void ArrayRelay::finish(bool well) {
  feed("\n\n");
  if (well) frames_.end();
}

}  // namespace steelyard::dialect::gemini
