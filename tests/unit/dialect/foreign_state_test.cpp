// What one provider signed is cut out before another of the same dialect gets the request; all else
// stays byte for byte.
#include "gateway/dialect/foreign_state.h"

#include <doctest/doctest.h>

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/state_hash.h"
#include "gateway/dialect/state_seal.h"
#include "tests/unit/dialect/hub_support.h"

namespace steelyard::dialect {
namespace {

using hub::Wire;
// What was carried through the client goes; all goes, whoever made it.
const ForeignState carried, all{{}, {}, true};

TEST_CASE("foreign state: goes as a whole, with one comma, and nothing else does") {
  struct Row {
    Wire wire;
    const ForeignState& foreign;
    std::string given, left;  // left "": nothing was cut
    const char* told;
  };
  const auto anthropic = [](const std::string& blocks) {
    return R"({"model":"m", "messages":[{"role":"assistant","content":[)" + blocks + "]}]}";
  };
  const auto chat = [](const std::string& message) {
    return R"({"messages":[{"role":"assistant",)" + message + "}]}";
  };
  const auto gemini = [](const std::string& parts) {
    return R"({"contents":[{"role":"model","parts":[)" + parts + "]}]}";
  };
  const std::string own = R"({"type":"thinking","thinking":"a","signature":"EqAA"})",
                    carrier = R"({"type":"thinking","thinking":"b","signature":"sy1.openai.X"})",
                    text = R"({"type":"text","text":"sy1.openai.X"})";
  const std::string
      sealed = R"({"type":"reasoning","summary":[],"encrypted_content":"sy1.anthropic.S"})",
      theirs = R"({"type":"reasoning","summary":[],"encrypted_content":"gAAA"})",
      item =
          R"({"type":"function_call","call_id":"c","name":"f","arguments":"{\"signature\":\"sy1.openai.X\"}"})";
  const Row rows[] = {
      {Wire::anthropic, carried, anthropic(own + "," + carrier + ", " + text),
       anthropic(own + ", " + text), "thinking"},
      {Wire::anthropic, carried, anthropic(carrier + ", " + carrier + ",\n" + text),
       anthropic(text), "thinking"},
      {Wire::anthropic, carried, anthropic(text + " , " + carrier), anthropic(text), "thinking"},
      {Wire::anthropic, carried, anthropic(own + "," + text), "", ""},
      {Wire::anthropic, all, anthropic(own + "," + text), anthropic(text), "thinking"},
      {Wire::anthropic, all, anthropic(R"({"type":"redacted_thinking","data":"D"},)" + text),
       anthropic(text), "thinking"},
      // A tool's own arguments may say anything.
      {Wire::anthropic, all,
       anthropic(
           R"({"type":"tool_use","id":"t","name":"f","input":{"type":"thinking","signature":"sy1.x"}})"),
       "", ""},
      {Wire::anthropic, carried,
       anthropic(R"({"type":"text","text":"T","citations":[{"encrypted_index":"sy1.cited"}]})"),
       anthropic(R"({"type":"text","text":"T"})"), "citations"},
      {Wire::openai_responses, carried, R"({"input":[)" + sealed + "," + theirs + "," + item + "]}",
       R"({"input":[)" + theirs + "," + item + "]}", "thinking"},
      {Wire::openai_responses, all, R"({"input":[)" + sealed + "," + theirs + "," + item + "]}",
       R"({"input":[)" + item + "]}", "thinking"},
      {Wire::openai_responses, carried, R"({"input":"sy1.openai.X"})", "", ""},
      {Wire::openai_chat, carried,
       chat(
           R"("content":"T","reasoning_details":[{"type":"reasoning.text","text":"R","signature":"sy1.gemini.p.S"}])"),
       chat(R"("content":"T","reasoning_details":[])"), "thinking"},
      {Wire::openai_chat, all,
       chat(
           R"("content":"T","thinking_blocks":[{"type":"thinking","thinking":"R","signature":"EqAA"}])"),
       chat(R"("content":"T","thinking_blocks":[])"), "thinking"},
      {Wire::openai_chat, all,
       chat(
           R"("tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"S"}}}])"),
       chat(
           R"("tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{}}}])"),
       "thinking"},
      {Wire::gemini, carried,
       gemini(
           R"({"functionCall":{"name":"f","args":{"thoughtSignature":"c3kxLnRoaW5raW5n"}},"thoughtSignature":"c3kxLnRoaW5raW5nW10="})"),
       gemini(
           R"({"functionCall":{"name":"f","args":{"thoughtSignature":"c3kxLnRoaW5raW5n"}},"thoughtSignature":"skip_thought_signature_validator"})"),
       "thinking"},
      {Wire::gemini, carried,
       gemini(R"({"text":"T"},{"text":"","thoughtSignature":"c3kxLnRoaW5raW5nW10="})"),
       gemini(R"({"text":"T"})"), "thinking"},
      {Wire::gemini, carried, gemini(R"({"thoughtSignature":"c3kxLnRoaW5raW5nW10=","text":"T"})"),
       gemini(R"({"text":"T"})"), "thinking"},
      {Wire::gemini, carried, gemini(R"({"text":"","thoughtSignature":"U0lH"})"), "", ""},
      {Wire::gemini, all, gemini(R"({"text":"T","thoughtSignature":"U0lH"})"),
       gemini(R"({"text":"T"})"), "thinking"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.given);
    hub::Dropped dropped;
    std::string out;
    CHECK(cut_foreign_state(row.given, row.wire, row.foreign, out, dropped) == !row.left.empty());
    CHECK(out == row.left);
    CHECK(testing::names(dropped) == row.told);
  }
}

