// Recognised or parsed, the result is the same: on recorded traffic, on answers made to mislead,
// and on both with bytes changed.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "gateway/dialect/answer_shape.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/openai_stream.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace openai;
using namespace testing;

struct Rng {  // splitmix64
  std::uint64_t state;
  std::uint64_t operator()() {
    std::uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>((*this)() % n); }
};

// One to three edits of the kinds that change what JSON means.
std::string changed(std::string text, Rng& rng) {
  constexpr std::string_view alphabet = "{}[]:,\"\\u0123456789aetx .-+E\n\t\x01\xc3\xa9";
  for (std::size_t edits = 1 + rng.below(3); edits > 0 && !text.empty(); --edits) {
    const std::size_t at = rng.below(text.size());
    switch (rng.below(5)) {
      case 0: text[at] = alphabet[rng.below(alphabet.size())]; break;
      case 1: text.erase(at, 1 + rng.below(4)); break;
      case 2: text.insert(at, 1, alphabet[rng.below(alphabet.size())]); break;
      case 3: text.resize(at); break;
      default: {  // a digit stays a digit: the document stays good
        const std::size_t digit = text.find_first_of("0123456789", at);
        if (digit != std::string::npos) text[digit] = static_cast<char>('0' + rng.below(10));
      }
    }
  }
  return text;
}

std::string read(std::string_view body, ShapeMemory* shapes) {
  static ResponseParser parser;
  static ChatAnswer answer;
  parser.parse(body, answer, shapes);
  return to_json(answer);
}

const char* const kMade[] = {
    R"({"id":"a","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":1}},"service_tier":"default","system_fingerprint":"fp"})",
    // The same keys deeper down, in strings, twice, in disguise.
    R"({"choices":[{"message":{"content":"Hi","usage":{"prompt_tokens":3}},"usage":{"prompt_tokens":4,"completion_tokens":1}}],"extra":{"usage":{"prompt_tokens":99}},"usage":{"prompt_tokens":9,"completion_tokens":2}})",
    R"({"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":9},"usage":{"prompt_tokens":8}})",
    R"({"choices":[{"message":{"content":"Hi"}}],"us\u0061ge":{"prompt_tokens":9},"usage":{"prompt_tokens":8}})",
    R"({"choices":[{"message":{"content":"\"usage\":{\"prompt_tokens\":1}"}}],"usage":{"prompt_tokens":9,"input_tokens":7,"completion_tokens":2}})",
    R"({"choices":[{"message":{"content":"Hi","content":"Ho"}}],"usage":{"prompt_tokens":9,"cached_tokens":5,"cache_read_input_tokens":null}})",
    R"({"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":9,"prompt_cache_hit_tokens":5,"prompt_tokens_details":{"cached_tokens":3}}})",
    R"({"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":9,"cost":0.00012,"cost_details":{"x":1}}})",
    R"({"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":9,"cost":{"total_cost":1e-3,"y":2}}})",
    R"({"choices":[{"message":{"content":"Hi"}}],"x_groq":{"id":"q","usage":{"prompt_tokens":5}},"usage":{"prompt_tokens":9.0}})",
    R"({"choices":[{"message":{"content":"Hi","reasoning":"abc","reasoning_content":"abcd"}}],"usage":{"prompt_tokens":9}})",
    R"({"choices":[{"message":{"content":"Hi","reasoning_details":[{"text":"abc"}]}}],"usage":{"prompt_tokens":9}})",
    R"({"choices":[{"message":{"content":[{"type":"text","text":"Hi"}]}}]})",
    R"({"choices":[{"index":1,"message":{"content":"Ho"}}]})",
    R"({"choices":[{"index":0,"message":{"content":"Hi"}},{"index":1,"message":{"content":"Ho"}}]})",
    R"({"choices":[{"message":{"content":"Hi","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}]})",
    R"({"choices":[{"message":{"content":"Hi","refusal":"no"}}]})",
    R"({"choices":[{"message":{"content":"Hi"}}],"error":{"message":"m","code":5}})",
    R"({"choices":[{"message":{"content":"caf\u00e9 \ud83d\ude00 é"}}],"created":1.5e3})",
    R"( {"choices" : [ { "message" : { "content" : "Hi" } } ] , "usage" : { "prompt_tokens" : 9 } }
)",
};

