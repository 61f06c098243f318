// Bedrock: arbitrary bytes as a stream; arbitrary events in good frames, so that the checksums do
// not stop everything; a Messages client's request written for Converse. Any cut of a stream gives
// the same bytes to clients, and a request that is written is JSON.
#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/anthropic_request.h"
#include "gateway/dialect/aws_frames.h"
#include "gateway/dialect/converse_models.h"
#include "gateway/dialect/converse_write.h"
#include "gateway/dialect/hub_bridge.h"
#include "tests/fuzz/cuts.h"

using namespace steelyard;
using namespace steelyard::dialect;

namespace {

void require_json(std::string_view body) {
  static simdjson::dom::parser parser;
  const auto error = parser.parse(body.data(), body.size()).error();
  FUZZ_REQUIRE(error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR ||
               error == simdjson::DEPTH_ERROR);
}

std::string through(std::string_view input, const hub::BridgeOptions& options, std::uint32_t step,
                    bool& well) {
  hub::StreamBridge bridge(options);
  openai::TapOutput out;
  std::string told;
  const auto collect = [&] {
    for (const std::string_view part : out.parts()) told += part;
    out.clear();
  };
  std::vector<std::size_t> ends = fuzz::cuts_of(input, step);
  ends.push_back(input.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    const std::vector<char> piece = fuzz::exact(input.substr(begin, end - begin));
    bridge.feed({piece.data(), piece.size()}, out);
    collect();
    begin = end;
  }
  well = bridge.finish(out).has_value();
  collect();
  return told;
}

void check_stream(std::string_view input) {
  for (const bool invoked : {false, true}) {
    for (const hub::Wire client : {hub::Wire::openai_chat, hub::Wire::anthropic}) {
      hub::BridgeOptions options;
      options.client = client;
      options.provider = invoked ? hub::Wire::anthropic : hub::Wire::converse;
      options.amazon_frames = invoked;
      options.include_usage = true;
      bool well = false, again = false;
      const std::string told = through(input, options, 1u << 30, well);
      FUZZ_REQUIRE(through(input, options, 5, again) == told);
      FUZZ_REQUIRE(again == well);
    }
  }
}

// One frame a line: its event type, a blank, its payload.
std::string framed(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const std::string_view type = line.substr(0, std::min<std::size_t>(line.find(' '), 64));
    const std::string_view payload = line.substr(std::min(type.size() + 1, line.size()));
    const bool exception = type.ends_with("Exception");
    out += aws_frame({{exception ? ":exception-type" : ":event-type", type},
                      {":message-type", exception ? "exception" : "event"}},
                     payload);
  }
  return out;
}

void check_request(std::string_view body) {
  static anthropic::RequestParser parser;
  static hub::Request request;
  if (!parser.parse(body, request)) return;
  for (const char* model : {"anthropic.claude-sonnet-4-5", "mistral.large", "amazon.nova-2-lite"}) {
    converse::WriteOptions options;
    (void)converse::apply_model(model, options);
    converse::RequestWriter writer;
    hub::Dropped dropped;
    std::string out;
    if (writer.write(request, options, out, dropped)) require_json(out);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::vector<char> copy = fuzz::exact({reinterpret_cast<const char*>(data) + 1, size - 1});
  const std::string_view input(copy.data(), copy.size());
  switch (data[0] % 3) {
    case 0: check_stream(input); break;
    case 1: check_stream(framed(input)); break;
    default: check_request(input);
  }
  return 0;
}
