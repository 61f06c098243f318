// Bad requests, the same faults in all dialects: each is refused with the place of its fault as a
// JSON pointer, or, where a provider may judge otherwise, read.
#include <doctest/doctest.h>

#include "gateway/dialect/hub_lost.h"
#include "gateway/dialect/hub_read.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/openai_request.h"
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

TEST_CASE("bad input: members of a wrong type where they would be passed over") {
  const struct {
    Wire wire;
    std::string_view content, place;
  } rows[] = {
      {Wire::anthropic,
       R"([{"type":"image","source":{"type":"base64","media_type":7,"data":"QQ=="}}])",
       "`/messages/0/content/0/source/media_type`"},
      {Wire::anthropic, R"([{"type":"image","source":{"type":"url","url":{}}}])",
       "`/messages/0/content/0/source/url`"},
      {Wire::anthropic, R"([{"type":"image","source":{"type":[]}}])",
       "`/messages/0/content/0/source/type`"},
      {Wire::anthropic,
       R"([{"type":"document","title":1,"source":{"type":"url","url":"http://a/b"}}])",
       "`/messages/0/content/0/title`"},
      {Wire::openai_responses, R"([{"type":"input_image","image_url":"http://a/b","detail":{}}])",
       "`/input/0/content/0/detail`"},
      {Wire::openai_responses, R"([{"type":"input_file","file_data":"QQ==","filename":[]}])",
       "`/input/0/content/0/filename`"},
  };
  for (const auto& row : rows) {
    CAPTURE(std::string(row.content));
    const Frame* frame = frames;
    while (frame->wire != row.wire) ++frame;
    CHECK(holds(refusal(row.wire, put(frame->turns, put(frame->turn, row.content))), row.place));
  }
  CHECK(holds(refusal(Wire::openai_responses,
                      R"({"model":"m","input":[{"type":7,"role":"user","content":"x"}]})"),
              "`/input/0/type`"));
  CHECK(
      holds(refusal(Wire::openai_responses, R"({"model":"m","input":[{"role":7,"content":"x"}]})"),
            "`/input/0/role`"));
  // Those of OpenAI's dialects that others have no place for, and would only tell.
  for (const Wire wire : {Wire::openai_chat, Wire::openai_responses}) {
    const std::string frame = wire == Wire::openai_chat
                                  ? R"({"model":"m","messages":[{"role":"user","content":"x"}],%})"
                                  : R"({"model":"m","input":"x",%})";
    const struct {
      std::string_view key, good, bad;
    } fields[] = {{"seed", "-1", "\"x\""},          {"top_logprobs", "2", "true"},
                  {"logit_bias", "{}", "7"},        {"store", "false", "1"},
                  {"modalities", "[]", "\"text\""}, {"include", "[]", "{}"},
                  {"verbosity", "\"low\"", "3"},    {"truncation", "\"auto\"", "[]"},
                  {"logprobs", "true", "\"yes\""},  {"presence_penalty", "0.5", "[1]"}};
    for (const auto& field : fields) {
      CAPTURE(std::string(field.key));
      const auto with = [&](std::string_view value) {
        return refusal(wire, put(frame, '"' + std::string(field.key) + "\":" + std::string(value)));
      };
      CHECK(with(field.good) == "");
      CHECK(with("null") == "");
      CHECK(holds(with(field.bad), "`/" + std::string(field.key) + "` must be"));
    }
  }
  // What is not known may be anything.
  CHECK(
      refusal(
          Wire::anthropic,
          R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"new","data":{}}}]}]})") ==
      "");
  CHECK(refusal(
            Wire::openai_responses,
            R"({"model":"m","input":[{"role":"user","content":[{"type":"new","detail":{}}]}]})") ==
        "");
}

