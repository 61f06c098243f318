#pragma once
// A hub request as the body of generateContent (research/wire 1.4, 2.1, 2.2); the model and whether
// it streams stand in the path. Bytes of texts, arguments and schemas are copied, never re-ordered;
// what the target cannot take is left out and told in `dropped`.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"

namespace steelyard::dialect::gemini {

// How a model is told to think: a number of tokens (2.5), a word (3).
enum class ThinkingStyle : std::uint8_t { none, budget, level };

struct WriteOptions {
  std::int64_t output_tokens_cap = 0;  // lowers the limit, or sets it; 0: none
  ThinkingStyle thinking = ThinkingStyle::level;
  bool can_disable_thinking = true;
  bool low_and_high_only = false;     // of the levels
  bool needs_signatures = false;      // calls of earlier turns without one are refused
  bool result_parts = true;           // takes pictures inside functionResponse
  std::int32_t budget_max = 24'576;   // tokens
  LostFields* lost_fields = nullptr;  // gets the names of fields without a place
};

// Appends to `out`. One per worker: `scratch` keeps its memory.
class RequestWriter {
 public:
  Result<void> write(const hub::Request& request, const WriteOptions& options, std::string& out,
                     hub::Dropped& dropped);

 private:
  std::string scratch_;
};

// The signature Google documents for calls that were not Gemini's own.
inline constexpr std::string_view signature_filler = "skip_thought_signature_validator";

}  // namespace steelyard::dialect::gemini
