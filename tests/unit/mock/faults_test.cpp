// How it fails, and what is billed then.
#include "tests/unit/mock/fixture.h"

using namespace steelyard;
using namespace steelyard::mock;
using namespace steelyard::mock::test;
using std::chrono::milliseconds;

namespace {
const std::string kStream = R"(,"stream":true,"stream_options":{"include_usage":true})";
}

TEST_CASE("error statuses: bodies, codes and headers") {
  struct Row {
    int status;
    const char* type;
    const char* code;  // "": null
  };
  const Row rows[] = {
      {400, "invalid_request_error", "context_length_exceeded"},
      {401, "invalid_request_error", "invalid_api_key"},
      {404, "invalid_request_error", "model_not_found"},
      {418, "invalid_request_error", ""},
      {429, "requests", "rate_limit_exceeded"},
      {500, "server_error", ""},
      {503, "server_error", "service_unavailable"},
      {529, "overloaded_error", "overloaded"},
      {599, "server_error", ""},
  };
  Running mock;
  for (const Row& row : rows) {
    for (const char* stream : {"", R"(,"stream":true)"}) {
      CAPTURE(row.status);
      const std::string status = std::to_string(row.status);
      const Reply reply = mock.ask(chat("small", directive("{\"status\":" + status + "}"), stream));
      CHECK(reply.status == row.status);
      CHECK(reply.complete);
      const Json json(reply.body);
      CHECK(json.text("/error/type") == row.type);
      CHECK(json.text("/error/code") == row.code);
      CHECK_FALSE(json.text("/error/message").empty());
      CHECK(reply.headers.contains("x-ratelimit-remaining-requests") == (row.status == 429));
    }
  }
  const Reply custom = mock.ask(chat("small", directive(R"({"status":429,"retry_after":7,
      "retry_after_ms":6500,"error_code":"insufficient_quota","error_type":"t",
      "error_message":"say \"no\"","headers":{"x-more":"yes"}})")));
  CHECK(custom.headers.at("retry-after") == "7");
  CHECK(custom.headers.at("retry-after-ms") == "6500");
  CHECK(custom.headers.at("x-ratelimit-remaining-requests") == "0");
  CHECK(custom.headers.at("x-more") == "yes");
  CHECK(Json(custom.body).text("/error/code") == "insufficient_quota");
  CHECK(Json(custom.body).text("/error/message") == "say \"no\"");
  const Reply plenty = mock.ask(chat("small", directive(R"({"rate_limit_headers":true})")));
  CHECK(plenty.headers.at("x-ratelimit-remaining-requests") == "9999");
  CHECK(mock.server.bill().total.requests == 1);
  CHECK(mock.server.bill().models.at("small").errors == 19);
}

TEST_CASE("context limit") {
  Running mock(priced(), R"({"context_limit":10})");
  CHECK(mock.ask(chat("small", std::string(40, 'a'))).status == 200);
  const Reply reply = mock.ask(chat("small", std::string(41, 'a')));
  CHECK(reply.status == 400);
  CHECK(Json(reply.body).text("/error/code") == "context_length_exceeded");
}

TEST_CASE("faults of streams: what arrives and what is billed") {
  struct Row {
    std::string fault;
    int after;
    int content;    // content chunks that arrive
    bool done;      // [DONE] arrives
    bool complete;  // the framing ends
    bool closed;
    std::int64_t billed;  // output tokens; -1: nothing is billed
    const char* end;
  };
  const Row rows[] = {
      {"none", 0, 5, true, true, false, 5, "completed"},
      {"close_before_head", 0, 0, false, false, true, -1, ""},
      {"close_after_head", 0, 0, false, false, true, 0, "cut"},
      {"cut", 0, 0, false, false, true, 0, "cut"},
      {"cut", 2, 2, false, false, true, 2, "cut"},
      {"reset", 2, 2, false, false, true, 2, "cut"},
      {"drip", 0, 5, true, true, false, 5, "completed"},
      {"garbage", 0, 0, false, false, true, -1, ""},
      {"error_event", 2, 2, false, true, false, 2, "cut"},
      {"error_event", 9, 5, false, true, false, 5, "cut"},
      {"no_finish", 0, 5, true, true, false, 5, "completed"},
      {"no_done", 0, 5, false, true, false, 5, "completed"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.fault);
    CAPTURE(row.after);
    Running mock;
    const std::string json = std::string(R"({"output_tokens":5,"drip_ms":0.001,"fault":")") +
                             row.fault + R"(","after_chunks":)" + std::to_string(row.after) + "}";
    Client client(mock.port);
    client.send(chat("large", directive(json), kStream));
    const Reply reply = client.read();
    int content = 0;
    bool done = false, finish = false, error = false;
    for (const std::string& event : events(reply.body)) {
      done = event == "[DONE]";
      if (done) break;
      const Json chunk(event);
      content += !chunk.text("/choices/0/delta/content").empty();
      finish = finish || !chunk.text("/choices/0/finish_reason").empty();
      error = error || chunk.has("/error/message");
    }
    CHECK(content == row.content);
    CHECK(done == row.done);
    CHECK(reply.complete == row.complete);
    CHECK((reply.closed || (row.closed && client.at_end())) == row.closed);
    CHECK(reply.reset == (row.fault == "reset"));
    CHECK(error == (row.fault == "error_event"));
    if (row.done) CHECK(finish == (row.fault != "no_finish"));
    if (row.fault == "garbage") CHECK(reply.raw.starts_with("\x15\x03\x01"));
    if (row.billed < 0) {
      CHECK(mock.server.bill().total.requests == 0);
      CHECK(mock.server.bill().total.errors == 1);
      continue;
    }
    const Charge charge = mock.charge(1);
    CHECK(charge.output_tokens == row.billed);
    CHECK(std::string(name_of(charge.end)) == row.end);
    CHECK(charge.cost.v == charge.input_tokens * 2500 + charge.output_tokens * 10'000);
  }
}