// Results of tools: each row is a list of turns.
struct Results {
  Wire wire;
  std::string_view frame;    // % is a list of turns, without its brackets
  std::string_view call;     // of a tool, as "c"
  std::string_view result;   // % is the name of the call
  std::string_view summary;  // of turns that are no longer here; "" the dialect has none
  std::string_view kept;     // a member that says where calls may be; "" none
  std::string_view place;    // of the fault, where the result comes first
};
constexpr Results results[] = {
    {Wire::openai_chat, R"({"model":"m","messages":[%]})",
     R"({"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]})",
     R"({"role":"tool","tool_call_id":"%","content":"x"})", "", "", "`/messages/0/tool_call_id`"},
    {Wire::anthropic, R"({"model":"m","max_tokens":9,"messages":[%]})",
     R"({"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{}}]})",
     R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"%","content":"x"}]})",
     R"({"role":"assistant","content":[{"type":"compaction","content":"x"}]})", "",
     "`/messages/0/content/0/tool_use_id`"},
    {Wire::openai_responses, R"({"model":"m","input":[%]})",
     R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"})",
     R"({"type":"function_call_output","call_id":"%","output":"x"})",
     R"({"type":"compaction","encrypted_content":"x"})", R"("previous_response_id":"r",)",
     "`/input/0/call_id`"},
    {Wire::gemini, R"({"contents":[%]})",
     R"({"role":"model","parts":[{"functionCall":{"name":"c","args":{}}}]})",
     R"({"role":"user","parts":[{"functionResponse":{"name":"%","response":{}}}]})", "",
     R"("cachedContent":"r",)", "`/contents/0/parts/0/functionResponse`"},
};

TEST_CASE("bad input: a tool's result that answers no call is refused in each dialect") {
  for (const Results& row : results) {
    const std::string name(hub::name_of(row.wire)), call(row.call);
    CAPTURE(name);
    const std::string mine = put(row.result, "c"), other = put(row.result, "d");
    const auto said = [&](const std::string& turns) {
      return refusal(row.wire, put(row.frame, turns));
    };
    CHECK(said(mine).starts_with(row.place));
    CHECK(said(mine + "," + call).starts_with(row.place));  // the call comes too late
    CHECK(said(call + "," + mine) == "");
    CHECK(said(call + "," + mine + "," + mine) == "");  // answered twice: there was a call
    CHECK(holds(said(call + "," + mine + "," + other), "answers no call"));
    CHECK(said(call + "," + other + "," + call) == "");  // a wrong id: its provider's to judge
    if (!row.summary.empty()) CHECK(said(std::string(row.summary) + "," + mine) == "");
    if (!row.kept.empty()) {
      std::string kept = put(row.frame, mine);
      kept.insert(1, row.kept);
      CHECK(refusal(row.wire, kept) == "");
    }
    // Where it is translated, a wrong id has no place.
    hub::RequestReaders readers;
    hub::Request request;
    const std::string strange = put(row.frame, call + "," + other);
    REQUIRE(readers.parse(row.wire, strange, request));
    CHECK(!request.stray_result.empty());
    CHECK(hub::stray_refusal(request).starts_with("`/" + std::string(row.place.substr(2, 5))));
    REQUIRE(readers.parse(row.wire, put(row.frame, call), request));
    CHECK(request.stray_result.empty());
  }
}

TEST_CASE("bad input: Chat that stays Chat is judged as what is translated") {
  const Results& row = results[0];
  openai::RequestParser parser;
  ChatRequest chat;
  const auto said = [&](const std::string& turns) {
    const Result<void> read = parser.parse(put(row.frame, turns), chat);
    return read ? "" : read.error().context;
  };
  const std::string call(row.call), mine = put(row.result, "c"), other = put(row.result, "d");
  const std::string bare = R"({"role":"tool","content":"x"})";
  CHECK(said(mine).starts_with(row.place));
  CHECK(said(bare).starts_with(row.place));
  CHECK(said(mine + "," + call).starts_with(row.place));
  CHECK(holds(said(call + "," + mine + "," + other), "/messages/2/tool_call_id"));
  CHECK(said(call + "," + mine) == "");
  CHECK(said(call + "," + bare) == "");  // local servers do without ids
  CHECK(said(call + "," + other) == "");
  CHECK(said(mine).starts_with(row.place));  // nothing is remembered from one request to the next
  CHECK(
      said(
          R"({"role":"assistant","content":null,"tool_calls":[{"id":"\u0063","function":{"name":"f"}}]},)" +
          mine + "," + mine) == "");
}

