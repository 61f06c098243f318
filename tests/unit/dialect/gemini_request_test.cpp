// Requests of Gemini's dialect: every recorded one as the other dialects would have to send it, and
// those of the others as Gemini takes them; then bad input, and what a splice may change.
#include "gateway/dialect/gemini_request.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <map>

#include "gateway/dialect/gemini_models.h"
#include "gateway/dialect/gemini_write.h"
#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/splice.h"
#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
namespace dom = simdjson::dom;

std::string read_contents(std::string_view body, hub::Request& out) {
  static gemini::RequestParser parser;
  Result<void> read = parser.parse(body, out);
  if (read) read = parser.make_portable(out);
  return read ? std::string() : read.error().context;
}

std::string as_contents(const hub::Request& request, hub::Dropped& dropped,
                        std::string_view model = "gemini-3-flash") {
  gemini::WriteOptions options;
  gemini::apply_model(model, options);
  gemini::RequestWriter writer;
  std::string out;
  REQUIRE(writer.write(request, options, out, dropped).has_value());
  return out;
}

// What Gemini answers 400 to; "" when nothing is known against the body.
std::string fault_of_contents(const std::string& body) {
  dom::parser parser;
  dom::element doc;
  if (parser.parse(body).get(doc) != simdjson::SUCCESS) return "no JSON";
  dom::array contents;
  if (doc["contents"].get(contents) != simdjson::SUCCESS || contents.size() == 0)
    return "no contents";
  std::vector<std::string> calls;  // of the last turn of the model
  bool first = true;
  for (const dom::element content : contents) {
    const std::string_view role(content["role"]);
    if (role != "user" && role != "model") return "role";
    if (first && role != "user") return "the first content is not the user's";
    first = false;
    dom::array parts;
    if (content["parts"].get(parts) != simdjson::SUCCESS || parts.size() == 0) return "no parts";
    std::vector<std::string> made, answered;
    for (const dom::element part : parts) {
      int kinds = 0;
      for (const char* kind :
           {"text", "inlineData", "fileData", "functionCall", "functionResponse"})
        kinds += part[kind].error() == simdjson::SUCCESS;
      if (kinds != 1) return "a part of " + std::to_string(kinds) + " kinds";
      dom::element call;
      if (part["functionCall"].get(call) == simdjson::SUCCESS) {
        made.emplace_back(std::string_view(call["name"]));
        if (!call["args"].is_object()) return "args";
      }
      if (part["functionResponse"].get(call) == simdjson::SUCCESS) {
        answered.emplace_back(std::string_view(call["name"]));
        if (!call["response"].is_object()) return "response";
      }
    }
    if (role == "model") calls = made;
    if (!answered.empty() && answered.size() > calls.size()) return "more results than calls";
    for (std::size_t i = 0; i < answered.size(); ++i)
      if (std::find(calls.begin(), calls.end(), answered[i]) == calls.end())
        return "a result for " + answered[i];
  }
  return {};
}

TEST_CASE("gemini requests: every recorded one as the other dialects send it") {
  int made = 0, refused = 0, calls = 0;
  std::map<std::string, int> refusals, faults;
  for (const Recorded& r : recorded_contents()) {
    if (r.request.empty() || r.status >= 400) continue;
    CAPTURE(r.id);
    hub::Request request;
    const std::string refusal = read_contents(r.request, request);
    if (!refusal.empty()) {
      ++refused;
      ++refusals[refusal];
      continue;
    }
    // A sound, or nothing, and no word with it; calls that were never answered: the others refuse.
    constexpr std::string_view kTheirs[] = {"bb5e2d4c9360bcf7", "e9f19a0fb24e300c",
                                            "7357f3b7889bc004", "2573f2d5fbedbf09",
                                            "14d9e7e7d881a6b9"};
    if (std::find(std::begin(kTheirs), std::end(kTheirs), r.id) != std::end(kTheirs)) continue;
    request.model = "m";
    hub::Dropped to_chat, to_messages;
    const std::string chat = as_chat(request, to_chat, usual_chat());
    const std::string messages = as_messages(request, to_messages, usual_messages());
    for (const std::string& fault :
         {fault_of_chat(chat),
          messages.starts_with('!') ? std::string() : fault_of_messages(messages)}) {
      if (fault.empty()) continue;
      MESSAGE(r.id << ": " << fault);
      ++faults[fault];
    }
    hub::Request back;
    CHECK(read_chat(chat, back) == "");
    for (const hub::Part& part : request.parts) calls += part.kind == hub::PartKind::tool_use;
    ++made;
  }
  CHECK(faults.empty());
  if (recorded_contents().empty()) return;
  CHECK(made > 790);
  CHECK(refused <= 12);  // `cachedContent` stands at Google
  CHECK(calls > 300);
}

