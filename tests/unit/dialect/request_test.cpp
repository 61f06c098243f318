#include <doctest/doctest.h>
#include <simdjson.h>

#include <string>

#include "config/types/limits.h"
#include "gateway/dialect/openai_request.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using openai::RequestParser;

const std::string kHello = R"({"role":"user","content":"hi"})";

std::string body_with(const std::string& members) {
  return R"({"model":"gpt-x","messages":[)" + kHello + "]" +
         (members.empty() ? "" : "," + members) + "}";
}
std::string body_with_message(const std::string& message) {
  return R"({"model":"gpt-x","messages":[)" + message + "]}";
}

// "" if accepted.
std::string refusal(std::string_view body) {
  static RequestParser parser;
  ChatRequest request;
  const Result<void> done = parser.parse(body, request);
  if (done) return "";
  CHECK(done.error().kind == ErrorKind::bad_request);
  CHECK(done.error().source == ErrorSource::client);
  return done.error().context;
}

TEST_CASE("request: what is refused, and how it is said") {
  struct Row {
    std::string body;
    const char* says;
  };
  const Row rows[] = {
      {"", "the request body is not valid JSON: it is empty"},
      {"[]", "the request body must be a JSON object"},
      {"\xef\xbb\xbf" + body_with(""),
       "the request body is not valid JSON: it begins with a byte order mark"},
      {body_with("") + "{}", "the request body goes on after its end"},
      {body_with("\"x\":[1,]"),
       "the request body is not valid JSON: a value is malformed at byte 68"},
      {"{\"model\":\"m\"",
       "the request body is not valid JSON: the structure is broken at byte 12"},
      {body_with("\"x\":\"\xff\""),
       "the request body is not valid JSON: it is not UTF-8 at byte 65"},
      {R"({"messages":[{"role":"user"}]})", "`/model` is missing"},
      {R"({"model":"m"})", "`/messages` is missing"},
      {R"({"model":"m","messages":[]})", "`/messages` must not be empty"},
      {R"({"model":"m","messages":null})", "`/messages` must be an array"},
      {R"({"model":null,"messages":[]})", "`/model` must be a string"},
      {R"({"model":"m","messages":["x"]})", "`/messages/0` must be an object"},
      {R"({"model":"m","messages":[{"role":"user"},3]})", "`/messages/1` must be an object"},
      {R"({"model":"m","messages":[{}]})", "`/messages/0/role` is missing"},
      {R"({"model":"m","messages":[{"role":1}]})", "`/messages/0/role` must be a string"},
      {body_with_message(R"({"role":"user","content":3})"),
       "`/messages/0/content` must be a string, an array or null"},
      {body_with_message(R"({"role":"user","content":[{"type":"text","text":5}]})"),
       "`/messages/0/content/0/text` must be a string or null"},
      {body_with_message(R"({"role":"user","content":[{"type":"text"},"x"]})"),
       "`/messages/0/content/1` must be an object"},
      {body_with_message(R"({"role":"user","content":[{"type":"image_url","image_url":7}]})"),
       "`/messages/0/content/0/image_url` must be an object, a string or null"},
      {body_with_message(R"({"role":"assistant","tool_calls":{}})"),
       "`/messages/0/tool_calls` must be an array or null"},
      {body_with_message(R"({"role":"assistant","tool_calls":[1]})"),
       "`/messages/0/tool_calls/0` must be an object"},
      {body_with("\"stream\":1"), "`/stream` must be true, false or null"},
      {body_with("\"stream_options\":true"), "`/stream_options` must be an object or null"},
      {body_with(R"("stream_options":{"include_usage":"yes"})"),
       "`/stream_options/include_usage` must be true, false or null"},
      {body_with("\"max_tokens\":1.0"), "`/max_tokens` must be an integer"},
      {body_with("\"max_tokens\":1e3"), "`/max_tokens` must be an integer"},
      {body_with("\"max_tokens\":\"5\""), "`/max_tokens` must be an integer"},
      {body_with("\"max_tokens\":0"), "`/max_tokens` must be from 1 to 2147483648"},
      {body_with("\"max_tokens\":-1"), "`/max_tokens` must be from 1 to 2147483648"},
      {body_with("\"max_tokens\":2147483649"), "`/max_tokens` must be from 1 to 2147483648"},
      {body_with("\"max_completion_tokens\":99999999999999999999"),
       "`/max_completion_tokens` must be from 1 to 2147483648"},
      {body_with("\"n\":129"), "`/n` must be from 1 to 128"},
      {body_with("\"n\":true"), "`/n` must be an integer"},
      {body_with("\"tools\":{}"), "`/tools` must be an array or null"},
      {body_with("\"tools\":[{},1]"), "`/tools/1` must be an object"},
      {body_with("\"tool_choice\":1"), "`/tool_choice` must be a string, an object or null"},
      {body_with("\"response_format\":\"json\""), "`/response_format` must be an object or null"},
      {body_with(R"("response_format":{"type":1})"),
       "`/response_format/type` must be a string or null"},
      {body_with("\"user\":1"), "`/user` must be a string or null"},
      {body_with("\"metadata\":[]"), "`/metadata` must be an object or null"},
      {body_with("\"model\":\"b\""), "`/model` is given twice"},
      {body_with("\"messages\":[]"), "`/messages` is given twice"},
      {body_with("\"mo\\u0064el\":\"b\""), "`/model` must be spelled without escapes"},
      {body_with("\"max\\u005ftokens\":1"), "`/max_tokens` must be spelled without escapes"},
      {body_with("\"temperature\":1,\"temperature\":2"), "`/temperature` is given twice"},
      {body_with(R"("stream_options":{"include_usage":true,"include_usage":false})"),
       "`/stream_options/include_usage` is given twice"},
      {body_with_message(R"({"role":"user","content":"a","content":"b"})"),
       "`/messages/0/content` is given twice"},
      {body_with_message(R"({"role":"user","cont\u0065nt":"b"})"),
       "`/messages/0/content` must be spelled without escapes"},
      {body_with_message(R"({"role":"user","content":[{"text":"a","text":"b"}]})"),
       "`/messages/0/content/0/text` is given twice"},
      {body_with_message(R"({"role":"user","content":[{"image_url":{"url":"a","url":"b"}}]})"),
       "`/messages/0/content/0/image_url/url` is given twice"},
      {body_with_message(
           R"({"role":"assistant","tool_calls":[{"function":{"name":"a","name":"b"}}]})"),
       "`/messages/0/tool_calls/0/function/name` is given twice"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    CHECK(refusal(row.body) == row.says);
  }
}

TEST_CASE("request: model names") {
  const std::string long_name(limits::model_name_bytes_max, 'a');
  const auto with = [](const std::string& model) {
    return "{\"messages\":[" + kHello + "],\"model\":\"" + model + "\"}";
  };
  for (const std::string& good :
       {std::string("gpt-x"), std::string("openai/gpt-5.2:free"), std::string("tier:standard"),
        std::string("9b"), long_name, std::string("a@b+c_d"), std::string(R"(a\/b)")}) {
    CAPTURE(good);
    CHECK(refusal(with(good)) == "");
  }
  for (const std::string& bad :
       {std::string(), std::string("-x"), std::string("@cf/x"), long_name + "a", std::string("a b"),
        std::string(R"(a\r\nb)"), std::string(R"(a\u0000)"), std::string("\xc3\xa9"),
        std::string(R"(a\"b)"), std::string("a?b"), std::string(200, 'b') + R"(\/)"}) {
    CAPTURE(bad);
    CHECK(refusal(with(bad)).starts_with("`/model` must be a model name"));
  }
}

TEST_CASE("request: arrays are capped") {
  std::string many = R"({"model":"m","messages":[)";
  for (int i = 0; i < 16'385; ++i) many += (i > 0 ? "," : "") + kHello;
  CHECK(refusal(many + "]}") == "`/messages/16384` is one message too many");
  std::string parts = R"({"role":"user","content":[)";
  for (int i = 0; i < 4'097; ++i) parts += std::string(i > 0 ? "," : "") + R"({"image_url":"x"})";
  CHECK(refusal(body_with_message(parts + "]}")) ==
        "`/messages/0/content/4096/image_url` is one attachment too many");
}

TEST_CASE("request: unknown fields and their duplicates pass, case variants are unknown") {
  CHECK(
      refusal(body_with(
          R"("Model":"x","zzz":{"a":1,"a":2},"zzz":3,"x\u0079":null,"provider":{"order":["a"]})")) ==
      "");
}

TEST_CASE("request: nesting deeper than the limit is refused") {
  const auto nested = [](int depth) {
    return body_with("\"x\":" + std::string(depth, '[') + std::string(depth, ']'));
  };
  CHECK(refusal(nested(limits::json_depth_max - 1)) == "");
  CHECK(refusal(nested(limits::json_depth_max)).find("nested too deeply") != std::string::npos);
}

TEST_CASE("request: fields and ranges of a full request") {
  const std::string body =
      R"( {"model": "openai\/gpt-x" ,"stream":true,"stream_options": {"include_obfuscation":false} ,
    "max_tokens" : 77,"max_completion_tokens":null,"n":2,"tools":[{"type":"function","function":{"name":"f"}}],
    "tool_choice":"required","response_format":{"type":"json_schema","json_schema":{}},"reasoning_effort":"low",
    "user":"u1","prompt_cache_key":"pk","service_tier":"flex","metadata":{"a":"b"},"temperature":0.5,"top_p":null,
    "messages":[{"role":"system","content":"S","name":"nm"},
      {"content":[{"type":"text","text":"T\n"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA","detail":"low"}},
        {"type":"input_audio","input_audio":{"data":"QQ","format":"wav"}},{"type":"file","file":{"file_id":"f1"}}],"role":"user"},
      {"role":"assistant","content":null,"reasoning_content":"R","tool_calls":[{"id":"c","type":"function",
        "function":{"name":"f","arguments":"{\"x\":1}"}}]},
      {"role":"tool","tool_call_id":"c","content":"ok"}]} )";
  RequestParser parser;
  ChatRequest r;
  REQUIRE(parser.parse(body, r));
  CHECK(r.model == "openai/gpt-x");
  CHECK(r.model_token.of(body) == R"("openai\/gpt-x")");
  CHECK(r.stream);
  CHECK_FALSE(r.include_usage);
  CHECK(r.stream_options.of(body) == R"({"include_obfuscation":false})");
  CHECK(r.include_usage_value.empty());
  CHECK_FALSE(r.stream_options_empty);
  CHECK(r.max_tokens.tokens == 77);
  CHECK(r.max_tokens.key.of(body) == "\"max_tokens\"");
  CHECK(r.max_tokens.value.of(body) == "77");
  CHECK(r.max_completion_tokens.tokens == 0);
  CHECK(r.max_completion_tokens.value.of(body) == "null");
  CHECK(r.output_tokens_max() == 77);
  CHECK(r.choices == 2);
  CHECK(r.tools.of(body) == R"([{"type":"function","function":{"name":"f"}}])");
  CHECK(r.tool_count == 1);
  CHECK(r.tool_choice == ToolChoice::required);
  CHECK(r.response_format == ResponseFormat::json_schema);
  CHECK(r.response_format_value.of(body) == R"({"type":"json_schema","json_schema":{}})");
  CHECK(r.metadata.of(body) == R"({"a":"b"})");
  CHECK(r.reasoning_effort == "low");
  CHECK(r.service_tier == "flex");
  CHECK(r.user == "u1");
  CHECK(r.prompt_cache_key == "pk");
  CHECK(r.fields.has(Field::temperature));
  CHECK_FALSE(r.fields.has(Field::top_p));
  CHECK_FALSE(r.fields.has(Field::max_completion_tokens));
  REQUIRE(r.messages.size() == 4);
  CHECK(r.messages[3].raw.of(body) == R"({"role":"tool","tool_call_id":"c","content":"ok"})");
  CHECK(r.messages[1].role == Role::user);
  CHECK(r.last_role == Role::tool);
  CHECK(r.tool_loop());
  CHECK(r.has_tool_results);
  CHECK(r.has_images);
  std::string texts;
  for (const TextSlice& t : r.texts) {
    texts += std::to_string(t.message) + "/" + std::to_string(static_cast<int>(t.kind)) + ":" +
             std::string(t.raw) + " ";
  }
  CHECK(texts == "0/0:S 0/1:nm 1/0:T\\n 2/4:R 2/2:f 2/3:{\\\"x\\\":1} 3/0:ok ");
  REQUIRE(r.media.size() == 3);
  CHECK(r.media[0].detail == ImageDetail::low);
  CHECK(r.media[0].source == MediaSource::data_url);
  CHECK(r.media[1].source == MediaSource::inline_data);
  CHECK(r.media[2].source == MediaSource::file_id);
  CHECK(r.media[2].message == 1);
}

// An independent count of the text a request carries.
std::size_t text_bytes(simdjson::dom::element e) {
  std::string_view text;
  if (e.get(text) == simdjson::SUCCESS) return text.size();
  std::size_t total = 0;
  simdjson::dom::array list;
  if (e.get(list) != simdjson::SUCCESS) return 0;
  for (const simdjson::dom::element part : list) {
    if (part["text"].get(text) == simdjson::SUCCESS) total += text.size();
  }
  return total;
}

TEST_CASE("request: the plain message and those that almost are one") {
  struct Row {
    const char* message;
    const char* refused;  // "": read as role user, content a
  };
  const Row rows[] = {
      {R"({"role":"user","content":"a"})", ""},
      {R"( { "role" : "user" , "content" : "a" } )", ""},
      {R"({"content":"a","role":"user"})", ""},
      {R"({"role":"user","content":"a","x":{}})", ""},
      {R"({"role":"user","contents":"b","content":"a"})", ""},
      {R"({"roles":"b","content":"a","role":"user"})", ""},
      {R"({"role":"user","content":[{"text":"a"}]})", ""},
      {R"({"role":"user","role":"tool"})", "`/messages/0/role` is given twice"},
      {R"({"role":"user","\u0063ontent":"a"})",
       "`/messages/0/content` must be spelled without escapes"},
      {R"({"role":"user","content":"a")", "the request body is not valid JSON"},
      {R"({"role":"user","content":"\q"})", "the request body is not valid JSON"},
      {R"({"role":"\ud800","content":"a"})", "the request body is not valid JSON"},
      {R"({"role":"user","content":"a"]})", "the request body is not valid JSON"},
      {R"({"role":"user","content":"a",})", "the request body is not valid JSON"},
  };
  RequestParser parser;
  for (const Row& row : rows) {
    CAPTURE(row.message);
    const std::string body = body_with_message(row.message);
    const std::string expected = row.refused;
    CHECK(refusal(body).substr(0, expected.size()) == expected);
    ChatRequest r;
    if (!expected.empty()) continue;
    REQUIRE(parser.parse(body, r));
    CHECK(r.last_role == Role::user);
    REQUIRE(r.texts.size() == 1);
    CHECK(r.texts[0].raw == "a");
    CHECK(r.messages[0].text_count == 1);
    const std::string_view raw = r.messages[0].raw.of(body);
    CHECK(raw.front() == '{');
    CHECK(raw.back() == '}');
  }
}

TEST_CASE("request: recorded requests are read as the DOM reads them") {
  RequestParser parser;
  simdjson::dom::parser dom;
  int read = 0;
  for (const auto& exchange : testing::recorded_chat()) {
    if (exchange.request.empty()) continue;
    CAPTURE(exchange.id);
    const simdjson::dom::element doc = dom.parse(exchange.request);
    std::string_view model;
    const bool named =
        doc["model"].get(model) == simdjson::SUCCESS && openai::is_model_token(model);
    ChatRequest r;
    const Result<void> done = parser.parse(exchange.request, r);
    CHECK(done.has_value() ==
          named);  // Azure names the model in the path; Cloudflare's begin with @
    if (!done) continue;
    ++read;
    CHECK(r.model == model);
    std::size_t expected = 0, index = 0;
    for (const simdjson::dom::element message : doc["messages"]) {
      simdjson::dom::element content;
      if (message["content"].get(content) == simdjson::SUCCESS) expected += text_bytes(content);
      CHECK(std::string_view(message["role"]) == name_of(r.messages[index++].role));
    }
    CHECK(index == r.messages.size());
    std::string all;
    for (const TextSlice& t : r.texts) {
      if (t.kind == TextKind::content) all += "\"" + std::string(t.raw) + "\",";
    }
    std::size_t found = 0;
    for (const simdjson::dom::element t : dom.parse("[" + all + "0]")) found += text_bytes(t);
    CHECK(found == expected);
  }
  if (!testing::recorded_chat().empty()) CHECK(read > 2000);
}

TEST_CASE("request: goldens") {
  RequestParser parser;
  testing::each_golden("request_", [&](const std::string& folder) {
    const std::string body = testing::read_file(folder + "/request.json");
    ChatRequest request;
    REQUIRE(parser.parse(body, request));
    testing::check_golden(folder, "facts.json", testing::to_json(request));
  });
}

}  // namespace
}  // namespace steelyard::dialect