TEST_CASE("faults of whole answers") {
  struct Row {
    std::string fault;
    int status;
    bool complete;
    bool closed;
    bool valid;
  };
  const Row rows[] = {
      {"close_before_head", 0, false, true, false},
      {"close_after_head", 200, false, true, false},
      {"cut", 200, false, true, false},
      {"reset", 200, false, true, false},
      {"garbage", 0, false, true, false},
      {"bad_body", 200, true, false, false},
      {"error_event", 200, true, false, true},
      {"no_finish", 200, true, false, true},
      {"drip", 200, true, false, true},
  };
  Running mock;
  for (const Row& row : rows) {
    CAPTURE(row.fault);
    const std::string json = std::string(R"({"drip_ms":0.001,"fault":")") + row.fault + "\"}";
    Client client(mock.port);
    client.send(chat("small", directive(json)));
    const Reply reply = client.read();
    CHECK(reply.status == row.status);
    CHECK(reply.complete == row.complete);
    CHECK((reply.closed || (row.closed && client.at_end())) == row.closed);
    if (row.complete) CHECK(valid_json(reply.body) == row.valid);
    if (row.fault == "error_event") CHECK(Json(reply.body).has("/error/type"));
    if (row.fault == "no_finish") {
      CHECK(Json(reply.body).is_null("/choices/0/finish_reason"));
    }
  }
}

TEST_CASE("hang and stall: nothing more comes, and the client's leaving is noticed") {
  Running mock;
  {
    Client client(mock.port);
    client.send(chat("small", directive(R"({"fault":"hang"})")));
    CHECK(client.read_some(milliseconds(100)).empty());
  }
  Client client(mock.port);
  client.send(chat("small", directive(R"({"fault":"stall","after_chunks":2})"), kStream));
  const Reply reply = client.read(milliseconds(100));
  CHECK(reply.status == 200);
  CHECK_FALSE(reply.closed);
  CHECK(events(reply.body).size() == 3);
  CHECK(mock.server.bill().total.requests == 0);
  client.close();
  const Charge charge = mock.charge(1);
  CHECK(charge.end == End::aborted);
  CHECK(charge.output_tokens == 2);
}

TEST_CASE("huge line and broken event") {
  Running mock;
  const Reply huge = mock.ask(
      chat("small", directive(R"({"fault":"huge_line","huge_line_bytes":3000000})"), kStream));
  CHECK(huge.complete);
  std::size_t longest = 0;
  for (const std::string& event : events(huge.body)) longest = std::max(longest, event.size());
  CHECK(longest > 3'000'000);
  const Reply bad =
      mock.ask(chat("small", directive(R"({"fault":"bad_body","output_tokens":3})"), kStream));
  int broken = 0;
  for (const std::string& event : events(bad.body))
    broken += event != "[DONE]" && !valid_json(event);
  CHECK(broken == 3);
}

TEST_CASE("who fails: counted per model, or by name") {
  Running mock(priced(), R"({"status":500,"fail_first":2,"models":{"large":{"fail_first":1}}})");
  const auto statuses = [&mock](const char* model, std::string_view text) {
    std::string got;
    for (int i = 0; i < 4; ++i) {
      got += mock.ask(chat(model, text)).status == 200 ? '.' : 'x';
    }
    return got;
  };
  CHECK(statuses("small", "hi") == "xx..");
  CHECK(statuses("large", "hi") == "x...");
  CHECK(statuses("unlisted", "hi") == "xx..");
  CHECK(statuses("small", directive(R"({"counter":"a","fail_first":3})")) == "xxx.");
  CHECK(statuses("large", directive(R"({"counter":"b","fail_every":2,"fail_first":0})")) == ".x.x");
  REQUIRE(mock.server.set_behaviour(R"({"fail_first":1})").has_value());
  CHECK(statuses("small", "hi") == "x...");
}

TEST_CASE("bad requests") {
  struct Row {
    std::string why;
    std::string bytes;
    int status;
    bool closed;
  };
  const Row rows[] = {
      {"not JSON", post("/v1/chat/completions", "hello"), 400, false},
      {"bad directive", chat("small", directive(R"({"latncy_ms":5})")), 400, false},
      {"no such path", post("/v1/nothing", "{}"), 404, false},
      {"wrong method", get("/v1/chat/completions"), 404, false},
      {"not HTTP", "hello\r\n\r\n", 400, true},
      {"both framings",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
       true},
      {"huge head", "GET / HTTP/1.1\r\nA: " + std::string(70'000, 'a'), 431, true},
      {"close asked", "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, true},
  };
  Running mock;
  for (const Row& row : rows) {
    CAPTURE(row.why);
    Client client(mock.port);
    client.send(row.bytes);
    const Reply reply = client.read();
    CHECK(reply.status == row.status);
    if (row.closed) {
      CHECK(client.at_end());
    } else {
      client.send(get("/healthz"));
      CHECK(client.read().status == 200);
    }
  }
  CHECK(mock.server.bill().total.cost.v == 0);
}