TEST_CASE("gemini requests: every recorded request of the others as Gemini takes it") {
  int made = 0;
  std::map<std::string, int> faults;
  const auto check = [&](const Recorded& r, const hub::Request& request) {
    for (const char* model : {"gemini-3-pro", "gemini-2.5-flash"}) {
      hub::Dropped dropped;
      const std::string body = as_contents(request, dropped, model);
      const std::string fault = fault_of_contents(body);
      if (!fault.empty()) {
        MESSAGE(r.id << ": " << fault);
        ++faults[fault];
      }
      hub::Request back;
      CHECK(read_contents(body, back) == "");
      CHECK(back.tools.size() <= request.tools.size());
    }
    ++made;
  };
  for (const Recorded& r : recorded_chat()) {
    hub::Request request;
    if (r.status < 400 && read_chat(r.request, request).empty()) check(r, request);
  }
  for (const Recorded& r : recorded_messages()) {
    hub::Request request;
    if (r.status < 400 && read_messages(r.request, request).empty()) check(r, request);
  }
  CHECK(faults.empty());
  CHECK((recorded_chat().empty() || made > 2'800));
}

TEST_CASE("gemini requests: ids are made where there are none, and meet again") {
  const std::string body =
      R"({"contents":[{"parts":[{"text":"hi"}]},{"role":"model","parts":[)"
      R"({"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"g"}},)"
      R"({"functionCall":{"name":"f","args":{"a":2}}}]},{"role":"function","parts":[)"
      R"({"functionResponse":{"name":"f","response":{"output":"one"}}},)"
      R"({"function_response":{"name":"g","response":{"x":[1]}}},)"
      R"({"functionResponse":{"name":"f","response":{"error":"two"}}}]}]})";
  hub::Request request;
  REQUIRE(read_contents(body, request) == "");
  request.model = "m";
  hub::Dropped dropped;
  CHECK(
      as_chat(request, dropped, usual_chat()) ==
      R"({"model":"gpt-test","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[)"
      R"({"id":"call_1_0","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},)"
      R"({"id":"call_1_1","type":"function","function":{"name":"g","arguments":"{}"}},)"
      R"({"id":"call_1_2","type":"function","function":{"name":"f","arguments":"{\"a\":2}"}}]},)"
      R"({"role":"tool","tool_call_id":"call_1_0","content":"one"},)"
      R"({"role":"tool","tool_call_id":"call_1_1","content":"{\"x\":[1]}"},)"
      R"({"role":"tool","tool_call_id":"call_1_2","content":"Error: two"}]})");
  CHECK(names(dropped) == "tool_error");
}

TEST_CASE("gemini requests: settings in both spellings") {
  const std::string body =
      R"({"system_instruction":{"parts":{"text":"Be kind."}},"contents":{"parts":[{"text":"hi"}]},)"
      R"("generation_config":{"max_output_tokens":50,"topP":0.5,"stop_sequences":["x"],"seed":3,)"
      R"("response_mime_type":"application/json","response_schema":{"type":"OBJECT","properties":)"
      R"({"type":{"type" : "STRING"}}},"thinking_config":{"thinking_budget":0}},)"
      R"("tools":[{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT"}}]},{"googleSearch":{}},)"
      R"({"codeExecution":null}],"tool_config":{"function_calling_config":{"mode":"any",)"
      R"("allowed_function_names":["f"]}},"safetySettings":null,"labels":{"a":"b"}})";
  hub::Request request;
  REQUIRE(read_contents(body, request) == "");
  request.model = "m";
  hub::Dropped dropped;
  CHECK(
      as_chat(request, dropped, usual_chat()) ==
      R"({"model":"gpt-test","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"hi"}],)"
      R"("max_completion_tokens":50,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],)"
      R"("tool_choice":{"type":"function","function":{"name":"f"}},"reasoning_effort":"none",)"
      R"("response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":)"
      R"({"type":"object","properties":{"type":{"type" : "string"}}}}},"top_p":0.5,"stop":["x"],"seed":3})");
  CHECK(names(dropped) == "schema_details,tools,fields");
  hub::FactsRoom room;
  ChatRequest facts;
  hub::fill_facts(request, room, facts);
  CHECK(facts.output_tokens_max() == 50);
  CHECK(facts.fields.has(Field::seed));
  CHECK(facts.fields.has(Field::thinking));
  CHECK(facts.tool_count == 2);
}

