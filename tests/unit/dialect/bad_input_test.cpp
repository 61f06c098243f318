// Bad requests, the same faults in all dialects: each is refused with the place of its fault as a
// JSON pointer, or, where a provider may judge otherwise, read.
#include <doctest/doctest.h>

#include "gateway/dialect/hub_wires.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using hub::Wire;

// One body a dialect; `%` is replaced.
struct Frame {
  Wire wire;
  std::string_view turns;    // % is a list of turns
  std::string_view turn;     // % is a turn's content
  std::string_view call;     // % is a call's arguments
  std::string_view no_role;  // a turn
  std::string_view roles;    // where the role is missing or unknown
};
constexpr Frame frames[] = {
    {Wire::openai_chat, R"({"model":"m","messages":%})", R"([{"role":"user","content":%}])",
     R"([{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":%}}]}])",
     R"([{"content":"x"}])", "/messages/0/role"},
    {Wire::anthropic, R"({"model":"m","max_tokens":9,"messages":%})",
     R"([{"role":"user","content":%}])",
     R"([{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{"a":%}}]}])",
     R"([{"content":"x"}])", "/messages/0/role"},
    {Wire::openai_responses, R"({"model":"m","input":%})", R"([{"role":"user","content":%}])",
     R"([{"type":"function_call","call_id":"c","name":"f","arguments":%}])",
     R"([{"type":"message","content":"x"}])", "/input/0/role"},
    {Wire::gemini, R"({"contents":%})", R"([{"role":"user","parts":[{"text":%}]}])",
     R"([{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":%}}}]}])",
     R"([{"role":"who","parts":[{"text":"x"}]}])", "/contents/0/role"},
};

std::string put(std::string_view frame, std::string_view inside) {
  std::string out(frame);
  out.replace(out.find('%'), 1, inside);
  return out;
}

// "" or the refusal.
std::string refusal(Wire wire, std::string_view body) {
  hub::RequestReaders readers;
  hub::Request request;
  const Result<void> read = readers.parse(wire, body, request);
  return read ? "" : read.error().context;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("bad input: each fault is refused in each dialect, by its place") {
  for (const Frame& frame : frames) {
    const std::string name(hub::name_of(frame.wire));
    CAPTURE(name);
    const std::string place(frame.roles.substr(0, frame.roles.find('/', 1)));
    const auto whole = [&](std::string_view turns) { return put(frame.turns, turns); };
    const auto of_turn = [&](std::string_view content) { return whole(put(frame.turn, content)); };
    // Wrong types, and what is missing.
    CHECK(holds(refusal(frame.wire, whole("7")), place));
    CHECK(holds(refusal(frame.wire, whole("[7]")), place + "/0"));
    CHECK(holds(refusal(frame.wire, of_turn("{\"a\":1}")), place + "/0/"));
    CHECK(holds(refusal(frame.wire, whole(frame.no_role)), frame.roles));
    CHECK(refusal(frame.wire, "{}") != "");
    CHECK(refusal(frame.wire, "[]") != "");
    CHECK(refusal(frame.wire, "") != "");
    // A key that is read, given twice.
    std::string twice = of_turn("\"x\"");
    twice.insert(1, frame.wire == Wire::gemini ? R"("contents":[],)" : R"("model":"n",)");
    CHECK(holds(refusal(frame.wire, twice), "given twice"));
    // Bytes that are no text, and JSON that ends too early.
    CHECK(holds(refusal(frame.wire, of_turn("\"\xC3\x28\"")), "UTF-8"));
    const std::string good = of_turn("\"x\"");
    CHECK(refusal(frame.wire, good) == "");
    for (const std::size_t size : {good.size() - 1, good.size() / 2, std::size_t{1}})
      CHECK(refusal(frame.wire, std::string_view(good).substr(0, size)) != "");
    // A depth bomb: where it is a text, where it is arguments, and where nobody looks.
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    for (const std::string& body :
         {of_turn(deep), whole(put(frame.call, deep)), put(R"({"zz":%,)", deep) + good.substr(1)})
      CHECK(refusal(frame.wire, body) != "");
    // Ten megabytes of arguments are many, and no fault.
    std::string much = "\"";
    much.resize(10'000'000, 'x');
    much += '"';
    CHECK(refusal(frame.wire, whole(put(frame.call, much))) == "");
  }
}

}  // namespace
}  // namespace steelyard::dialect
