// What is said and reported, over real sockets.
#include "tests/unit/mock/fixture.h"

using namespace steelyard;
using namespace steelyard::mock;
using namespace steelyard::mock::test;

TEST_CASE("whole answers: a table") {
  struct Row {
    std::string why;
    const char* directive;
    const char* more;
    const char* pointer;
    const char* text;  // at the pointer; nullptr: null
    std::int64_t output;
  };
  const char* const tool =
      R"(,"tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object",
      "properties":{"q":{"type":"string"}},"required":["q"]}}}])";
  const std::string choice = std::string(tool) + R"(,"tool_choice":"required")";
  const Row rows[] = {
      {"default", "{}", "", "/choices/0/finish_reason", "stop", 16},
      {"echo", R"({"output_tokens":3})", "", "/choices/0/message/content", "You asked: hello", 3},
      {"max_tokens", "{}", R"(,"max_tokens":2)", "/choices/0/finish_reason", "length", 2},
      {"exact text", R"({"text":"a b\nc"})", "", "/choices/0/message/content", "a b\nc", 3},
      {"n", R"({"output_tokens":4})", R"(,"n":3)", "/choices/2/message/role", "assistant", 12},
      {"empty", R"({"answer":"empty"})", "", "/choices/0/message/content", "", 0},
      {"refusal", R"({"answer":"refusal","text":"no, never"})", "", "/choices/0/message/refusal",
       "no, never", 2},
      {"refusal has no content", R"({"answer":"refusal"})", "", "/choices/0/message/content",
       nullptr, 9},
      {"tool call", R"({"answer":"tool_call"})", tool,
       "/choices/0/message/tool_calls/0/function/arguments", R"({"q":"mock"})", 8 + 3},
      {"tool call: finish", R"({"answer":"tool_call"})", tool, "/choices/0/finish_reason",
       "tool_calls", 11},
      {"tool required", "{}", choice.c_str(), "/choices/0/message/tool_calls/0/function/name",
       "look", 11},
      {"unknown tool, bad arguments",
       R"({"answer":"tool_call","tool_name":"nope","tool_arguments":"{\"q\""})", tool,
       "/choices/0/message/tool_calls/0/function/arguments", R"({"q")", 8 + 1},
      {"tool call without tools is text", R"({"answer":"tool_call"})", "",
       "/choices/0/message/role", "assistant", 16},
      {"json", "{}", R"(,"response_format":{"type":"json_object"})", "/choices/0/message/content",
       R"({"answer":"mock"})", 5},
      {"invalid json", R"({"answer":"invalid_json"})",
       R"(,"response_format":{"type":"json_object"})", "/choices/0/message/content",
       R"({"mock":{"answer)", 4},
      {"finish_reason", R"({"finish_reason":"content_filter"})", "", "/choices/0/finish_reason",
       "content_filter", 16},
      {"model is echoed", "{}", "", "/model", "small", 16},
      {"object", "{}", "", "/object", "chat.completion", 16},
      {"reasoning", R"({"output_tokens":5,"reasoning_tokens":100})", "", "/model", "small", 105},
  };
  Running mock;
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const Reply reply = mock.ask(chat("small", directive(row.directive), row.more));
    REQUIRE(reply.status == 200);
    CHECK(reply.complete);
    CHECK(reply.headers.at("content-type") == "application/json");
    CHECK(reply.headers.contains("x-request-id"));
    const Json json(reply.body);
    if (row.text == nullptr) {
      CHECK(json.is_null(row.pointer));
    } else {
      CHECK(json.text(row.pointer) == row.text);
    }
    CHECK(json.number("/usage/completion_tokens") == row.output);
    CHECK(json.text("/id").starts_with("chatcmpl-"));
    CHECK(json.number("/created") > 1'700'000'000);
  }
}

TEST_CASE("usage: where and how much") {
  struct Row {
    std::string mode;
    bool asked;
    int with_usage;  // events with a usage object
    int position;    // of the first of them, from the end, [DONE] is 0; -1: none
    bool whole;      // present in whole answers
  };
  const Row rows[] = {
      {"on_request", true, 1, 1, true}, {"on_request", false, 0, -1, true},
      {"always", false, 1, 1, true},    {"every_chunk", false, 5, 5, true},
      {"none", true, 0, -1, false},     {"in_finish", true, 1, 1, true},
  };
  Running mock;
  for (const Row& row : rows) {
    CAPTURE(row.mode);
    CAPTURE(row.asked);
    const std::string content = directive(std::string(R"({"output_tokens":3,"input_tokens":100,
        "cached_tokens":40,"usage":")") + row.mode +
                                          "\"}");
    const char* const ask = row.asked ? R"(,"stream":true,"stream_options":{"include_usage":true})"
                                      : R"(,"stream":true)";
    const auto list = events(mock.ask(chat("small", content, ask)).body);
    REQUIRE(list.back() == "[DONE]");
    int found = 0, first = -1;
    for (std::size_t i = 0; i + 1 < list.size(); ++i) {
      const Json event(list[i]);
      if (!event.has("/usage/prompt_tokens")) continue;
      if (found++ == 0) first = static_cast<int>(list.size() - 1 - i);
      CHECK(event.number("/usage/prompt_tokens") == 100);
      CHECK(event.number("/usage/prompt_tokens_details/cached_tokens") == 40);
      if (first == 1) CHECK(event.number("/usage/completion_tokens") == 3);
    }
    CHECK(found == row.with_usage);
    CHECK(first == row.position);
    const Json whole(mock.ask(chat("small", content)).body);
    CHECK(whole.has("/usage/prompt_tokens") == row.whole);
  }
}