TEST_CASE("gemini requests: what is spliced into a body that stays in its dialect") {
  struct Row {
    const char* body;
    std::int64_t cap;
    const char* sent;
  };
  const Row rows[] = {
      {R"({ "contents":[{"parts":[{"text":"\u0041"}]}], "x":[1.0] })", 0,
       R"({ "contents":[{"parts":[{"text":"\u0041"}]}], "x":[1.0] })"},
      {R"({ "contents":[{"parts":[]}]})", 9,
       R"({"generationConfig":{"maxOutputTokens":9}, "contents":[{"parts":[]}]})"},
      {R"({"contents":[{"parts":[]}],"generationConfig":null})", 9,
       R"({"contents":[{"parts":[]}],"generationConfig":{"maxOutputTokens":9}})"},
      {R"({"contents":[{"parts":[]}],"generationConfig":{ }})", 9,
       R"({"contents":[{"parts":[]}],"generationConfig":{"maxOutputTokens":9 }})"},
      {R"({"contents":[{"parts":[]}],"generation_config":{"topK":1}})", 9,
       R"({"contents":[{"parts":[]}],"generation_config":{"maxOutputTokens":9,"topK":1}})"},
      {R"({"contents":[{"parts":[]}],"generationConfig":{"maxOutputTokens":50}})", 9,
       R"({"contents":[{"parts":[]}],"generationConfig":{"maxOutputTokens":9}})"},
      {R"({"contents":[{"parts":[]}],"generationConfig":{"max_output_tokens":null}})", 9,
       R"({"contents":[{"parts":[]}],"generationConfig":{"max_output_tokens":9}})"},
      {R"({"contents":[{"parts":[]}],"generationConfig":{"maxOutputTokens":5}})", 9,
       R"({"contents":[{"parts":[]}],"generationConfig":{"maxOutputTokens":5}})"},
  };
  gemini::RequestParser parser;
  for (const Row& row : rows) {
    CAPTURE(row.body);
    hub::Request request;
    hub::FactsRoom room;
    ChatRequest facts;
    REQUIRE(parser.parse(row.body, request).has_value());
    hub::fill_facts(request, room, facts);
    SplicedBody spliced;
    BodyEdits edits;
    edits.output_tokens_max = row.cap;
    REQUIRE(spliced.build(facts, edits).has_value());
    std::string sent;
    for (const std::string_view part : spliced.parts()) sent += part;
    CHECK(sent == row.sent);
  }
}