TEST_CASE("shape: answers made to mislead, and those with bytes changed") {
  Rng rng{20261122};
  int recognised = 0, wrong = 0;
  for (const char* made : kMade) {
    ShapeMemory shapes;
    const std::string body(made);
    CAPTURE(body);
    CHECK(read(body, &shapes) == read(body, nullptr));
    GapValues values;
    const auto known = [&](const std::string& text) {
      return shapes.match(text.data(), text.data() + text.size(), values) != nullptr;
    };
    recognised += known(body) ? 1 : 0;
    for (int i = 0; i < 2'000; ++i) {
      const std::string other = changed(body, rng);
      // Known or not: the second time it may be.
      for (int k = 0; k < 2; ++k) {
        if (read(other, &shapes) == read(other, nullptr)) continue;
        ++wrong;
        FAIL_CHECK("not the same: " << other);
      }
      if (i % 16 == 0) (void)read(body, &shapes);
    }
  }
  CHECK(wrong == 0);
  CHECK(recognised >= 11);
}

TEST_CASE("shape: text of any length, with anything in it") {
  ShapeMemory shapes;
  int recognised = 0;
  for (const std::string& text :
       {std::string("x"), std::string(1'000'000, 'y'), std::string("é\\u00e9\\\"\\\\"),
        std::string("\\ud83d\\ude00"), std::string("\\ud83d"), std::string("\\q"),
        std::string("\xff"), std::string("a\nb"), std::string("\xed\xa0\x80"), std::string(),
        std::string(63, 'z') + "\\", std::string(64, 'z'), std::string(65, '\t')}) {
    const std::string body = R"({"id":")" + text + R"(","choices":[{"message":{"content":")" +
                             text + R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":12}})";
    CHECK(read(body, &shapes) == read(body, nullptr));
    GapValues values;
    recognised += shapes.match(body.data(), body.data() + body.size(), values) != nullptr ? 1 : 0;
  }
  CHECK(recognised == 5);
}

TEST_CASE("shape: recorded answers, source by source") {
  std::map<std::string, ShapeMemory> sources;
  int answers = 0, recognised = 0;
  Rng rng{7};
  for (int round = 0; round < 2; ++round) {
    for (const Recorded& exchange : recorded_chat()) {
      if (exchange.stream || exchange.status != 200) continue;
      CAPTURE(exchange.id);
      ShapeMemory& shapes = sources[exchange.provider];
      const std::string& body = exchange.response;
      GapValues values;
      ++answers;
      recognised += shapes.match(body.data(), body.data() + body.size(), values) != nullptr ? 1 : 0;
      CHECK(read(body, &shapes) == read(body, nullptr));
      const std::string other = changed(body, rng);
      CHECK(read(other, &shapes) == read(other, nullptr));
    }
  }
  MESSAGE("answers " << answers << ", recognised " << recognised);
  if (answers > 0) CHECK(recognised > 0);
}

std::string watch(std::string_view stream, ShapeMemory* shapes, std::size_t step) {
  StreamTap tap({true, false}, shapes);
  TapOutput out;
  std::string passed;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    tap.feed(stream.substr(at, step), out);
    passed += text_of(out);
  }
  const bool ok = tap.finish(out).has_value();
  return passed + text_of(out) + (ok ? "ok" : "not ok") + to_json(tap.facts(), tap.phase());
}

TEST_CASE("shape: recorded streams, whole, cut and with bytes changed") {
  std::map<std::string, ShapeMemory> sources;
  Rng rng{11};
  int streams = 0;
  for (const Recorded& exchange : recorded_chat()) {
    if (!exchange.stream) continue;
    CAPTURE(exchange.id);
    ++streams;
    ShapeMemory& shapes = sources[exchange.provider];
    const std::string& all = exchange.response;
    const std::string expected = watch(all, nullptr, all.size());
    CHECK(watch(all, &shapes, all.size()) == expected);
    CHECK(watch(all, &shapes, 257) == expected);
    const std::string other = changed(changed(changed(all, rng), rng), rng);
    CHECK(watch(other, &shapes, 400) == watch(other, nullptr, other.size() + 1));
  }
  if (!recorded_chat().empty()) CHECK(streams > 50);
}

TEST_CASE("shape: a stream learns from others, but its model is its own") {
  ShapeMemory shapes;
  const auto event = [](const std::string& model, const std::string& text) {
    return "data: {\"id\":\"" + text + "\",\"model\":\"" + model +
           "\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text +
           "\"},\"finish_reason\":null}]}\n\n";
  };
  const std::string one = event("one", "a"), two = event("two", "b");
  const std::string done = "data: [DONE]\n\n";
  for (const std::string& stream :
       {one + two + one + done, one + one + two + two + one + two + done, two + done,
        one + two + two + one + one + done}) {
    CHECK(watch(stream, &shapes, stream.size()) == watch(stream, nullptr, stream.size()));
  }
}

}  // namespace
}  // namespace steelyard::dialect