TEST_CASE("usage: prompt tokens are message bytes by four, rounded up") {
  Running mock;
  for (int size : {1, 4, 5, 8, 1000, 100'000}) {
    CAPTURE(size);
    const Json json(mock.ask(chat("small", std::string(static_cast<std::size_t>(size), 'a'))).body);
    CHECK(json.number("/usage/prompt_tokens") == (size + 3) / 4);
  }
}

TEST_CASE("stream: events as OpenAI sends them") {
  Running mock;
  const Reply reply =
      mock.ask(chat("large", directive(R"({"output_tokens":3})"), R"(,"stream":true,"n":2)"));
  CHECK(reply.headers.at("content-type") == "text/event-stream; charset=utf-8");
  CHECK(reply.headers.at("transfer-encoding") == "chunked");
  CHECK(reply.complete);
  CHECK_FALSE(reply.closed);
  const auto list = events(reply.body);
  REQUIRE(list.size() == 2 + 2 * 3 + 2 + 1);
  CHECK(Json(list[0]).text("/choices/0/delta/role") == "assistant");
  CHECK(Json(list[1]).number("/choices/0/index") == 1);
  CHECK(Json(list[2]).text("/choices/0/delta/content") == "You");
  CHECK(Json(list[2]).text("/object") == "chat.completion.chunk");
  CHECK(Json(list[2]).text("/model") == "large");
  CHECK(Json(list[2]).text("/id") == Json(list[8]).text("/id"));
  CHECK(Json(list[2]).is_null("/choices/0/finish_reason"));
  CHECK(Json(list[8]).text("/choices/0/finish_reason") == "stop");
  CHECK(Json(list[9]).number("/choices/0/index") == 1);
  CHECK(list[10] == "[DONE]");
}

TEST_CASE("line ends, comments, framings") {
  Running mock;
  const std::string stream = R"(,"stream":true)";
  const auto body = [&](const char* json) {
    const Reply reply = mock.ask(chat("small", directive(json), stream));
    CHECK(events(reply.body).back() == "[DONE]");
    return reply.body;
  };
  CHECK(body("{}").find('\r') == std::string::npos);
  const std::string crlf = body(R"({"crlf":true})");
  for (std::size_t i = crlf.find('\n'); i != std::string::npos; i = crlf.find('\n', i + 1)) {
    CHECK(crlf[i - 1] == '\r');
  }
  const std::string pinged = body(R"({"output_tokens":6,"ping_every":2})");
  std::size_t pings = 0;
  for (std::size_t at = 0; (at = pinged.find("\n: mock", at)) != std::string::npos; ++at) ++pings;
  CHECK(pings == 3);
  const Reply open = mock.ask(chat("small", directive(R"({"framing":"close"})"), stream));
  CHECK(open.closed);
  CHECK(open.complete);
  CHECK_FALSE(open.headers.contains("transfer-encoding"));
  CHECK(open.headers.at("connection") == "close");
  const Reply chunked = mock.ask(chat("small", directive(R"({"framing":"chunked"})")));
  CHECK(chunked.headers.at("transfer-encoding") == "chunked");
  CHECK(Json(chunked.body).number("/usage/completion_tokens") == 16);
  const Reply closing = mock.ask(chat("small", directive(R"({"framing":"close"})")));
  CHECK(closing.closed);
  CHECK(valid_json(closing.body));
}

TEST_CASE("connections: kept, pipelined in order, chunked requests, HTTP/1.0, expectations") {
  Running mock;
  Client client(mock.port);
  std::string many;
  for (int i = 1; i <= 20; ++i) {
    many += chat("small", directive(R"({"output_tokens":)" + std::to_string(i) + "}"),
                 i % 3 ? "" : R"(,"stream":true,"stream_options":{"include_usage":true})");
  }
  client.send(many);
  for (int i = 1; i <= 20; ++i) {
    CAPTURE(i);
    const Reply reply = client.read();
    REQUIRE(reply.complete);
    const auto list = events(reply.body);
    const Json json(i % 3 ? reply.body : list.at(list.size() - 2));
    CHECK(json.number("/usage/completion_tokens") == i);
  }
  std::string request = chat("small", "hi");
  const std::string body = request.substr(request.find("\r\n\r\n") + 4);
  const std::string head = "POST /v1/chat/completions HTTP/1.1\r\nHost: m\r\n";
  client.send(head + "Transfer-Encoding: chunked\r\n\r\n");
  char size[16];
  for (std::size_t at = 0; at < body.size(); at += 9) {
    const std::string part = body.substr(at, 9);
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    client.send(size + part + "\r\n");
  }
  client.send("0\r\n\r\n");
  CHECK(client.read().status == 200);
  client.send(head + "Expect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n");
  CHECK(client.read_some() == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(body);
  CHECK(client.read().status == 200);
  client.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  const Reply last = client.read();
  CHECK(last.status == 200);
  CHECK(client.at_end());
}

TEST_CASE("a large request and a large answer") {
  Running mock;
  const Reply reply =
      mock.ask(chat("small", directive(R"({"output_tokens":200000})", std::string(3 << 20, 'x'))));
  REQUIRE(reply.complete);
  const Json json(reply.body);
  CHECK(json.number("/usage/completion_tokens") == 200'000);
  CHECK(json.text("/choices/0/message/content").size() > 900'000);
  const Reply stream = mock.ask(chat(
      "small", directive(R"({"output_tokens":50000,"tokens_per_chunk":10})"), R"(,"stream":true)"));
  CHECK(events(stream.body).size() == 5000 + 3);
}
