#pragma once
// Tokens in the classes that money knows, out of what a provider reported.
#include "gateway/dialect/usage.h"
#include "router/meter.h"

namespace steelyard {

inline router::Usage billed_usage(const dialect::TokenUsage& tokens) {
  router::Usage usage;
  usage.input = tokens.uncached - tokens.audio_input - tokens.image_input;
  usage.audio_input = tokens.audio_input;
  usage.image_input = tokens.image_input;
  usage.cache_read = tokens.cache_read;
  usage.cache_write_5m = tokens.cache_write - tokens.cache_write_1h;
  usage.cache_write_1h = tokens.cache_write_1h;
  usage.output = tokens.output - tokens.audio_output - tokens.image_output;
  usage.audio_output = tokens.audio_output;
  usage.image_output = tokens.image_output;
  usage.reasoning = tokens.reasoning;
  usage.web_searches = tokens.web_searches;
  return usage;
}

}  // namespace steelyard
