// Work to be counted by callgrind, not checked: run one case with STEELYARD_ROUNDS=1000 and =2000
// under `valgrind --tool=callgrind`, in a Release build; the difference of the totals over 1000 is
// the cost of one round.
//   steelyard_tests_dialect -ns -tc="instructions: request"
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "gateway/dialect/openai_request.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/openai_stream.h"
#include "gateway/dialect/splice.h"

namespace steelyard::dialect {
namespace {

int rounds() {
  const char* set = std::getenv("STEELYARD_ROUNDS");
  return set != nullptr ? std::atoi(set) : 1;
}

// 1.1 KB, as an OpenAI SDK sends it: a system prompt and four turns.
std::string chat_request() {
  const std::string text(200, 'w');
  std::string body =
      R"({"model":"tier:standard","messages":[{"role":"system","content":")" + text + "\"}";
  for (const char* role : {"user", "assistant", "user", "assistant"}) {
    body += std::string(",{\"role\":\"") + role + "\",\"content\":\"" + text.substr(0, 140) + "\"}";
  }
  return body +
         R"(,{"role":"user","content":"And now?"}],"temperature":0.7,"max_tokens":512,"stream":true})";
}

std::string chat_answer() {
  return R"({"id":"c","object":"chat.completion","created":1,"model":"gpt-x","choices":[{"index":0,"message":{"role":"assistant","content":")" +
         std::string(700, 'w') +
         R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}},"service_tier":"default"})";
}

const std::string kFrame =
    R"(data: {"id":"chatcmpl-ABCDEFGHIJKL","object":"chat.completion.chunk","created":1767225600,"model":"gpt-x","choices":[{"index":0,"delta":{"content":" weight"},"finish_reason":null}]})"
    "\n\n";

TEST_CASE("instructions: request" * doctest::skip()) {
  const std::string body = chat_request();
  MESSAGE("bytes: " << body.size());
  openai::RequestParser parser;
  ChatRequest request;
  int done = 0;
  for (int i = rounds(); i > 0; --i) done += parser.parse(body, request).has_value() ? 1 : 0;
  CHECK(done == rounds());
}

TEST_CASE("instructions: splice" * doctest::skip()) {
  const std::string body = chat_request();
  openai::RequestParser parser;
  ChatRequest request;
  REQUIRE(parser.parse(body, request));
  SplicedBody spliced;
  BodyEdits edits;
  edits.model = "vendor/served-model";
  edits.include_usage = true;
  edits.output_tokens_max = 256;
  int done = 0;
  for (int i = rounds(); i > 0; --i) done += spliced.build(request, edits).has_value() ? 1 : 0;
  CHECK(done == rounds());
}

void feed_frames(bool drop) {
  ShapeMemory shapes;
  openai::StreamTap tap({drop, false}, &shapes);
  openai::TapOutput out;
  MESSAGE("bytes: " << kFrame.size());
  for (int i = rounds(); i > 0; --i) tap.feed(kFrame, out);
  CHECK(out.size() == kFrame.size());
}
TEST_CASE("instructions: frame" * doctest::skip()) {
  feed_frames(false);
}
TEST_CASE("instructions: frame, dropping" * doctest::skip()) {
  feed_frames(true);
}

TEST_CASE("instructions: usage chunk" * doctest::skip()) {
  const std::string frame =
      R"(data: {"id":"c","model":"gpt-x","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":4}}})"
      "\n\n";
  openai::StreamTap tap({true, false});
  openai::TapOutput out;
  for (int i = rounds(); i > 0; --i) tap.feed(frame, out);
  CHECK(out.empty());
}

TEST_CASE("instructions: answer" * doctest::skip()) {
  const std::string body = chat_answer();
  MESSAGE("bytes: " << body.size());
  openai::ResponseParser parser;
  openai::ChatAnswer answer;
  for (int i = rounds(); i > 0; --i) parser.parse(body, answer);
  CHECK(answer.valid);
}

TEST_CASE("instructions: answer of a known shape" * doctest::skip()) {
  const std::string body = chat_answer();
  ShapeMemory shapes;
  openai::ResponseParser parser;
  openai::ChatAnswer answer;
  for (int i = rounds(); i > 0; --i) parser.parse(body, answer, &shapes);
  CHECK(answer.valid);
}

}  // namespace
}  // namespace steelyard::dialect
