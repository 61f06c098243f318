// Seals of carried state: made once on the way out, opened by the same account alone.
#include <doctest/doctest.h>

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/state_seal.h"

namespace steelyard::dialect {
namespace {

using namespace hub;

const StateKey one = state_key_of("https://a.test", "sk-1", "m-1");
const StateKey two = state_key_of("https://a.test", "sk-2", "m-1");

std::string sealed(StateKind kind, std::string_view payload, const StateKey& key = one) {
  std::string out(payload);
  append_seal(out, key, kind, payload);
  return out;
}

TEST_CASE(
    "state seal: a payload opens with its own key and kind, unchanged, and with nothing else") {
  for (const std::string_view payload :
       {"", "Sig==", "a.b.c", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    const std::string whole = sealed(StateKind::openai, payload);
    CHECK(whole.size() == payload.size() + seal_bytes);
    std::string_view opened = whole;
    REQUIRE(take_seal(opened, one, StateKind::openai));
    CHECK(opened == payload);
    opened = whole;
    CHECK_FALSE(take_seal(opened, two, StateKind::openai));
    CHECK_FALSE(take_seal(opened, one, StateKind::anthropic));
    for (const StateKey& other : {state_key_of("https://b.test", "sk-1", "m-1"),
                                  state_key_of("https://a.test", "sk-1", "m-2")})
      CHECK_FALSE(take_seal(opened, other, StateKind::openai));
    CHECK(opened == whole);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string other = whole;
      other[i] = other[i] == 'A' ? 'B' : 'A';
      opened = other;
      CHECK_FALSE(take_seal(opened, one, StateKind::openai));
    }
  }
  // Escaped anew by the client: \u003d is =.
  const std::string escaped = "a\\u003d" + sealed(StateKind::gemini, "a=").substr(2);
  std::string_view opened = escaped;
  CHECK(take_seal(opened, one, StateKind::gemini));
  CHECK(opened == "a\\u003d");
}

struct Carried {
  Wire client;
  std::string_view body;  // % is what was sealed
  StateKind kind;
  std::string_view tag;    // before the payload
  std::string_view field;  // of the part: "signature" or "text"
};
constexpr Carried carried[] = {
    {Wire::anthropic,
     R"({"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"%"}]}]})",
     StateKind::openai, "sy1.openai.", "signature"},
    {Wire::anthropic,
     R"({"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"%"}]}]})",
     StateKind::gemini, "sy1.gemini.c.", "signature"},
    {Wire::openai_responses,
     R"({"model":"m","input":[{"type":"reasoning","summary":[],"encrypted_content":"%"}]})",
     StateKind::anthropic, "sy1.anthropic.", "signature"},
    {Wire::openai_responses,
     R"({"model":"m","input":[{"type":"reasoning","summary":[],"encrypted_content":"%"}]})",
     StateKind::redacted, "sy1.redacted.", "text"},
    {Wire::openai_chat,
     R"({"model":"m","messages":[{"role":"assistant","content":"x","reasoning_details":[{"type":"reasoning.text","text":"t","signature":"%"}]}]})",
     StateKind::openai, "sy1.openai.", "signature"},
};

TEST_CASE("state seal: what clients of each dialect carry is opened, or nobody's") {
  for (const Carried& row : carried) {
    CAPTURE(std::string(row.tag));
    for (const bool mine : {true, false}) {
      std::string body(row.body);
      body.replace(body.find('%'), 1,
                   std::string(row.tag) + sealed(row.kind, "PAYLOAD==", mine ? one : two));
      RequestReaders readers;
      Request request;
      REQUIRE(readers.parse(row.client, body, request));
      open_seals(request, one);
      REQUIRE(request.parts.size() >= 1);
      const Part& part = request.parts[0];
      const std::string_view state = row.field == "text" ? part.text : part.signature;
      if (mine) {
        CHECK(state.ends_with("PAYLOAD=="));
        CHECK(part.kind ==
              (row.field == "text" ? PartKind::redacted_thinking : PartKind::thinking));
      } else {
        CHECK(part.kind == PartKind::thinking);
        CHECK(part.signature == carrier_tag);
        CHECK(part.text.find("PAYLOAD") == std::string_view::npos);
      }
    }
  }
}

