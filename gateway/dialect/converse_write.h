#pragma once
// A hub request as the body of Bedrock's Converse (research/wire 1.5, 2.1, 2.2); the model and
// whether it streams stand in the path. Bytes of texts, arguments and schemas are copied, never
// re-ordered; what the target cannot take is left out and told in `dropped`.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/anthropic_write.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"

namespace steelyard::dialect::converse {

// How a model is told to think, in `additionalModelRequestFields`.
enum class ThinkingStyle : std::uint8_t {
  none,
  claude,            // as Anthropic has it
  reasoning_effort,  // gpt-oss
  nova,              // reasoningConfig of Nova 2
};

struct WriteOptions {
  std::int64_t output_tokens_cap = 0;  // lowers the limit, or sets it; 0: none
  ThinkingStyle thinking = ThinkingStyle::none;
  anthropic::WriteOptions claude;  // what this Claude takes; others take everything
  bool is_claude = false;
  bool cache_points = false;          // takes cachePoint
  bool signed_thinking = false;       // wants thoughts of earlier turns back, signed
  bool nine_character_ids = false;    // of tool calls: Mistral
  bool structured_output = false;     // takes outputConfig.textFormat
  std::string_view top_k_key;         // its name in additionalModelRequestFields; "" takes none
  LostFields* lost_fields = nullptr;  // gets the names of fields without a place
};

// Appends to `out`. Fails with bad_request for what Converse has no way to do (n above 1).
class RequestWriter {
 public:
  Result<void> write(const hub::Request& request, const WriteOptions& options, std::string& out,
                     hub::Dropped& dropped);

 private:
  std::string scratch_;
};

}  // namespace steelyard::dialect::converse