TEST_CASE("foreign state: each part goes or stays by who signed it") {
  const auto turn = [](const std::string& signature) {
    return R"({"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":")" +
           signature + R"("},{"type":"text","text":"a"}]})";
  };
  const std::string body = R"({"model":"m","max_tokens":9,"messages":[)" + turn("OLD") + "," +
                           turn("NEW") + "," + R"({"role":"user","content":"q"}]})";
  const std::uint64_t old = state_hash("OLD"), made = state_hash("NEW");
  struct Row {
    ForeignState foreign;
    bool keeps_old, keeps_new;
  };
  const Row rows[] = {{{}, true, true},
                      {{{}, {old}, false}, false, true},
                      {{{old}, {made}, false}, true, false},
                      {{{made}, {}, true}, false, true},
                      {{{made}, {old}, true}, false, true},
                      {{{}, {}, true}, false, false}};
  for (const Row& row : rows) {
    CAPTURE(row.keeps_old);
    CAPTURE(row.keeps_new);
    std::string out;
    hub::Dropped dropped;
    CHECK(cut_foreign_state(body, Wire::anthropic, row.foreign, out, dropped) == row.foreign.any());
    if (!row.foreign.any()) out = body;
    CHECK((out.find("OLD") != std::string::npos) == row.keeps_old);
    CHECK((out.find("NEW") != std::string::npos) == row.keeps_new);
    hub::Request other;
    REQUIRE(testing::read_messages(body, other) == "");
    disown_state(other, row.foreign);
    CHECK((other.parts[1].signature == "OLD") == row.keeps_old);
    CHECK((other.parts[4].signature == "NEW") == row.keeps_new);
  }
}

TEST_CASE("foreign state: what another provider signed is written for none") {
  const std::string body =
      R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[)"
      R"({"type":"thinking","thinking":"a","signature":"EqAA"},{"type":"thinking","thinking":"b","signature":"sy1.openai.X"},)"
      R"({"type":"thinking","thinking":"","signature":"sy1.gemini.c.Y"},{"type":"redacted_thinking","data":"D"},)"
      R"({"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"1"}]}]})";
  hub::Request request;
  REQUIRE(testing::read_messages(body, request) == "");
  hub::Dropped before, after;
  CHECK(testing::as_responses(request, before).find("\"X\"") != std::string::npos);
  disown_state(request, all);
  hub::open_seals(request, hub::state_key_of("https://a.test", "sk", "m"));  // none of them is its
  const auto check = [&](const std::string& written) {
    CAPTURE(written);
    for (const char* state : {"EqAA", "\"X\"", "\"Y\"", "\"D\"", "sy1."})
      CHECK(written.find(state) == std::string::npos);
    CHECK(after.has(hub::Loss::thinking));
    after.clear();
  };
  check(testing::as_responses(request, after));
  check(testing::as_converse(request, after, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"));
  check(testing::as_chat(request, after, testing::usual_chat()));
}

}  // namespace
}  // namespace steelyard::dialect
