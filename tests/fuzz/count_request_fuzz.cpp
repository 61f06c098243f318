// Any bytes as the body of a count request, and as an array of tool definitions.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/anthropic_count.h"
#include "gateway/dialect/gemini_count.h"
#include "gateway/dialect/tool_listing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace steelyard;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  static dialect::CountRequest request;
  (void)dialect::anthropic::read_count_request(body, request);
  (void)dialect::gemini::read_count_request(body, request);
  std::string listing;
  (void)dialect::write_tool_listing(listing, body);
  return 0;
}
