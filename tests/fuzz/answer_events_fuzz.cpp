// Arbitrary bytes as a provider's stream or whole answer in either dialect: any cut gives the same
// events, in the order promised, and what the encoders make of them the other decoder reads.
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "gateway/dialect/anthropic_events.h"
#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/openai_events.h"
#include "tests/fuzz/cuts.h"

using namespace steelyard;
using namespace steelyard::dialect;

namespace {

// Everything about the events, as text; traps when their order is not as promised.
class Log final : public hub::EventSink {
 public:
  void take(const hub::Event& event) override {
    FUZZ_REQUIRE(!over_);
    if (event.kind == hub::EventKind::open) FUZZ_REQUIRE(open_.count(event.choice) == 0);
    if (event.kind == hub::EventKind::delta || event.kind == hub::EventKind::close)
      FUZZ_REQUIRE(open_.count(event.choice) == 1);
    if (event.kind == hub::EventKind::open) open_.insert(event.choice);
    if (event.kind == hub::EventKind::close) open_.erase(event.choice);
    if (event.kind == hub::EventKind::stop) FUZZ_REQUIRE(open_.count(event.choice) == 0);
    over_ = event.kind == hub::EventKind::end || event.kind == hub::EventKind::fault;
    text += std::to_string(static_cast<int>(event.kind)) + std::to_string(event.choice) + ":" +
            std::to_string(event.index) + " ";
    text.append(event.id).append(event.name).append(event.text).append(event.raw).append("\n");
  }
  std::string text;

 private:
  std::set<std::uint32_t> open_;
  bool over_ = false;
};

template <class Decoder>
std::string run(std::string_view input, std::uint32_t step) {
  Log log;
  Decoder decoder;
  std::vector<std::size_t> ends = fuzz::cuts_of(input, step);
  ends.push_back(input.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    const std::vector<char> piece = fuzz::exact(input.substr(begin, end - begin));
    decoder.feed({piece.data(), piece.size()}, log);
    begin = end;
  }
  log.text += decoder.finish(log).has_value() ? "well" : "badly";
  return log.text;
}

void bridge(std::string_view input, hub::Wire provider) {
  const hub::Wire client =
      provider == hub::Wire::anthropic ? hub::Wire::openai_chat : hub::Wire::anthropic;
  hub::BridgeOptions options;
  options.client = client;
  options.provider = provider;
  options.include_usage = true;
  hub::StreamBridge there(options);
  openai::TapOutput out;
  std::string told;
  const auto collect = [&] {
    for (const std::string_view part : out.parts()) told += part;
    out.clear();
  };
  there.feed(input, out);
  collect();
  const bool well = there.finish(out).has_value();
  collect();
  options.client = provider;
  options.provider = client;
  hub::StreamBridge back(options);
  back.feed(told, out);
  out.clear();
  FUZZ_REQUIRE(back.finish(out).has_value() == well);
  FUZZ_REQUIRE(back.facts().tool_calls <= there.facts().tool_calls);
  hub::WholeBridge whole;
  options.client = client;
  options.provider = provider;
  if (whole.read(input, options)) FUZZ_REQUIRE(!whole.client_body().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1) != 0) {
    const std::string whole = run<anthropic::StreamDecoder>(input, 1u << 30);
    FUZZ_REQUIRE(run<anthropic::StreamDecoder>(input, 5) == whole);
    bridge(input, hub::Wire::anthropic);
  } else {
    const std::string whole = run<openai::ChatStreamDecoder>(input, 1u << 30);
    FUZZ_REQUIRE(run<openai::ChatStreamDecoder>(input, 5) == whole);
    bridge(input, hub::Wire::openai_chat);
  }
  return 0;
}
