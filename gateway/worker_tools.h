#pragma once
// The reusable, single-threaded tools of a worker: parsers with grown memory, what was learned
// about providers, scratch space. Nothing here survives a request but memory and statistics.
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/types/instant.h"
#include "gateway/chat_shape.h"
#include "gateway/dialect/answer_shape.h"
#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/openai_request.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/openai_stream.h"
#include "gateway/exact_counts.h"
#include "gateway/store/books.h"
#include "gateway/telemetry/receipt_json.h"
#include "router/output_estimate.h"
#include "router/plan.h"
#include "router/tokens/counter.h"
#include "router/tokens/memo.h"

namespace steelyard {

struct WorkerTools {
  // `seed`: a random number.
  WorkerTools(std::unique_ptr<router::TokenCounter> token_counter, std::uint64_t seed)
      : counter(std::move(token_counter)), shape_scratch(seed) {}

  dialect::openai::RequestParser requests;
  dialect::hub::RequestReaders hub_requests;  // of all dialects but Chat
  dialect::hub::Request hub_request;          // of `hub_requests`, until the next wait
  dialect::hub::FactsRoom hub_facts;
  dialect::openai::ResponseParser answers;
  dialect::openai::ChatAnswer answer;
  dialect::ShapeLibrary shapes;  // by 2 * target, streams 1 more
  std::unique_ptr<router::TokenCounter> counter;
  ShapeScratch shape_scratch;
  ExactCounts exact;
  router::OutputEstimates outputs;
  std::vector<router::InputCount> counts;  // the request at hand, by model
  router::Plan plan;
  telemetry::ReceiptFormatter receipts;
  dialect::openai::TapOutput tap_out;      // of one read of one stream
  store::ChainView budgets;                // of one request, until the next wait
  std::vector<std::int32_t> zone_offsets;  // of the rules' zones, at zone_offsets_minute
  std::int64_t zone_offsets_minute = INT64_MIN;
  std::array<char, 64u << 10> read_scratch;
  std::array<char, 8u << 10> head_scratch;
  std::string text_scratch;
};

}  // namespace steelyard
