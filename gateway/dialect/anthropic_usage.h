#pragma once
// The `usage` object of Anthropic's dialect (research/wire 2.9): input_tokens leaves out what came
// from or went into the cache.
#include <cstdint>
#include <string_view>

#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::anthropic {

// Tokens, as reported. A stream reports twice, the second time for the whole: what is given
// replaces, what is not stays.
struct Usage {
  std::int64_t input = 0, cache_creation = 0, cache_read = 0, output = 0, thinking = 0;
  std::int64_t write_5m = 0, write_1h = 0;  // parts of cache_creation
  std::int64_t web_searches = 0;            // requests
  // Of `iterations` the top level leaves out: compaction, and another model's advice. They are
  // billed, so they are counted, at this model's price.
  std::int64_t more_input = 0, more_cache_creation = 0, more_cache_read = 0, more_output = 0;
  std::int64_t more_write_1h = 0;  // part of more_cache_creation
  bool present = false;
};

// Takes the value that is current; false only on broken JSON.
bool read_usage(LenientReader& reader, Usage& out);

// The same in the terms of usage.h, so that normalise() gives disjoint classes.
ReportedUsage reported(const Usage& usage);

// Writes the object for a client, from any provider's figures. `tier`: that served, escaped.
void write_usage(hub::PieceWriter& json, const TokenUsage& usage, std::string_view tier);

}  // namespace steelyard::dialect::anthropic
