// Requests of all dialects as Bedrock's Converse: every recorded one by the rules, and a table.
#include <doctest/doctest.h>

#include <map>

#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;

constexpr const char* claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

using Reader = std::string (*)(std::string_view, hub::Request&);

int check_all(const std::vector<Recorded>& all, Reader read, std::map<std::string, int>& faults) {
  int made = 0;
  hub::Request request;
  for (const Recorded& r : all) {
    if (r.status >= 400 || r.request.empty() || !read(r.request, request).empty()) continue;
    if (!request.needs_store.empty()) continue;
    // Answers a call that its history does not hold: the provider's to refuse.
    if (r.id == "79f1d9365368672d") continue;
    for (const char* model : {claude, "mistral.mistral-large-2407-v1:0"}) {
      hub::Dropped dropped;
      const std::string body = as_converse(request, dropped, model);
      if (body.starts_with('!')) {
        CHECK(request.choices > 1);
        continue;
      }
      const std::string fault = fault_of_converse(body);
      if (!fault.empty()) {
        MESSAGE(r.id << ": " << fault);
        ++faults[fault];
      }
      ++made;
    }
  }
  return made;
}

TEST_CASE("converse requests: of every recorded request nothing is known against ours") {
  std::map<std::string, int> faults;
  const int chat = check_all(recorded_chat(), read_chat, faults);
  const int messages = check_all(recorded_messages(), read_messages, faults);
  const int responses = check_all(recorded_responses(), read_responses, faults);
  if (recorded_chat().empty()) return;
  CHECK(chat > 4'000);
  CHECK(messages > 1'500);
  CHECK(responses > 1'000);
  CHECK(faults.empty());
}

struct Row {
  const char *why, *body, *model, *wanted, *lost;
};

void check_rows(const Row* rows, std::size_t count, Reader read) {
  for (std::size_t i = 0; i < count; ++i) {
    CAPTURE(rows[i].why);
    hub::Request request;
    REQUIRE(read(rows[i].body, request) == "");
    hub::Dropped dropped;
    CHECK(as_converse(request, dropped, rows[i].model) == rows[i].wanted);
    CHECK(names(dropped) == rows[i].lost);
  }
}

TEST_CASE("converse requests: from Messages") {
  const Row rows[] = {
      {"marks, limits, sampling",
       R"({"model":"m","max_tokens":9,"temperature":1.5,"top_p":0.5,"top_k":3,"stop_sequences":["x"," "],)"
       R"("system":[{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral","ttl":"1h"}}],)"
       R"("messages":[{"role":"user","content":[{"type":"text","text":"h\u00e9","cache_control":{"type":"ephemeral"}}]}]})",
       claude,
       R"({"system":[{"text":"Be kind."},{"cachePoint":{"type":"default","ttl":"1h"}}],)"
       R"("messages":[{"role":"user","content":[{"text":"h\u00e9"},{"cachePoint":{"type":"default"}}]}],)"
       R"("inferenceConfig":{"maxTokens":9,"temperature":1,"topP":0.5,"stopSequences":["x"]},)"
       R"("additionalModelRequestFields":{"top_k":3}})",
       "temperature,stop"},
      {"what a model does not take",
       R"({"model":"m","max_tokens":9,"top_k":3,"thinking":{"type":"enabled","budget_tokens":2000},)"
       R"("messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}]})",
       "meta.llama4-scout-17b-instruct-v1:0",
       R"({"messages":[{"role":"user","content":[{"text":"a"}]}],"inferenceConfig":{"maxTokens":9}})",
       "top_k,cache_control,reasoning"},
      {"thinking with a budget, signed thoughts, a call and its result with a picture",
       R"({"model":"m","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":2000},)"
       R"("tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}}],)"
       R"("messages":[{"role":"user","content":"a"},)"
       R"({"role":"assistant","content":[{"type":"thinking","thinking":"Hm","signature":"S=="},)"
       R"({"type":"redacted_thinking","data":"RR"},{"type":"tool_use","id":"t1","name":"f","input":{ "b":1}}]},)"
       R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[)"
       R"({"type":"text","text":"no"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]}]}]})",
       claude,
       R"({"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[)"
       R"({"reasoningContent":{"reasoningText":{"text":"Hm","signature":"S=="}}},)"
       R"({"reasoningContent":{"redactedContent":"RR"}},{"toolUse":{"toolUseId":"t1","name":"f","input":{ "b":1}}}]},)"
       R"({"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"text":"no"},)"
       R"({"image":{"format":"png","source":{"bytes":"AA=="}}}],"status":"error"}}]}],)"
       R"("inferenceConfig":{"maxTokens":9000},)"
       R"("toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object"}}}},)"
       R"({"cachePoint":{"type":"default"}}]},)"
       R"("additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}}})",
       ""},
      {"adaptive thinking and a schema",
       R"({"model":"m","max_tokens":9,"thinking":{"type":"adaptive"},"output_config":{"effort":"high",)"
       R"("format":{"type":"json_schema","schema":{"type":"object","x":"\""}}},"messages":[{"role":"user","content":"a"}]})",
       "anthropic.claude-opus-4-7",
       R"({"messages":[{"role":"user","content":[{"text":"a"}]}],"inferenceConfig":{"maxTokens":9},)"
       R"("additionalModelRequestFields":{"thinking":{"type":"adaptive"}},"outputConfig":{"effort":"high",)"
       R"("textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\":\"object\",\"x\":\"\\\"\"}"}}}}})",
       ""},
      {"a document, and pictures by address",
       R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","title":"a_b.pdf",)"
       R"("source":{"type":"base64","media_type":"application/pdf","data":"AA=="}},)"
       R"({"type":"image","source":{"type":"url","url":"https://x/y.png"}}]}]})",
       claude,
       R"({"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"a b pdf 1","source":{"bytes":"AA=="}}},)"
       R"({"text":"."}]}],"inferenceConfig":{"maxTokens":9}})",
       "images"},
  };
  check_rows(rows, std::size(rows), read_messages);
}