TEST_CASE("gemini requests: bad ones are refused by place") {
  struct Row {
    const char *body, *problem;
  };
  const Row rows[] = {
      {"", "the request body is not valid JSON: it is empty"},
      {"[]", "the request body must be a JSON object"},
      {"{}", "`/contents` is missing"},
      {R"({"contents":[]})", "`/contents` is missing"},
      {R"({"contents":"hi"})", "`/contents` must be an object"},
      {R"({"contents":[7]})", "`/contents/0` must be an object"},
      {R"({"contents":[{"parts":[]}],"contents":[]})", "`/contents` is given twice"},
      {R"({"contents":[{"parts":[]}],"system_instruction":null,"systemInstruction":null})",
       "`/systemInstruction` is given twice"},
      {R"({"conten\u0074s":[{"parts":[]}]})", "`/contents` must be spelled without escapes"},
      {R"({"contents":[{"role":"wizard","parts":[]}]})",
       "`/contents/0/role` must be \"user\" or \"model\""},
      {R"({"contents":[{"parts":["hi"]}]})", "`/contents/0/parts/0` must be an object"},
      {R"({"contents":[{"parts":[{"text":7}]}]})", "`/contents/0/parts/0/text` must be a string"},
      {R"({"contents":[{"parts":[{"functionCall":{"args":{}}}]}]})",
       "`/contents/0/parts/0/functionCall/name` must be a string"},
      {R"({"contents":[{"parts":[{"functionCall":{"name":"f","args":[]}}]}]})",
       "`/contents/0/parts/0/functionCall/args` must be an object or null"},
      {R"({"contents":[{"parts":[{"functionResponse":{"response":{}}}]}]})",
       "`/contents/0/parts/0/functionResponse/name` must be a string"},
      {R"({"contents":[{"parts":[]}],"tools":[{"functionDeclarations":[{"description":"x"}]}]})",
       "`/tools/0/functionDeclarations/0/name` must be a string that is not empty"},
      {R"({"contents":[{"parts":[]}],"generationConfig":{"maxOutputTokens":0}})",
       "`/generationConfig/maxOutputTokens` must be from 1 to 2147483648"},
      {R"({"contents":[{"parts":[]}],"generationConfig":{"temperature":"hot"}})",
       "`/generationConfig/temperature` must be a number or null"},
      {R"({"contents":[{"parts":[]}]} x)", "the request body goes on after its end"},
      {R"({"contents":[{"parts":[{"text":"x"}]})",
       "the request body is not valid JSON: the structure is broken at byte 37"},
      {R"({"contents":[{"parts":[]}],"cachedContent":"cachedContents/1"})",
       "`/cachedContent` stands at Google: it needs a model behind Gemini's interface"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    hub::Request request;
    CHECK(read_contents(row.body, request) == row.problem);
  }
}

TEST_CASE("gemini requests: thinking, by model") {
  struct Row {
    const char *model, *setting, *config, *dropped;
  };
  const Row rows[] = {
      {"gemini-3-pro", R"("reasoning_effort":"medium")",
       R"({"thinkingLevel":"HIGH","includeThoughts":true})", ""},
      {"gemini-3.1-pro", R"("reasoning_effort":"medium")",
       R"({"thinkingLevel":"MEDIUM","includeThoughts":true})", ""},
      {"gemini-3-flash", R"("reasoning_effort":"none")", R"({"thinkingLevel":"MINIMAL"})", ""},
      {"gemini-3-pro", R"("reasoning_effort":"none")", R"({"thinkingLevel":"LOW"})", "reasoning"},
      {"gemini-2.5-flash", R"("reasoning_effort":"none")", R"({"thinkingBudget":0})", ""},
      {"gemini-2.5-pro", R"("reasoning_effort":"none")", R"({"thinkingBudget":128})", "reasoning"},
      {"gemini-2.5-flash", R"("reasoning_effort":"max")",
       R"({"thinkingBudget":24576,"includeThoughts":true})", ""},
      {"gemini-2.5-pro", R"("thinking":{"type":"adaptive"})",
       R"({"thinkingBudget":-1,"includeThoughts":true})", ""},
      {"models/gemini-2.0-flash", R"("reasoning_effort":"low")", "", "reasoning"},
      {"gemma-3", R"("reasoning_effort":"none")", "", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CAPTURE(row.setting);
    const std::string given =
        std::string(R"({"model":"m","messages":[{"role":"user","content":"x"}],)") + row.setting +
        "}";
    hub::Request request;
    REQUIRE(read_chat(given, request) == "");
    hub::Dropped dropped;
    const std::string body = as_contents(request, dropped, row.model);
    const std::string wanted = *row.config == '\0'
                                   ? std::string("{}")
                                   : std::string(R"({"thinkingConfig":)") + row.config + "}";
    CHECK(body == R"({"contents":[{"role":"user","parts":[{"text":"x"}]}],"generationConfig":)" +
                      wanted + "}");
    CHECK(names(dropped) == row.dropped);
  }
}

}  // namespace
}  // namespace steelyard::dialect
