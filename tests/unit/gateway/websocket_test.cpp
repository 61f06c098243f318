#include <doctest/doctest.h>

#include <string>

#include "gateway/dialect/responses_socket.h"
#include "gateway/net/websocket.h"

using namespace steelyard;
using dialect::responses::WebSocketTurns;
using net::WebSocketReader;

namespace {

// As a client sends it.
std::string masked(unsigned first_byte, std::string_view payload) {
  std::string frame;
  frame += static_cast<char>(first_byte);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  }
  const std::string mask = "\x37\xfa\x21\x3d";
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

WebSocketReader::Event last_event(std::string in, std::string& payload, std::size_t limit = 1000) {
  WebSocketReader reader(limit);
  return reader.next(in, payload);
}

std::string body_of(WebSocketTurns& turns, std::string_view message) {
  std::string out;
  REQUIRE(turns.take(message, out) == WebSocketTurns::Step::post);
  return out;
}

}  // namespace

TEST_CASE("websocket: the accept value of RFC 6455 1.3") {
  CHECK(net::websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("websocket: frames of RFC 6455 5.7, whole, in fragments, at any cut") {
  std::string payload;
  CHECK(last_event("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", payload) ==
        WebSocketReader::Event::message);
  CHECK(payload == "Hello");
  const std::string long_text(300, 'x');
  const std::string stream = masked(0x01, "Hel") + masked(0x89, "still there?") +
                             masked(0x80, "lo") + masked(0x81, long_text) + masked(0x88, "");
  for (std::size_t step : {std::size_t{1}, std::size_t{7}, stream.size()}) {
    WebSocketReader reader(1000);
    std::string in, said;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      in += stream.substr(at, step);
      for (WebSocketReader::Event event;
           (event = reader.next(in, payload)) != WebSocketReader::Event::need_more;) {
        said += event == WebSocketReader::Event::ping      ? "ping "
                : event == WebSocketReader::Event::message ? "message "
                                                           : "close ";
        if (event == WebSocketReader::Event::close) break;
        said += payload.substr(0, 5) + " ";
      }
    }
    CHECK(said == "ping still message Hello message xxxxx close ");
  }
}

TEST_CASE("websocket: what clients must not send") {
  struct Row {
    std::string bytes;
    std::uint16_t code;
  };
  const std::string unmasked("\x81\x05Hello", 7);
  for (const Row& row :
       {Row{unmasked, 1002}, Row{masked(0xc1, "x"), 1002}, Row{masked(0x82, "x"), 1003},
        Row{masked(0x80, "x"), 1002}, Row{masked(0x83, "x"), 1002}, Row{masked(0x09, "x"), 1002},
        Row{masked(0x89, std::string(126, 'x')), 1002},
        Row{masked(0x81, std::string(1001, 'x')), 1009},
        Row{masked(0x01, std::string(600, 'x')) + masked(0x80, std::string(600, 'x')), 1009},
        Row{masked(0x01, "x") + masked(0x81, "y"), 1002}}) {
    WebSocketReader reader(1000);
    std::string in = row.bytes, payload;
    CHECK(reader.next(in, payload) == WebSocketReader::Event::refused);
    CHECK(reader.refusal() == row.code);
  }
}

TEST_CASE("websocket turns: a turn that names the last one is posted with the whole conversation") {
  WebSocketTurns turns(10'000);
  CHECK(body_of(turns, R"({"type":"response.create","model":"m","input":"hi","generate":true})") ==
        R"({"model":"m","stream":true,"input":[{"type":"message","role":"user","content":"hi"}]})");
  turns.saw("response.output_text.delta", R"({"delta":"x"})");
  turns.saw("response.completed",
            R"({"response":{"id":"resp_1","output":[{"type":"function_call","call_id":"c"}]}})");
  CHECK(
      body_of(turns, R"({"type":"response.create","previous_response_id":"resp_1",)"
                     R"("input":[{"type":"function_call_output","call_id":"c"}],"model":"m"})") ==
      R"({"model":"m","stream":true,"input":[{"type":"message","role":"user","content":"hi"},)"
      R"({"type":"function_call","call_id":"c"},{"type":"function_call_output","call_id":"c"}]})");
  turns.saw("response.completed", R"({"response":{"id":"resp_2","output":[ ]}})");
  // Not of this connection: who keeps it is to be asked.
  CHECK(
      body_of(turns, R"({"type":"response.create","previous_response_id":"resp_9","input":[]})") ==
      R"({"stream":true,"previous_response_id":"resp_9","input":[]})");
  turns.saw("response.completed", R"({"response":{"id":"resp_10","output":[]}})");
  CHECK(
      body_of(turns, R"({"type":"response.create","previous_response_id":"resp_10","input":[]})") ==
      R"({"stream":true,"previous_response_id":"resp_10","input":[]})");
}

// They are refused where a POST would be, with their place.
TEST_CASE("websocket turns: what is of a wrong type, or comes twice, is posted as it is") {
  WebSocketTurns turns(10'000);
  CHECK(body_of(turns, R"({"type":"response.create","input":7})") ==
        R"({"input":7,"stream":true})");
  CHECK(body_of(turns, R"({"type":"response.create","input":{},"previous_response_id":[]})") ==
        R"({"input":{},"previous_response_id":[],"stream":true})");
  CHECK(body_of(turns, R"({"type":"response.create","input":"a","input":"b"})") ==
        R"({"input":"b","stream":true,"input":[{"type":"message","role":"user","content":"a"}]})");
  CHECK(body_of(turns, R"({"type":"response.create","input":null,"previous_response_id":null})") ==
        R"({"stream":true,"input":[]})");
}

TEST_CASE("websocket turns: what Codex tells of a turn") {
  WebSocketTurns turns(10'000);
  (void)body_of(turns, R"({"type":"response.create","input":[],"client_metadata":{"a":"b",)"
                       R"("x-codex-turn-metadata":"{\"request_kind\":\"turn\"}"}})");
  CHECK(turns.turn_metadata() == R"({"request_kind":"turn"})");
  CHECK(!turns.turn_lite());
  (void)body_of(turns, R"({"type":"response.create","input":[],"client_metadata":)"
                       R"({"ws_request_header_x_openai_internal_codex_responses_lite":"true"}})");
  CHECK(turns.turn_lite());
  (void)body_of(turns, R"({"type":"response.create","input":[],"client_metadata":)"
                       R"({"x-codex-turn-metadata":"a\r\nb: c"}})");
  CHECK(turns.turn_metadata() == "");
  (void)body_of(turns, R"({"type":"response.create","input":[]})");
  CHECK(turns.turn_metadata() == "");
  CHECK(!turns.turn_lite());
}

TEST_CASE("websocket turns: what nobody is asked for") {
  WebSocketTurns turns(10'000);
  std::string out;
  CHECK(turns.take(R"({"type":"response.create","model":"m","generate":false,"input":[{"a":1}]})",
                   out) == WebSocketTurns::Step::answered);
  CHECK(out.find(R"("type":"response.created")") != out.npos);
  CHECK(out.find(R"("type":"response.completed")") != out.npos);
  CHECK(body_of(turns, R"({"type":"response.create","previous_response_id":"resp_sy_prewarm_1",)"
                       R"("input":[{"b":2}]})") == R"({"stream":true,"input":[{"a":1},{"b":2}]})");
  for (const char* bad : {"", "[]", "{", R"({"type":"response.steer"})", R"({"a":1}x)"}) {
    CHECK(turns.take(bad, out) == WebSocketTurns::Step::answered);
    CHECK(out.starts_with(R"({"type":"error","status":400,)"));
  }
  CHECK(WebSocketTurns::error_message(429, R"({"error":{"message":"slow"}})") ==
        R"({"type":"error","status":429,"error":{"message":"slow"}})");
  CHECK(WebSocketTurns::error_message(502, "").find("no answer") != std::string::npos);
}

TEST_CASE("websocket turns: a conversation too long to be kept is the provider's") {
  WebSocketTurns turns(40);
  (void)body_of(turns, R"({"type":"response.create","input":[{"text":"0123456789"}]})");
  turns.saw("response.completed",
            R"({"response":{"id":"resp_1","output":[{"text":"0123456789"}]}})");
  CHECK(
      body_of(turns, R"({"type":"response.create","previous_response_id":"resp_1","input":[]})") ==
      R"({"stream":true,"previous_response_id":"resp_1","input":[]})");
}
