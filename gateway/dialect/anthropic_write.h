#pragma once
// A hub request as the body of POST /v1/messages. Bytes of texts, arguments and schemas are copied,
// never re-ordered; what the target cannot take is left out and told in `dropped`.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"

namespace steelyard::dialect::anthropic {

// How a model is told to think (research/wire 1.2.2).
enum class ThinkingStyle : std::uint8_t { none, budget, adaptive };

struct WriteOptions {
  std::string_view model;               // what the provider calls it: a model token
  std::int64_t default_max_tokens = 0;  // tokens; used when the client set no limit; at least 1
  std::int64_t output_tokens_cap = 0;   // lowers the limit; 0: none
  ThinkingStyle thinking = ThinkingStyle::adaptive;
  bool can_disable_thinking = true;
  bool sampling = true;            // takes temperature, top_p and top_k
  bool forced_tool_choice = true;  // takes `any` and `tool`
  bool structured_output = true;   // takes output_config.format
  bool auto_cache = false;         // a whole-request cache mark when the client could not set marks
  LostFields* lost_fields = nullptr;  // gets the names of fields without a place
};

// The tokens of thinking an effort stands for where a model wants a number; 0 for none and unset.
std::int64_t budget_of(hub::Effort effort);

// Appends to `out`. Fails with bad_request for what Anthropic has no way to do (n above 1), with
// internal when the options are not usable. One per worker: `scratch` keeps its memory.
class RequestWriter {
 public:
  Result<void> write(const hub::Request& request, const WriteOptions& options, std::string& out,
                     hub::Dropped& dropped);

 private:
  std::string scratch_;
};

}  // namespace steelyard::dialect::anthropic