TEST_CASE("converse requests: from Chat") {
  const Row rows[] = {
      {"turns of one side become one, system later on is the user's",
       R"({"model":"m","messages":[{"role":"assistant","content":"hi"},{"role":"user","content":"a"},)"
       R"({"role":"system","content":"b"},{"role":"user","content":" "}]})",
       claude,
       R"({"messages":[{"role":"user","content":[{"text":"."}]},{"role":"assistant","content":[{"text":"hi"}]},)"
       R"({"role":"user","content":[{"text":"a"},{"text":"b"}]}],"inferenceConfig":{}})",
       "empty_text"},
      {"calls of the past without tools, and odd arguments",
       R"({"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[)"
       R"({"id":"c:1","type":"function","function":{"name":"f","arguments":"[1]"}}]},)"
       R"({"role":"tool","tool_call_id":"c:1","content":""}]})",
       "mistral.mistral-large-2407-v1:0", nullptr, "tool_arguments"},
      {"choices of tools",
       R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required","parallel_tool_calls":false,)"
       R"("service_tier":"flex","seed":1,"user":"u","reasoning_effort":"minimal","messages":[{"role":"user","content":"a"}]})",
       "openai.gpt-oss-120b-1:0",
       R"({"messages":[{"role":"user","content":[{"text":"a"}]}],"inferenceConfig":{},)"
       R"("toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}],)"
       R"("toolChoice":{"any":{}}},"additionalModelRequestFields":{"reasoning_effort":"low"},"serviceTier":{"type":"flex"}})",
       "seed,user,parallel_tool_calls"},
      {"no tool, though there are some",
       R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"none","messages":[{"role":"user","content":"a"}]})",
       claude,
       R"({"messages":[{"role":"user","content":[{"text":"a"}]}],"inferenceConfig":{},)"
       R"("toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}]}})",
       "tool_choice"},
  };
  for (const Row& row : rows) {
    if (row.wanted != nullptr) {
      check_rows(&row, 1, read_chat);
      continue;
    }
    hub::Request request;
    REQUIRE(read_chat(row.body, request) == "");
    hub::Dropped dropped;
    const std::string body = as_converse(request, dropped, row.model);
    CHECK(fault_of_converse(body) == "");
    CHECK(names(dropped) == row.lost);
    CHECK(body.find(R"("input":{"value":[1]}}}])") != std::string::npos);
    CHECK(body.find(R"("toolSpec":{"name":"f")") != std::string::npos);
    const std::size_t at = body.find("toolUseId\":\"") + 12;
    CHECK(body.find('"', at) - at == 9);  // Mistral's ids
    CHECK(body.substr(at, 9) == body.substr(body.rfind("toolUseId\":\"") + 12, 9));
  }
}

}  // namespace
}  // namespace steelyard::dialect
