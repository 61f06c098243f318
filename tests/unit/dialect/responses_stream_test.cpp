// Our own answers of OpenAI Responses, each oddity once: how streams end, what is said twice or out
// of order, what a client of this dialect is told. Then bad requests.
#include <doctest/doctest.h>

#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_errors.h"
#include "gateway/dialect/responses_encode.h"
#include "gateway/dialect/responses_events.h"
#include "gateway/dialect/responses_names.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
using hub::Wire;

std::string event(std::string_view json) {
  return "data: " + std::string(json) + "\n\n";
}

const std::string kCreated =
    event(R"({"type":"response.created","response":{"id":"resp_r","model":"m"}})");

std::string completed(std::string_view output = "[]", std::string_view more = "") {
  return event(R"({"type":"response.completed","response":{"id":"resp_r","status":"completed",)"
               R"("output":)" +
               std::string(output) + std::string(more) + "}}");
}

std::string added(int index, std::string_view item) {
  return event("{\"type\":\"response.output_item.added\",\"output_index\":" +
               std::to_string(index) + ",\"item\":" + std::string(item) + "}");
}
std::string done(int index, std::string_view item) {
  return event("{\"type\":\"response.output_item.done\",\"output_index\":" + std::to_string(index) +
               ",\"item\":" + std::string(item) + "}");
}
std::string delta(std::string_view what, int index, std::string_view text) {
  return event("{\"type\":\"response." + std::string(what) + ".delta\",\"output_index\":" +
               std::to_string(index) + ",\"delta\":\"" + std::string(text) + "\"}");
}

struct Verdict {
  bool well;
  std::string context, log;
};

Verdict judge(std::string_view stream) {
  EventLog log;
  OrderCheck order(&log);
  responses::StreamDecoder decoder;
  decoder.be_strict();
  decoder.feed(stream, order);
  const Result<void> finished = decoder.finish(order);
  CHECK(order.fault() == "");
  return {finished.has_value(), finished ? "" : finished.error().context, log.text};
}

