// Arbitrary bytes as a Gemini client's request, or as a Gemini provider's answer. Requests: what
// the reader accepts, both writers turn into JSON, and the body spliced is JSON still. Answers: any
// cut gives the same events in order, and what the encoders make of them is read again.
#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/anthropic_write.h"
#include "gateway/dialect/gemini_request.h"
#include "gateway/dialect/gemini_write.h"
#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/openai_hub_write.h"
#include "gateway/dialect/splice.h"
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

void check_request(std::string_view body) {
  static gemini::RequestParser parser, again;
  static hub::Request request, back;
  const auto done = parser.parse(body, request);
  if (!done) {
    FUZZ_REQUIRE(done.error().kind == ErrorKind::bad_request && !done.error().context.empty());
    return;
  }
  hub::FactsRoom room;
  ChatRequest facts;
  hub::fill_facts(request, room, facts);
  SplicedBody spliced;
  BodyEdits edits;
  edits.output_tokens_max = 100;
  FUZZ_REQUIRE(spliced.build(facts, edits).has_value());
  std::string sent;
  for (const std::string_view part : spliced.parts()) sent += part;
  require_json(sent);
  FUZZ_REQUIRE(again.parse(sent, back).has_value());
  FUZZ_REQUIRE(back.max_tokens.tokens >= 1 && back.max_tokens.tokens <= 100);
  if (!parser.make_portable(request)) return;
  request.model = "m";
  hub::Dropped dropped;
  std::string messages, chat, contents;
  anthropic::WriteOptions options;
  options.model = "m";
  options.default_max_tokens = 100;
  anthropic::RequestWriter to_messages;
  if (to_messages.write(request, options, messages, dropped)) require_json(messages);
  openai::HubWriteOptions chat_options;
  chat_options.model = "m";
  chat_options.reasoning_content = true;
  openai::HubRequestWriter to_chat;
  FUZZ_REQUIRE(to_chat.write(request, chat_options, chat, dropped).has_value());
  require_json(chat);
  gemini::RequestWriter to_contents;
  FUZZ_REQUIRE(to_contents.write(request, {}, contents, dropped).has_value());
  require_json(contents);
}

std::string through(std::string_view input, hub::Wire client, hub::Wire provider,
                    std::uint32_t step, bool array, bool& well) {
  hub::BridgeOptions options;
  options.client = client;
  options.provider = provider;
  options.include_usage = true;
  options.json_array = array;
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

void check_answer(std::string_view input) {
  bool well = false, again = false, back = false;
  for (const hub::Wire client : {hub::Wire::openai_chat, hub::Wire::anthropic}) {
    const std::string told = through(input, client, hub::Wire::gemini, 1u << 30, false, well);
    FUZZ_REQUIRE(through(input, client, hub::Wire::gemini, 5, false, again) == told);
    FUZZ_REQUIRE(again == well);
    const std::string ours = through(told, hub::Wire::gemini, client, 1u << 30, false, back);
    FUZZ_REQUIRE(back == well);
    (void)through(ours, hub::Wire::anthropic, hub::Wire::gemini, 1u << 30, false, back);
    FUZZ_REQUIRE(back == well);
    const std::string array = through(told, hub::Wire::gemini, client, 1u << 30, true, back);
    if (well) require_json(array);
  }
  FUZZ_REQUIRE(through(input, hub::Wire::gemini, hub::Wire::gemini, 7, false, again) == input);
  hub::WholeBridge whole;
  hub::BridgeOptions options;
  options.client = hub::Wire::openai_chat;
  options.provider = hub::Wire::gemini;
  if (whole.read(input, options)) require_json(whole.client_body());
  options.client = hub::Wire::gemini;
  options.provider = hub::Wire::openai_chat;
  if (whole.read(input, options)) require_json(whole.client_body());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::vector<char> copy = fuzz::exact({reinterpret_cast<const char*>(data) + 1, size - 1});
  const std::string_view input(copy.data(), copy.size());
  if ((data[0] & 1) != 0)
    check_request(input);
  else
    check_answer(input);
  return 0;
}
