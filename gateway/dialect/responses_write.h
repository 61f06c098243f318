#pragma once
// A hub request as the body of POST /v1/responses. Bytes of texts, arguments and schemas are
// copied, never re-ordered; what the target cannot take is left out and told in `dropped`. Nothing
// is stored there: whoever comes next brings the whole conversation.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"

namespace steelyard::dialect::responses {

struct WriteOptions {
  std::string_view model;              // what the provider calls it: a model token
  std::int64_t output_tokens_cap = 0;  // lowers or sets the limit; 0: none
  LostFields* lost_fields = nullptr;   // gets the names of fields without a place
};

// Appends to `out`. Fails with bad_request for what Responses has no way to do (n above 1), with
// internal when the options are not usable. One per worker: `scratch` keeps its memory.
class RequestWriter {
 public:
  Result<void> write(const hub::Request& request, const WriteOptions& options, std::string& out,
                     hub::Dropped& dropped);

 private:
  std::string scratch_;
};

}  // namespace steelyard::dialect::responses