TEST_CASE("responses: how a stream ends") {
  constexpr const char* kCut = "the provider's stream ended without response.completed";
  struct Row {
    const char* why;
    std::string stream;
    bool well;
    std::string context, log;
  };
  const Row rows[] = {
      {"empty", "", false, kCut, ""},
      {"cut", kCreated, false, kCut, "start resp_r m\n"},
      {"whole", kCreated + completed(), true, "", "start resp_r m\nstop 1\nend\n"},
      {"no blank line",
       kCreated + R"(data: {"type":"response.completed","response":{"status":"completed"}})", true,
       "", "start resp_r m\nstop 1\nend\n"},
      {"[DONE] behind it", kCreated + completed() + "data: [DONE]\n\n", true, "",
       "start resp_r m\nstop 1\nend\n"},
      {"[DONE] instead", kCreated + "data: [DONE]\n\n", false, kCut, "start resp_r m\n"},
      {"unknown events", kCreated + event(R"({"type":"response.new","x":1})") + completed(), true,
       "", "start resp_r m\nstop 1\nend\n"},
      {"a keep-alive",
       kCreated + event(R"({"type":"keepalive","sequence_number":3})") + completed(), true, "",
       "start resp_r m\nping\nstop 1\nend\n"},
      {"no start", completed(), true, "", "start resp_r\nstop 1\nend\n"},
      {"the limit",
       kCreated + event(R"({"type":"response.incomplete","response":{"status":"incomplete",)"
                        R"("incomplete_details":{"reason":"max_output_tokens"}}})"),
       true, "", "start resp_r m\nstop 3\nend\n"},
      {"a filter",
       kCreated + event(R"({"type":"response.incomplete","response":{"status":"incomplete",)"
                        R"("incomplete_details":{"reason":"content_filter"}}})"),
       true, "", "start resp_r m\nstop 6\nend\n"},
      {"failed",
       kCreated + event(R"({"type":"response.failed","response":{"status":"failed",)"
                        R"("error":{"code":"server_error","message":"It broke."}}})"),
       false, "provider answered 200 server: It broke.", "start resp_r m\nfault It broke.\n"},
      {"an error event, then failed",
       kCreated + event(R"({"type":"error","code":"rate_limit_exceeded","message":"Slow down."})") +
           event(R"({"type":"response.failed","response":{"status":"failed"}})"),
       false, "provider answered 200 rate_limited: Slow down.",
       "start resp_r m\nfault Slow down.\n"},
      {"arguments whose call has no name",
       kCreated + delta("function_call_arguments", 0, "{}") + completed(), false,
       "provider answered 200 server: the stream has arguments of a call without its name",
       "start resp_r m\nopen 0 tool_call call_0_0\ndelta 0 tool_call {}\nclose 0 tool_call\n"
       "fault the stream has arguments of a call without its name\n"},
      {"an error in Chat's way", kCreated + event(R"({"error":{"message":"No.","code":500}})"),
       false, "provider answered 200 server: No.", "start resp_r m\nfault No.\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const Verdict verdict = judge(row.stream);
    CHECK(verdict.well == row.well);
    CHECK(verdict.context == row.context);
    CHECK(verdict.log == row.log);
  }
}

TEST_CASE("responses: what is said twice, late or out of order is said once") {
  const std::string call = R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"})";
  const std::string text = R"({"type":"message","content":[{"type":"output_text","text":"ab"}]})";
  struct Row {
    const char* why;
    std::string events, log;
  };
  const std::string said = "open 0 text\ndelta 0 text a\ndelta 0 text b\nclose 0 text\n";
  const Row rows[] = {
      {"deltas and the whole",
       added(0, R"({"type":"message"})") + delta("output_text", 0, "a") +
           delta("output_text", 0, "b") + done(0, text),
       said + "stop 1\n"},
      {"the whole only", done(0, text), "open 0 text\ndelta 0 text ab\nclose 0 text\nstop 1\n"},
      {"deltas, and an end that is missing", delta("output_text", 0, "a") + done(0, text),
       said + "stop 1\n"},
      {"a delta behind the whole", done(0, text) + delta("output_text", 0, "c"),
       "open 0 text\ndelta 0 text ab\nclose 0 text\nstop 1\n"},
      {"arguments in the item only",
       added(0, R"({"type":"function_call","call_id":"c","name":"f","arguments":""})") +
           done(0, call),
       "open 0 tool_call c f\ndelta 0 tool_call {}\nclose 0 tool_call\nstop 2\n"},
      {"arguments before their name", delta("function_call_arguments", 0, "{}") + done(0, call),
       "open 0 tool_call c f\ndelta 0 tool_call {}\nclose 0 tool_call\nstop 2\n"},
      {"two calls at a time",
       added(0, R"({"type":"function_call","call_id":"c","name":"f"})") +
           added(1, R"({"type":"function_call","call_id":"d","name":"g"})") +
           delta("function_call_arguments", 1, "{") + delta("function_call_arguments", 0, "{}") +
           delta("function_call_arguments", 1, "}") +
           done(1, R"({"type":"function_call","arguments":"{}"})") +
           done(0, R"({"type":"function_call","arguments":"{}"})"),
       "open 0 tool_call c f\ndelta 0 tool_call {}\nclose 0 tool_call\nopen 1 tool_call d g\n"
       "delta 1 tool_call {\ndelta 1 tool_call }\nclose 1 tool_call\nstop 2\n"},
      {"parts of a summary",
       event(R"({"type":"response.reasoning_summary_text.delta","summary_index":0,"delta":"a"})") +
           event(
               R"({"type":"response.reasoning_summary_text.delta","summary_index":1,"delta":"b"})") +
           done(0, R"({"type":"reasoning","summary":[{"text":"a"},{"text":"b"}],)"
                   R"("encrypted_content":"E=="})"),
       "open 0 thinking\ndelta 0 thinking a\ndelta 0 thinking \\n\\n\ndelta 0 thinking b\n"
       "delta 0 thinking signature sy1.openai.E==\nclose 0 thinking\nstop 1\n"},
      {"state without words",
       done(0, R"({"type":"reasoning","summary":[],"encrypted_content":"E"})"),
       "open 0 thinking\ndelta 0 thinking signature sy1.openai.E\nclose 0 thinking\nstop 1\n"},
      {"words, then a refusal",
       done(0, R"({"type":"message","content":[{"type":"output_text","text":"a"},)"
               R"({"type":"refusal","refusal":"no"}]})"),
       "open 0 text\ndelta 0 text a\nclose 0 text\nopen 1 refusal\ndelta 1 refusal no\n"
       "close 1 refusal\nstop 1\n"},
      {"a server tool", done(0, R"({"type":"web_search_call","id":"w"})"),
       "open 0 native {\"type\":\"web_search_call\",\"id\":\"w\"}\nclose 0 native\nstop 1\n"},
      {"words of what turns out to be a server tool",
       added(0, R"({"type":"web_search_call"})") + delta("output_text", 0, "a") +
           done(0, R"({"type":"web_search_call"})"),
       "open 0 text\ndelta 0 text a\nclose 0 text\nopen 1 native "
       "{\"type\":\"web_search_call\"}\nclose 1 native\nstop 1\n"},
      {"arguments of what turns out to be a server tool",
       delta("function_call_arguments", 0, "{}") + done(0, R"({"type":"web_search_call"})"),
       "open 0 native {\"type\":\"web_search_call\"}\nclose 0 native\nstop 1\n"},
      {"state of what spoke like a message",
       added(0, R"({"type":"reasoning"})") + delta("output_text", 0, "a") +
           done(0, R"({"type":"reasoning","encrypted_content":"E"})"),
       "open 0 text\ndelta 0 text a\nclose 0 text\nopen 1 thinking\n"
       "delta 1 thinking signature sy1.openai.E\nclose 1 thinking\nstop 1\n"},
      {"free text for a custom tool",
       done(0, R"({"type":"custom_tool_call","call_id":"c","name":"f","input":"ls"})"),
       "open 0 tool_call c f\ndelta 0 tool_call ls\nclose 0 tool_call\nstop 2\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const Verdict verdict = judge(kCreated + row.events + completed());
    CHECK(verdict.well);
    CHECK(verdict.log == "start resp_r m\n" + row.log + "end\n");
  }
  CAPTURE("items in the last event only");
  CHECK(judge(kCreated + completed("[" + text + "," + call + "]")).log ==
        "start resp_r m\nopen 0 text\ndelta 0 text ab\nclose 0 text\nopen 1 tool_call c f\n"
        "delta 1 tool_call {}\nclose 1 tool_call\nstop 2\nend\n");
}

// One chat answer with a call, as a client with custom tools and namespaces gets it.
TEST_CASE("responses: custom tools and namespaces come back as they were declared") {
  const std::string request =
      R"({"model":"m","input":[{"type":"additional_tools","tools":[{"type":"namespace",)"
      R"("name":"ns","tools":[{"type":"custom","name":"exec"},{"type":"function","name":"fn"}]}]}],)"
      R"("tools":[{"type":"custom","name":"patch"},{"type":"function","name":"plain"}]})";
  struct Row {
    const char *name, *arguments, *item;
  };
  const Row rows[] = {
      {"ns__exec", R"({\"input\":\"a \\\"b\\\"\\n\"})",
       R"("type":"custom_tool_call","status":"completed","call_id":"c","name":"exec",)"
       R"("namespace":"ns","input":"a \"b\"\n")"},
      {"ns__fn", R"({\"x\":1})",
       R"("type":"function_call","status":"completed","call_id":"c","name":"fn",)"
       R"("namespace":"ns","arguments":"{\"x\":1}")"},
      {"patch", R"(no JSON)",
       R"("type":"custom_tool_call","status":"completed","call_id":"c","name":"patch",)"
       R"("input":"no JSON")"},
      {"plain", "",
       R"("type":"function_call","status":"completed","call_id":"c","name":"plain",)"
       R"("arguments":"{}")"},
      {"unheard_of", "{}", R"("name":"unheard_of","arguments":"{}")"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const std::string answer =
        R"({"id":"chatcmpl-1","model":"x","choices":[{"index":0,"message":{"tool_calls":[{"id":)"
        R"("c","type":"function","function":{"name":")" +
        std::string(row.name) + R"(","arguments":")" + row.arguments +
        R"("}}]},"finish_reason":"tool_calls"}]})";
    hub::BridgeOptions options;
    options.client = Wire::openai_responses;
    options.provider = Wire::openai_chat;
    options.client_body = request;
    hub::WholeBridge bridge;
    REQUIRE(bridge.read(answer, options));
    CHECK(std::string(bridge.client_body()).find(row.item) != std::string::npos);
  }
}