TEST_CASE("state seal: the newest maker is found, and none that a client made up") {
  const StateKey keys[] = {one, two, state_key_of("https://a.test", "sk-1", "m-2")};
  const auto body = [&](std::initializer_list<std::string> states) {
    std::string items;
    for (const std::string& state : states)
      items.append(items.empty() ? "" : ",")
          .append(R"({"type":"reasoning","summary":[],"encrypted_content":")")
          .append(state)
          .append("\"},{\"role\":\"user\",\"content\":\"q\"}");
    return R"({"model":"m","input":[)" + items + "]}";
  };
  const auto of = [](const StateKey& key) {
    return "sy1.anthropic." + sealed(StateKind::anthropic, "Sig==", key);
  };
  std::string forged = of(keys[2]);
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  const auto newest = [&](const std::string& text) {
    RequestReaders readers;
    Request request;
    REQUIRE(readers.parse(Wire::openai_responses, text, request));
    const Part* where = nullptr;
    const int maker = newest_maker(request, keys, where);
    CHECK((maker < 0 || where != nullptr));
    return maker;
  };
  CHECK(newest(body({of(one)})) == 0);
  CHECK(newest(body({of(one), of(keys[2]), of(two)})) == 1);
  CHECK(newest(body({of(two), of(one), "gAAA=="})) == 0);  // OpenAI's own has no seal
  CHECK(newest(body({of(two), forged})) == 1);
  CHECK(newest(body({forged, "sy1.anthropic.Sig==", "sy1."})) == -1);
  CHECK(newest(body({})) == -1);
}

TEST_CASE(
    "state seal: without a tag, or with an unsealed one, nothing is believed and nothing is lost") {
  RequestReaders readers;
  Request request;
  const std::string body =
      R"({"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[)"
      R"({"type":"thinking","thinking":"t","signature":"Sig=="},{"type":"redacted_thinking","data":"D"},)"
      R"({"type":"thinking","thinking":"t","signature":"sy1.openai.X"},)"
      R"({"type":"thinking","thinking":"t","signature":"sy1."}]}]})";
  REQUIRE(readers.parse(Wire::anthropic, body, request));
  open_seals(request, one);
  REQUIRE(request.parts.size() == 4);
  CHECK(request.parts[0].signature == "Sig==");  // Anthropic's own
  CHECK(request.parts[1].text == "D");
  CHECK(request.parts[2].signature == carrier_tag);
  CHECK(request.parts[3].signature == carrier_tag);
}

// All that was said, a line each.
struct Said final : EventSink {
  void take(const Event& event) override {
    if (event.kind == EventKind::open)
      text += "open " + std::string(event.text) + std::string(event.signature) + "\n";
    if (event.kind == EventKind::delta) text += "delta " + std::string(event.text) + "\n";
    if (event.kind == EventKind::close) text += "close\n";
  }
  std::string text;
};

TEST_CASE("state seal: a signature in pieces gets one seal, at its end, where it is carried") {
  const auto seal = [](StateKind kind, std::string_view payload) {
    std::string out;
    append_seal(out, one, kind, payload);
    return out;
  };
  struct Row {
    Wire client;
    std::string pieces, open, call;  // behind each
  };
  const std::string raw = seal(StateKind::anthropic, "Sig=="), red = seal(StateKind::redacted, "D");
  const std::string call = seal(StateKind::gemini, "G");
  const Row rows[] = {{Wire::openai_responses, "delta " + raw + "\n", red, call},
                      {Wire::gemini, "delta " + raw + "\n", red, call},
                      {Wire::anthropic, "", "", call},
                      {Wire::openai_chat, "", "", ""}};
  for (const Row& row : rows) {
    Said said;
    Sealer sealer(one, row.client, said);
    const auto send = [&](EventKind kind, BlockKind block, std::string_view text,
                          DeltaKind delta = DeltaKind::text) {
      Event event;
      event.kind = kind;
      event.block = block;
      event.delta = delta;
      (block == BlockKind::tool_call ? event.signature : event.text) = text;
      sealer.take(event);
    };
    send(EventKind::open, BlockKind::thinking, "");
    send(EventKind::delta, BlockKind::thinking, "Hm.");
    send(EventKind::delta, BlockKind::thinking, "Si", DeltaKind::signature);
    send(EventKind::delta, BlockKind::thinking, "g==", DeltaKind::signature);
    send(EventKind::close, BlockKind::thinking, "");
    send(EventKind::open, BlockKind::redacted_thinking, "D");
    send(EventKind::close, BlockKind::redacted_thinking, "");
    send(EventKind::open, BlockKind::thinking, "");
    send(EventKind::delta, BlockKind::thinking, "sy1.openai.E", DeltaKind::signature);
    send(EventKind::close, BlockKind::thinking, "");
    send(EventKind::open, BlockKind::tool_call, "G");
    send(EventKind::close, BlockKind::tool_call, "");
    CHECK(said.text == "open \ndelta Hm.\ndelta Si\ndelta g==\n" + row.pieces + "close\nopen D" +
                           row.open + "\nclose\nopen \ndelta sy1.openai.E" +
                           seal(StateKind::openai, "E") + "\nclose\nopen G" + row.call +
                           "\nclose\n");
  }
}

}  // namespace
}  // namespace steelyard::dialect
