// Arbitrary bytes as a request, a stream or a whole answer of OpenAI Responses. A request that is
// taken becomes JSON the other dialects' readers take; a stream gives the same events however it is
// cut; what the encoder makes of any answer the decoder reads, to the same end.
#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/anthropic_request.h"
#include "gateway/dialect/anthropic_write.h"
#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/openai_hub_request.h"
#include "gateway/dialect/openai_hub_write.h"
#include "gateway/dialect/responses_events.h"
#include "gateway/dialect/responses_request.h"
#include "gateway/dialect/responses_write.h"
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

bool is_excused(const std::string& why) {
  return why == "`/messages` must not be empty" || why == "`/messages` is missing" ||
         why.find("nested too deeply") != std::string::npos;
}

void request(std::string_view body) {
  static responses::RequestParser parser;
  static hub::Request read, back;
  const auto done = parser.parse(body, read);
  if (!done) {
    FUZZ_REQUIRE(done.error().kind == ErrorKind::bad_request && !done.error().context.empty());
    return;
  }
  hub::FactsRoom room;
  ChatRequest facts;
  hub::fill_facts(read, room, facts);
  FUZZ_REQUIRE(facts.messages.size() == read.messages.size());
  FUZZ_REQUIRE(facts.model_token.end() <= body.size());
  for (const MessageInfo& message : facts.messages) FUZZ_REQUIRE(message.raw.end() <= body.size());
  hub::Dropped dropped;
  std::string messages, chat, own;
  anthropic::WriteOptions to_messages;
  to_messages.model = "m";
  to_messages.default_max_tokens = 100;
  openai::HubWriteOptions to_chat;
  to_chat.model = "m";
  responses::WriteOptions to_own;
  to_own.model = "m";
  static anthropic::RequestWriter messages_writer;
  static openai::HubRequestWriter chat_writer;
  static responses::RequestWriter own_writer;
  static anthropic::RequestParser messages_reader;
  static openai::HubRequestParser chat_reader;
  FUZZ_REQUIRE(messages_writer.write(read, to_messages, messages, dropped).has_value());
  FUZZ_REQUIRE(chat_writer.write(read, to_chat, chat, dropped).has_value());
  FUZZ_REQUIRE(own_writer.write(read, to_own, own, dropped).has_value());
  require_json(messages);
  require_json(chat);
  require_json(own);
  const auto as_messages = messages_reader.parse(messages, back);
  FUZZ_REQUIRE(as_messages.has_value() || is_excused(as_messages.error().context));
  const auto as_chat = chat_reader.parse(chat, back);
  FUZZ_REQUIRE(as_chat.has_value() || is_excused(as_chat.error().context));
}

class Log final : public hub::EventSink {
 public:
  void take(const hub::Event& event) override {
    FUZZ_REQUIRE(!over_);
    if (event.kind == hub::EventKind::open) FUZZ_REQUIRE(!open_);
    if (event.kind == hub::EventKind::delta || event.kind == hub::EventKind::close)
      FUZZ_REQUIRE(open_);
    if (event.kind == hub::EventKind::open) open_ = true;
    if (event.kind == hub::EventKind::close) open_ = false;
    if (event.kind == hub::EventKind::stop) FUZZ_REQUIRE(!open_);
    over_ = event.kind == hub::EventKind::end || event.kind == hub::EventKind::fault;
    text += std::to_string(static_cast<int>(event.kind)) + ":" + std::to_string(event.index) + " ";
    text.append(event.id).append(event.name).append(event.text).append(event.raw).append("\n");
  }
  std::string text;

 private:
  bool open_ = false, over_ = false;
};

std::string events_of(std::string_view input, std::uint32_t step) {
  Log log;
  responses::StreamDecoder decoder;
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

std::string bridged(std::string_view input, hub::Wire from, hub::Wire to, bool& well,
                    std::uint32_t& calls) {
  hub::BridgeOptions options;
  options.provider = from;
  options.client = to;
  options.include_usage = true;
  hub::StreamBridge bridge(options);
  openai::TapOutput out;
  std::string told;
  const auto collect = [&] {
    for (const std::string_view part : out.parts()) told += part;
    out.clear();
  };
  bridge.feed(input, out);
  collect();
  well = bridge.finish(out).has_value();
  collect();
  calls = bridge.facts().tool_calls;
  return told;
}

void answer(std::string_view input) {
  FUZZ_REQUIRE(events_of(input, 1u << 30) == events_of(input, 5));
  for (const hub::Wire other : {hub::Wire::openai_chat, hub::Wire::anthropic}) {
    for (const bool from_own : {true, false}) {
      const hub::Wire from = from_own ? hub::Wire::openai_responses : other;
      const hub::Wire to = from_own ? other : hub::Wire::openai_responses;
      bool well = false, back_well = false;
      std::uint32_t calls = 0, back_calls = 0;
      const std::string told = bridged(input, from, to, well, calls);
      (void)bridged(told, to, from, back_well, back_calls);
      FUZZ_REQUIRE(back_well == well && back_calls <= calls);
    }
    hub::BridgeOptions options;
    options.provider = hub::Wire::openai_responses;
    options.client = other;
    hub::WholeBridge whole;
    if (whole.read(input, options)) require_json(whole.client_body());
    options.provider = other;
    options.client = hub::Wire::openai_responses;
    options.client_body = input;
    if (whole.read(input, options)) require_json(whole.client_body());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::vector<char> copy = fuzz::exact({reinterpret_cast<const char*>(data) + 1, size - 1});
  const std::string_view input(copy.data(), copy.size());
  if ((data[0] & 1) != 0)
    request(input);
  else
    answer(input);
  return 0;
}