TEST_CASE("responses: tools that come with the input are counted") {
  const std::string body =
      R"({"model":"m","input":[{"type":"additional_tools","tools":[{"type":"function","name":)"
      R"("f"}]},{"role":"user","content":"x"}],"tools":[]})";
  hub::Request request;
  REQUIRE(read_responses(body, request) == "");
  CHECK(request.tools.size() == 1);
  CHECK(request.tools_raw.of(body) == R"([{"type":"function","name":"f"}])");
}

TEST_CASE("responses: names of a namespace stay short and apart") {
  const std::string space(40, 's');
  std::string one, two, plain;
  responses::append_flat_name(one, space, std::string(40, 'a'));
  responses::append_flat_name(two, space, std::string(39, 'a') + "b");
  responses::append_flat_name(plain, "", std::string(80, 'a'));
  CHECK(one.size() == 64);
  CHECK(two.size() == 64);
  CHECK(one != two);
  CHECK(plain == std::string(80, 'a'));
}

TEST_CASE("responses: a failure of the gateway's goes on with the numbers of the stream") {
  std::string out;
  const Error error(ErrorKind::upstream_protocol, ErrorSource::upstream, Retry::never,
                    "It \"broke\"");
  hub::write_sse_error(out, Wire::openai_responses, error, {}, {7, "resp_r"});
  CHECK(out.starts_with("event: error\ndata: {\"type\":\"error\",\"sequence_number\":7,"));
  CHECK(out.find("\"message\":\"It \\\"broke\\\"\"") != std::string::npos);
  CHECK(out.find(R"("type":"response.failed","sequence_number":8,"response":{"id":"resp_r")") !=
        std::string::npos);
  CHECK(out.ends_with("}}\n\n"));
  EventLog log;
  responses::StreamDecoder decoder;
  decoder.feed(kCreated + out, log);
  CHECK(!decoder.finish(log).has_value());
}

