#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "config/types/limits.h"
#include "gateway/dialect/sse.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

// One event a line: "type|id|data".
void drain(SseDecoder& decoder, std::string_view bytes, std::string& out) {
  SseEvent event;
  while (decoder.next(bytes, event) == SseDecoder::Status::event) {
    out.append(event.type)
        .append("|")
        .append(event.last_id)
        .append("|")
        .append(event.data)
        .append("\n~");
  }
}
std::string decode(std::initializer_list<std::string_view> pieces) {
  SseDecoder decoder;
  std::string out;
  for (const std::string_view piece : pieces) drain(decoder, piece, out);
  return out;
}

TEST_CASE("sse: events of a stream") {
  struct Row {
    std::string bytes;
    const char* events;
  };
  const Row rows[] = {
      {"data: a\n\n", "||a\n~"},
      {"data:a\r\n\r\ndata: b\r\r", "||a\n~||b\n~"},
      {"data:  two spaces\n\n", "|| two spaces\n~"},
      {"data: a\ndata: b\ndata\n\n", "||a\nb\n\n~"},
      {"\xef\xbb\xbf"
       "data: bom\n\n",
       "||bom\n~"},
      {"data: \xef\xbb\xbfx\n\n", "||\xef\xbb\xbfx\n~"},
      {": comment\n\ndata: a\n: mid\n\n", "||a\n~"},
      {"event: e\nid: 7\ndata: a\n\ndata: b\n\n", "e|7|a\n~|7|b\n~"},
      {std::string("id: a\0b\ndata: x\n\n", 17), "||x\n~"},
      {"event: lost\n\ndata: a\n\n", "||a\n~"},
      {"data:\n\n", "||\n~"},
      {"\n\n\n", ""},
      {"data: cut off\n", ""},
      {"data: cut off", ""},
      {"unknown: x\nDATA: y\n data: z\ndata: ok\n\n", "||ok\n~"},
      {"data: a:b: c\n\n", "||a:b: c\n~"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.bytes);
    CHECK(decode({row.bytes}) == row.events);
  }
}

TEST_CASE("sse: retry takes digits only") {
  SseDecoder decoder;
  std::string out;
  drain(decoder, "retry: 1500\n\n", out);
  CHECK(decoder.retry_ms() == 1500);
  drain(decoder, "retry: 2s\n\nretry: -1\n\nretry:\n\n", out);
  CHECK(decoder.retry_ms() == 1500);
}

std::string with_line_ends(std::string_view text, std::string_view end) {
  std::string out;
  for (const char c : text) c == '\n' ? out.append(end) : out.append(1, c);
  return out;
}

TEST_CASE("sse: any one or two cuts give the same events, for each line end") {
  const std::string text =
      "\xef\xbb\xbf: hi\n\ndata: a\xc3\xa9\xf0\x9f\x98\x80\ndata: b\n\nevent: x\nid: 1\ndata: "
      "{\"k\":1}\n\n: p\n\ndata: [DONE]\n\n";
  for (const std::string_view end : {"\n", "\r\n", "\r"}) {
    const std::string bytes = with_line_ends(text, end);
    const std::string_view all = bytes;
    const std::string whole = decode({all});
    CHECK(whole == "||a\xc3\xa9\xf0\x9f\x98\x80\nb\n~x|1|{\"k\":1}\n~|1|[DONE]\n~");
    int wrong = 0;
    for (std::size_t i = 0; i <= all.size(); ++i) {
      for (std::size_t k = i; k <= all.size(); ++k) {
        wrong += decode({all.substr(0, i), all.substr(i, k - i), all.substr(k)}) != whole;
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("sse: recorded streams with every line end, cut once") {
  int streams = 0;
  for (const auto& exchange : testing::recorded_chat()) {
    if (!exchange.stream || exchange.response.size() > 1'500) continue;
    if (exchange.response.find('\r') != std::string::npos) continue;
    ++streams;
    CAPTURE(exchange.id);
    const std::string whole = decode({exchange.response});
    for (const std::string_view end : {"\n", "\r\n", "\r"}) {
      const std::string bytes = with_line_ends(exchange.response, end);
      const std::string_view all = bytes;
      int wrong = 0;
      for (std::size_t i = 0; i <= all.size(); ++i)
        wrong += decode({all.substr(0, i), all.substr(i)}) != whole;
      CHECK(wrong == 0);
    }
  }
  if (!testing::recorded_chat().empty()) CHECK(streams >= 10);
}

TEST_CASE("sse: caps stop the decoder, they never cut a line") {
  std::string out;
  SseDecoder line_cap;
  SseEvent event;
  const std::string line = "data: " + std::string(SseDecoder::event_bytes_max, 'x') + "\n\n";
  std::string_view in = line;
  CHECK(line_cap.next(in, event) == SseDecoder::Status::too_long);
  in = "data: a\n\n";
  CHECK(line_cap.next(in, event) == SseDecoder::Status::too_long);

  SseDecoder event_cap;
  const std::string half = "data: " + std::string(SseDecoder::event_bytes_max / 4, 'x') + "\n";
  SseDecoder::Status status = SseDecoder::Status::need_more;
  int lines = 0;
  for (; status == SseDecoder::Status::need_more && lines < 20; ++lines) {
    in = half;
    status = event_cap.next(in, event);
  }
  CHECK(status == SseDecoder::Status::too_long);
  CHECK(lines == 4);
}

TEST_CASE("sse: a relay skips an overlong line and goes on") {
  for (const std::size_t cut :
       {std::size_t{10}, std::size_t{1 << 19}, limits::sse_line_bytes_max + 3}) {
    SseLines lines(SseLines::Overlong::skip);
    const std::string text = "data: " + std::string(limits::sse_line_bytes_max, 'x') + "\n\nok\n";
    const std::string_view all = text;
    std::string seen;
    std::size_t raw = 0;
    for (std::string_view in : {all.substr(0, cut), all.substr(cut)}) {
      SseLine line;
      while (lines.next(in, line) == SseLines::Status::line) {
        raw += line.raw.size();
        if (line.complete) seen += line.skipped ? "skipped," : "[" + std::string(line.text) + "],";
      }
    }
    CHECK(seen == "skipped,[],[ok],");
    CHECK(raw == text.size());
    CHECK(lines.skipped() == 1);
  }
}

}  // namespace
}  // namespace steelyard::dialect
