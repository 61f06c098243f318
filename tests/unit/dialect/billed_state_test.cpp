// Signatures that Gemini bills when they come back, whoever carries them.
#include <doctest/doctest.h>

#include "gateway/dialect/gemini_count.h"
#include "gateway/dialect/gemini_signature.h"
#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/openai_request.h"
#include "gateway/dialect/state_seal.h"

namespace steelyard::dialect {
namespace {

using hub::Wire;

std::size_t letters(const ChatRequest& chat) {
  std::size_t sum = 0;
  for (const TextSlice& text : chat.texts)
    if (text.kind == TextKind::state) sum += text.raw.size();
  return sum;
}

TEST_CASE("billed state: of Gemini 3's thoughts alone, and without the seal") {
  const std::string billed = "E" + std::string(99, 'q'), free = "C" + std::string(99, 'q');
  const std::string anthropic =
      R"({"type":"thinking","thinking":"t","signature":")" + billed + "\"}";
  std::string sealed = billed;
  hub::append_seal(sealed, hub::state_key_of("a", "s", "m"), hub::StateKind::gemini, billed);
  const auto gemini = [](const std::string& parts) {
    return R"({"contents":[{"role":"user","parts":[{"text":"q"}]},{"role":"model","parts":[)" +
           parts + R"(]},{"role":"user","parts":[{"text":"q"}]}]})";
  };
  const auto call = [](const std::string& signature) {
    return R"({"functionCall":{"name":"f","args":{}},"thoughtSignature":")" + signature + "\"}";
  };
  const auto messages = [](const std::string& block) {
    return R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[)" +
           block + R"(,{"type":"text","text":"a"}]},{"role":"user","content":"q"}]})";
  };
  const auto thinking = [](const std::string& signature) {
    return R"({"type":"thinking","thinking":"","signature":")" + signature + "\"}";
  };
  const auto chat = [](const std::string& extra) {
    return R"({"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,"tool_calls":[)"
           R"({"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":)" +
           extra + R"(}]},{"role":"tool","tool_call_id":"c","content":"1"}]})";
  };
  struct Row {
    Wire wire;
    std::string body;
    std::size_t letters;
    bool state = true;
  };
  const Row rows[] = {
      {Wire::gemini, gemini(call(billed)), 100},
      {Wire::gemini, gemini(call(billed) + "," + call(billed)), 200},
      {Wire::gemini, gemini(R"({"text":"","thoughtSignature":")" + billed + "\"}"), 100},
      {Wire::gemini, gemini(call(free)), 0},
      {Wire::gemini, gemini(call("skip_thought_signature_validator")), 0},
      {Wire::gemini, gemini(call("EqQB")), 0},
      {Wire::anthropic, messages(anthropic), 0},  // Anthropic's begin with E, too
      {Wire::anthropic, messages(thinking("sy1.gemini.c." + sealed)), 100},
      {Wire::openai_chat, chat(R"({"google":{"thought_signature":")" + billed + "\"}}"), 100},
      {Wire::openai_chat, chat(R"({"google":{"thought_signature":")" + free + "\"}}"), 0},
      {Wire::openai_chat, chat(R"({"google":{}})"), 0, false},
      {Wire::openai_chat, chat("null"), 0, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    hub::RequestReaders readers;
    hub::Request request;
    hub::FactsRoom room;
    ChatRequest facts;
    REQUIRE(readers.parse(row.wire, row.body, request));
    hub::fill_facts(request, room, facts);
    CHECK(letters(facts) == row.letters);
    CHECK(facts.has_reasoning_state == row.state);
    if (row.wire != Wire::openai_chat) continue;
    openai::RequestParser parser;
    ChatRequest direct;
    REQUIRE(parser.parse(row.body, direct));
    CHECK(letters(direct) == row.letters);
    CHECK(direct.has_reasoning_state == row.state);
  }
  CountRequest count;
  REQUIRE(gemini::read_count_request(gemini(call(billed) + "," + call(free)), count));
  REQUIRE(count.states.size() == 1);
  CHECK(count.states[0] == billed);
}

}  // namespace
}  // namespace steelyard::dialect
