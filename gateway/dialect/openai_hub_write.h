#pragma once
// A hub request as an OpenAI Chat Completions body. Bytes of texts, arguments and schemas are
// copied, never re-ordered; what the target cannot take is left out and told in `dropped`.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"
#include "gateway/dialect/splice.h"

namespace steelyard::dialect::openai {

// What the endpoint takes beyond, or short of, OpenAI's own (research/wire 3).
struct HubWriteOptions {
  std::string_view model;                    // what the provider calls it: a model token
  std::int64_t output_tokens_cap = 0;        // lowers or sets the limit; 0: none
  LimitKey limit_key = LimitKey::as_client;  // as_client writes max_completion_tokens
  bool include_usage = true;                 // streams: ask for usage
  bool reasoning_effort = true;
  bool reasoning_content = false;  // earlier thinking goes back as reasoning_content
  bool reasoning_details = false;  // likewise in OpenRouter's shape, signed and sealed
  bool system_anywhere = true;     // else later system messages become marked user text
  bool cache_marks = false;        // takes cache_control on parts and tools
  bool top_k = false;
  bool short_tool_ids = false;        // ids of calls: nine letters and digits
  LostFields* lost_fields = nullptr;  // gets the names of fields without a place
};

// Appends to `out`. Fails with internal when the options are not usable. One per worker.
class HubRequestWriter {
 public:
  Result<void> write(const hub::Request& request, const HubWriteOptions& options, std::string& out,
                     hub::Dropped& dropped);

 private:
  std::string scratch_;
};

}  // namespace steelyard::dialect::openai