TEST_CASE("responses: bad requests are refused with a pointer to the fault") {
  struct Row {
    const char *body, *why;
  };
  const Row rows[] = {
      {"[]", "the request body must be a JSON object"},
      {R"({"input":"x"})", "`/model` is missing"},
      {R"({"model":"m"})", "`/input` is missing"},
      {R"({"model":"m","input":7})", "`/input` must be a string or an array of items"},
      {R"({"model":"m","input":["x"]})", "`/input/0` must be an object"},
      {R"({"model":"m","input":[{}]})", "`/input/0/type` must be a string that is not empty"},
      {R"({"model":"m","input":[{"role":"tool","content":"x"}]})",
       "`/input/0/role` must be \"user\", \"assistant\", \"system\" or \"developer\""},
      {R"({"model":"m","input":[{"role":"user","content":[{"type":"input_text"}]}]})",
       "`/input/0/content/0/text` must be a string"},
      {R"({"model":"m","input":[{"role":"user","content":[{"type":"input_image"}]}]})",
       "`/input/0/content/0/image_url` must be a URL or a data URL"},
      {R"({"model":"m","input":[{"type":"function_call","call_id":"c","name":"f","arguments":{}}]})",
       "`/input/0/arguments` must be a string"},
      {R"({"model":"m","input":[{"type":"function_call_output","output":"x"}]})",
       "`/input/0/call_id` must be a string that is not empty"},
      {R"({"model":"m","input":"x","tools":[{"type":"function"}]})",
       "`/tools/0/name` must be a string that is not empty"},
      {R"({"model":"m","input":"x","tools":[{"type":"namespace","name":"a","tools":[{"type":)"
       R"("function","name":"f"},{"type":"function","name":"f"}]}]})",
       "`/tools/0/tools/1` has the name of another tool once its namespace is before it"},
      {R"({"model":"m","input":"x","max_output_tokens":0})",
       "`/max_output_tokens` must be from 1 to 2147483648"},
      {R"({"model":"m","input":"x","background":true})",
       "`/background` must be false: answers are not kept here"},
      {R"({"model":"m","input":"x","model":"n"})", "`/model` is given twice"},
      {R"({"model":"m","input":"x"} x)", "the request body goes on after its end"},
  };
  hub::Request request;
  for (const Row& row : rows) {
    CAPTURE(row.body);
    CHECK(read_responses(row.body, request) == row.why);
  }
}

}  // namespace
}  // namespace steelyard::dialect
