#include <doctest/doctest.h>

#include <string>

#include "gateway/dialect/chunk_scan.h"
#include "gateway/dialect/sse.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using openai::ChunkScan;
using openai::ChunkScanner;
using openai::EmptyChoices;
using openai::scan_chunk;

bool same(const ChunkScan& a, const ChunkScan& b) {
  return a.choices == b.choices && a.worth_parsing == b.worth_parsing && a.content == b.content &&
         a.text_bytes == b.text_bytes;
}

TEST_CASE("scan: what is worth parsing, what is text") {
  struct Row {
    const char* json;
    bool worth, content;
    std::int64_t bytes;
  };
  const Row rows[] = {
      {R"({"choices":[{"delta":{"content":"abc"},"finish_reason":null}],"usage":null})", false,
       true, 3},
      {R"({"choices":[{"delta":{"content":""},"finish_reason":""}]})", false, false, 0},
      {R"({"choices":[{"delta":{},"finish_reason":"stop"}]})", true, false, 0},
      {R"({"choices" : [ { "delta" : { "content" : "a" } , "finish_reason" : "stop" } ] })", true,
       true, 1},
      {R"({"choices":[{"delta":{},"native_finish_reason":"x","finish_reason":null}]})", false,
       false, 0},
      {R"({"choices":[],"usage":{"prompt_tokens":1}})", true, false, 0},
      {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"name\":\"x\",\"usage\":1"}}]}}]})",
       false, true, 27},
      {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}}]})",
       true, true, 0},
      {R"({"choices":[{"delta":{"content":"\"usage\":{} \"finish_reason\":\"stop\""}}]})", false,
       true, 39},
      {R"({"id":"x","object":"chat.completion.chunk"})", true, false, 0},
      {R"({"choices":[],"object":"error"})", true, false, 0},
      {R"({"choices":[],"error":{"message":"m"}})", true, false, 0},
      {R"({"choices":[{"delta":{"content":"never closed)", false, true, 12},
      {R"({"choices":[{"delta":{"content":"ends in \\"}}]})", false, true, 10},
      {"", true, false, 0},
      {"\"", true, false, 0},
      {"{\"a\":", true, false, 0},
      {R"({"choices":[{"delta":{"content":)", false, false, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.json);
    const ChunkScan scan = scan_chunk(row.json);
    CHECK(scan.worth_parsing == row.worth);
    CHECK(scan.content == row.content);
    CHECK(scan.text_bytes == row.bytes);
  }
}

TEST_CASE("scan: with memory or without, the same") {
  int chunks = 0;
  for (const auto& exchange : testing::recorded_chat()) {
    if (!exchange.stream) continue;
    CAPTURE(exchange.id);
    ChunkScanner scanner;
    SseDecoder decoder;
    SseEvent event;
    std::string_view in = exchange.response;
    int wrong = 0;
    std::size_t k = 0;
    while (decoder.next(in, event) == SseDecoder::Status::event) {
      ++chunks;
      wrong += !same(scanner.scan(event.data), scan_chunk(event.data));
      // Cut off, and with a byte changed: what follows a remembered beginning may be anything.
      std::string broken(event.data.substr(0, k * 7 % (event.data.size() + 1)));
      wrong += !same(scanner.scan(broken), scan_chunk(broken));
      if (!broken.empty()) broken[k * 13 % broken.size()] = "\"{}:\\ x"[k % 7];
      wrong += !same(scanner.scan(broken), scan_chunk(broken));
      ++k;
    }
    CHECK(wrong == 0);
  }
  if (!testing::recorded_chat().empty()) CHECK(chunks > 20'000);
}

TEST_CASE("scan: empty choices, judged from a beginning and never taken back") {
  struct Row {
    const char* event;
    EmptyChoices is;
  };
  const Row rows[] = {
      {R"({"id":"c","choices":[],"usage":{}})", EmptyChoices::yes},
      {R"({"choices" : [ ] })", EmptyChoices::yes},
      {R"({"choices":[{"delta":{}}]})", EmptyChoices::no},
      {R"({"choices":null})", EmptyChoices::no},
      {R"({"x":"choices","choices":[]})", EmptyChoices::yes},
      {R"({"x":"\"choices\":[{","choices":[]})", EmptyChoices::yes},
      {R"({"id":"c"})", EmptyChoices::undecided},
      {"", EmptyChoices::undecided},
  };
  for (const Row& row : rows) {
    CAPTURE(row.event);
    const std::string_view all = row.event;
    CHECK(openai::empty_choices(all) == row.is);
    EmptyChoices last = EmptyChoices::undecided;
    for (std::size_t i = 0; i <= all.size(); ++i) {
      const EmptyChoices now = openai::empty_choices(all.substr(0, i));
      CHECK((last == EmptyChoices::undecided || now == last));
      last = now;
    }
  }
}

TEST_CASE("scan: line ends at every place of lines of every length") {
  for (std::size_t size = 0; size < 80; ++size) {
    const std::string plain(size, 'x');
    CHECK(find_line_end(plain.data(), plain.data() + size) == plain.data() + size);
    for (std::size_t at = 0; at < size; ++at) {
      for (const char end : {'\n', '\r'}) {
        std::string text = plain;
        text[at] = end;
        text.back() = '\n';
        CHECK(find_line_end(text.data(), text.data() + size) == text.data() + at);
      }
    }
  }
}

}  // namespace
}  // namespace steelyard::dialect