TEST_CASE("bad input: members of Chat's calls and thoughts, translated or not") {
  const struct {
    std::string_view member;  // of an assistant's message, % is its value
    std::string_view place;   // behind the message's
    std::vector<std::string_view> good, bad;
  } rows[] = {
      {R"("tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":%}}])",
       "/tool_calls/0/function/arguments",
       {R"("{}")", "{}", R"({"a":{"b":"\\\"}"}})", "null"},
       {"7", "true", "[]", R"([{"a":1}])"}},
      {R"("function_call":{"name":"f","arguments":%})",
       "/function_call/arguments",
       {R"("{}")", "{}", "null"},
       {"7", "[]"}},
      {R"("tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":%}}])",
       "/tool_calls/0/custom/input",
       {R"("x")", "null"},
       {"7", "{}", "[]"}},
      {R"("tool_calls":[{"id":"c","type":%,"function":{"name":"f","arguments":"{}"}}])",
       "/tool_calls/0/type",
       {R"("function")", "null"},
       {"7", "{}", "[]", "true"}},
      {R"("tool_calls":[{"id":"c","function":{"name":%,"arguments":"{}"}}])",
       "/tool_calls/0/function/name",
       {R"("f")"},
       {"7", "{}"}},
      {R"("tool_calls":[{"id":%,"function":{"name":"f","arguments":"{}"}}])",
       "/tool_calls/0/id",
       {R"("c")"},
       {"7", "{}", "[]"}},
      {R"("content":"x","tool_call_id":%)", "/tool_call_id", {R"("c")", "null"}, {"7", "{}"}},
      {R"("content":"x","reasoning_content":%)",
       "/reasoning_content",
       {R"("y")", "null", R"("")"},
       {"7", "{}", R"(["y"])"}},
      // Other vendors have objects and lists there.
      {R"("content":"x","reasoning":%)", "", {R"("y")", "null", "{}", "[]"}, {}},
  };
  openai::RequestParser parser;
  ChatRequest chat;
  for (const auto& row : rows) {
    CAPTURE(row.member);
    const auto each = [&](std::string_view value, auto check) {
      CAPTURE(value);
      const std::string body =
          put(R"({"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant",%}]})",
              put(row.member, value));
      const Result<void> read = parser.parse(body, chat);
      check(read ? "" : read.error().context);
      check(refusal(Wire::openai_chat, body));
    };
    for (const std::string_view value : row.good)
      each(value, [](const std::string& said) { CHECK(said == ""); });
    const std::string place = "`/messages/1" + std::string(row.place) + "`";
    for (const std::string_view value : row.bad)
      each(value, [&](const std::string& said) { CHECK(said.starts_with(place)); });
  }
}

TEST_CASE("bad input: several answers where there is one, by the client's own name of it") {
  hub::Request request;
  CHECK(hub::refuse_choices(request, "X").has_value());
  request.choices = 2;
  for (const Wire wire : {Wire::openai_chat, Wire::gemini}) {
    request.wire = wire;
    const std::string place = wire == Wire::gemini ? "/generationConfig/candidateCount" : "/n";
    CHECK(hub::refuse_choices(request, "X").error().context ==
          "`" + place + "` must be 1 for a model behind X");
  }
}

TEST_CASE("tool pairs: many calls, in any order, and none but them") {
  ToolPairs pairs;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100'000; ++i) pairs.call("call_" + std::to_string(i));
    std::size_t known = 0;
    for (int i = 100'000; i-- > 0;)
      known += pairs.result("call_" + std::to_string(i)) == ToolPairs::Standing::known;
    CHECK(known == 100'000);
    CHECK(pairs.result("call_x") == ToolPairs::Standing::orphan);
    pairs.clear();
    CHECK(pairs.result("call_1") == ToolPairs::Standing::orphan);
  }
}

TEST_CASE("bad input: a result of role `function` is its provider's to judge, not another's") {
  const auto body = [](const char* before) {
    return std::string(R"({"model":"m","messages":[{"role":"user","content":"q"},)") + before +
           R"({"role":"function","name":"f","content":"1"}]})";
  };
  const char* const call =
      R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},)";
  for (const char* before : {"", call}) {
    CAPTURE(before);
    const std::string text = body(before);
    openai::RequestParser parser;
    ChatRequest chat;
    REQUIRE(parser.parse(text, chat));
    CHECK(chat.last_role == Role::function);
    CHECK(chat.tool_loop());
    hub::RequestReaders readers;
    hub::Request request;
    CHECK(readers.parse(hub::Wire::openai_chat, text, request).has_value() == (before == call));
  }
}

}  // namespace
}  // namespace steelyard::dialect
