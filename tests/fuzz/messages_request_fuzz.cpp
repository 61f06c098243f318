// Arbitrary bytes as a client's request in either dialect. What a reader accepts, the writer of the
// other dialect must turn into JSON that the other reader accepts, with nothing made up.
#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/anthropic_request.h"
#include "gateway/dialect/anthropic_write.h"
#include "gateway/dialect/foreign_state.h"
#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/openai_hub_request.h"
#include "gateway/dialect/openai_hub_write.h"
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

template <class Parser, class Other>
void check(std::string_view body, Parser& parser, Other& other) {
  static hub::Request request, back;
  const auto done = parser.parse(body, request);
  if (!done) {
    FUZZ_REQUIRE(done.error().kind == ErrorKind::bad_request && !done.error().context.empty());
    return;
  }
  hub::FactsRoom room;
  ChatRequest facts;
  hub::fill_facts(request, room, facts);
  FUZZ_REQUIRE(facts.messages.size() == request.messages.size());
  FUZZ_REQUIRE(facts.model_token.end() <= body.size());
  static anthropic::RequestWriter to_messages;
  static openai::HubRequestWriter to_chat;
  anthropic::WriteOptions messages_options;
  messages_options.model = "m";
  messages_options.default_max_tokens = 100;
  openai::HubWriteOptions chat_options;
  chat_options.model = "m";
  chat_options.reasoning_content = true;
  // What is left when state is cut out is JSON still.
  for (const bool all : {false, true}) {
    hub::Dropped told;
    std::string cut;
    if (!cut_foreign_state(body, request.wire, {{}, {}, all}, cut, told)) continue;
    require_json(cut);
    FUZZ_REQUIRE(!told.empty());
  }
  // Results whose call nobody can see (in a block of a kind that is not known) are not translated.
  if (!request.stray_result.empty()) return;
  hub::Dropped dropped;
  const bool from_chat = request.wire == hub::Wire::openai_chat;
  std::string out;
  const auto written = from_chat ? to_messages.write(request, messages_options, out, dropped)
                                 : to_chat.write(request, chat_options, out, dropped);
  if (!written) {
    FUZZ_REQUIRE(written.error().kind == ErrorKind::bad_request);
    return;
  }
  require_json(out);
  const auto again = other.parse(out, back);
  // A conversation of nothing that the other dialect can show has no messages left; nesting grows.
  if (!again) {
    const std::string& why = again.error().context;
    FUZZ_REQUIRE(why == "`/messages` must not be empty" ||
                 why.find("nested too deeply") != std::string::npos);
    return;
  }
  FUZZ_REQUIRE(back.stream == request.stream && back.tools.size() <= request.tools.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static anthropic::RequestParser messages;
  static openai::HubRequestParser chat;
  const std::vector<char> copy = fuzz::exact({reinterpret_cast<const char*>(data) + 1, size - 1});
  const std::string_view body(copy.data(), copy.size());
  if ((data[0] & 1) != 0)
    check(body, messages, chat);
  else
    check(body, chat, messages);
  return 0;
}
