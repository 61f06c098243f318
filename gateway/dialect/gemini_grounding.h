#pragma once
// What stands beside a candidate's text: where it was taken from (`groundingMetadata`,
// `citationMetadata`), and how likely its tokens were (`logprobsResult`). Positions count bytes of
// the candidate's text.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/hub_citation.h"
#include "gateway/dialect/hub_json.h"

namespace steelyard::dialect::gemini {

// Raw objects to the sink as citations. False: they hold more than that, as what was searched for.
bool send_grounding(std::string_view json, std::uint32_t choice, hub::EventSink& sink);
void send_citations(std::string_view json, std::uint32_t choice, hub::EventSink& sink);

// A raw `logprobsResult` as Chat has it: appends an array, nothing for no tokens.
void append_logprobs(std::string& out, std::string_view json);
// The other way round: appends "logprobsResult":{...}. `elements`: of Chat's array, with commas.
void write_logprobs(hub::PieceWriter& json, std::string_view elements);

// Citations of one candidate, put together into its `groundingMetadata`.
class Grounding {
 public:
  void take(const hub::Citation& citation);
  bool empty() const { return count_ == 0; }
  // Appends "groundingMetadata":{...}.
  void write(hub::PieceWriter& json) const;

 private:
  std::string chunks_, supports_;  // elements, commas between
  std::int64_t count_ = 0;
};

}  // namespace steelyard::dialect::gemini
