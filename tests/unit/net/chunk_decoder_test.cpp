#include "gateway/net/chunk_decoder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace steelyard::net;

namespace {

struct Decoded {
  ChunkStatus status;
  std::string payload, rest;
  int refused_with = 0;
  bool operator==(const Decoded&) const = default;
};

// Decodes `text`, cut at `cuts`, in place as the request reader does.
Decoded decode(std::string_view text, const std::vector<std::size_t>& cuts = {},
               ChunkSource source = ChunkSource::client,
               std::uint64_t limit = ChunkDecoder::unlimited) {
  ChunkDecoder decoder(source, limit);
  Decoded result{ChunkStatus::need_more, "", "", 0};
  std::size_t begin = 0;
  std::vector<std::size_t> ends = cuts;
  ends.push_back(text.size());
  for (const std::size_t end : ends) {
    std::string piece(text.substr(begin, end - begin));
    begin = end;
    if (result.status != ChunkStatus::need_more) {
      result.rest += piece;
      continue;
    }
    const ChunkDecoder::InPlace out = decoder.feed(std::span<char>(piece.data(), piece.size()));
    result.payload.append(piece, 0, out.produced);
    result.status = out.status;
    result.rest = piece.substr(out.consumed);
  }
  result.refused_with = decoder.refusal().status;
  if (result.status == ChunkStatus::refused) result.rest.clear();
  CHECK(decoder.decoded() == result.payload.size());
  return result;
}

std::string with_size(std::string_view size_line) {
  return std::string(size_line) + "\r\nhello\r\n0\r\n\r\n";
}

}  // namespace

TEST_CASE("chunked bodies: what is accepted, from whom, and with what status it is refused") {
  const std::string extension255 = "5;a=" + std::string(253, 'b');
  struct Case {
    std::string text;
    int client, provider;  // 0: decodes to "hello"
  };
  const Case cases[] = {
      {with_size("5"), 0, 0},
      {with_size("05"), 0, 0},
      {with_size("0000000000000005"), 0, 0},
      {with_size("00000000000000005"), 400, 400},
      {with_size("5;a"), 0, 0},
      {with_size("5;a=b;c=\"d e\";f"), 0, 0},
      {with_size("5;a=\"\\\"\""), 0, 0},
      {with_size(extension255), 0, 0},
      {with_size(extension255 + "bbb"), 400, 400},
      {with_size("5;"), 400, 0},
      {with_size("5;a="), 400, 0},
      {with_size("5;a=\"x"), 400, 0},
      {with_size("5; a=b"), 400, 0},
      {with_size("5;a=\"b\"c"), 400, 0},
      {with_size("5;a=\x01"), 400, 400},
      {with_size("5;a=\"\n\""), 400, 400},
      {with_size("5 "), 400, 0},
      {with_size("5  \t"), 400, 0},
      {with_size("5 5"), 400, 400},
      {with_size(" 5"), 400, 400},
      {with_size("+5"), 400, 400},
      {with_size("0x5"), 400, 400},
      {with_size("5h"), 400, 400},
      {with_size(""), 400, 400},
      {"5\nhello\r\n0\r\n\r\n", 400, 400},
      {"5\r\nhello\n0\r\n\r\n", 400, 400},
      {"5\r\nhello0\r\n\r\n", 400, 400},
      {"5\r\nhelloX\n0\r\n\r\n", 400, 400},
      {"5\r\nhello\r\n0\r\n\rX", 400, 400},
      {"5\r\nhello\r\n0\r\nA: b\r\nC:\r\n\r\n", 0, 0},
      {"5\r\nhello\r\n0\r\nA b: c\r\n\r\n", 400, 400},
      {"5\r\nhello\r\n0\r\nA : c\r\n\r\n", 400, 400},
      {"5\r\nhello\r\n0\r\n: c\r\n\r\n", 400, 400},
      {"5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n", 400, 400},
      {"5\r\nhello\r\n0\r\nA: b\nC: d\r\n\r\n", 400, 400},
      {"5\r\nhello\r\n0\r\nA\r\n\r\n", 400, 400},
      {"5\r\nhello\r\n0\r\nA: " + std::string(8192 - 5, 'v') + "\r\n\r\n", 0, 0},
      {"5\r\nhello\r\n0\r\nA: " + std::string(8192 - 2, 'v') + "\r\n\r\n", 431, 431},
  };
  for (const Case& c : cases) {
    for (const ChunkSource source : {ChunkSource::client, ChunkSource::provider}) {
      const int wanted = source == ChunkSource::client ? c.client : c.provider;
      const Decoded out = decode(c.text, {}, source);
      CHECK_MESSAGE(out.refused_with == wanted, c.text);
      if (wanted == 0)
        CHECK_MESSAGE((out.status == ChunkStatus::done && out.payload == "hello"), c.text);
    }
  }
}

TEST_CASE("the limit is met when the size line is read, not when memory is full") {
  CHECK(decode("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", {}, ChunkSource::client, 10).payload ==
        "helloworld");
  CHECK(decode("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", {}, ChunkSource::client, 9).refused_with ==
        413);
  CHECK(decode("ffffffffffffffff\r\n", {}, ChunkSource::client, 1u << 20).refused_with == 413);
  CHECK(decode("5\r\nhello\r\nffffffffffffffff\r\n").refused_with == 413);
  CHECK(decode("ffffffffffffffff\r\n").status == ChunkStatus::need_more);
}

TEST_CASE("many small extensions together are refused") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "1;" + std::string(200, 'a') + "\r\nx\r\n";
  CHECK(decode(text).refused_with == 400);
  CHECK(decode(text, {}, ChunkSource::provider).refused_with == 0);
}

TEST_CASE("bytes behind the body belong to the next message") {
  const Decoded out = decode("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
  CHECK(out.status == ChunkStatus::done);
  CHECK(out.rest == "GET / HTTP/1.1\r\n");
}

TEST_CASE("any cut gives the same payload, verdict and rest") {
  const std::string texts[] = {
      "5\r\nhello\r\n6;x=\"a\\\"b\";y\r\n world\r\n10\r\n0123456789abcdef\r\n0\r\nA: b\r\nC: "
      "d\r\n\r\nrest of it",
      "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1 \r\n",
      "3\r\nabc\r\n0\r\nA: b\r\nC\r\n\r\n",
      "A\r\n0123456789\r\n00\r\n\r\n\r\n",
  };
  std::mt19937 random(3);
  for (const std::string& text : texts) {
    const Decoded whole = decode(text);
    std::vector<std::size_t> every;
    for (std::size_t i = 1; i < text.size(); ++i) {
      every.push_back(i);
      CHECK(decode(text, {i}) == whole);
      for (std::size_t k = i + 1; k < text.size(); ++k) CHECK(decode(text, {i, k}) == whole);
    }
    CHECK(decode(text, every) == whole);
    for (int round = 0; round < 50; ++round) {
      std::vector<std::size_t> cuts;
      for (int i = 0; i < 8; ++i) cuts.push_back(random() % (text.size() + 1));
      std::sort(cuts.begin(), cuts.end());
      CHECK(decode(text, cuts) == whole);
    }
  }
}

TEST_CASE("payload is handed out as views, without a copy") {
  ChunkDecoder decoder(ChunkSource::provider);
  const std::string_view text = "5\r\nhello\r\n0\r\n\r\n";
  const ChunkStep data = decoder.next(text);
  CHECK(data.status == ChunkStatus::data);
  CHECK(data.data.data() == text.data() + 3);
  CHECK(data.consumed == 8);
  const ChunkStep end = decoder.next(text.substr(8));
  CHECK(end.status == ChunkStatus::done);
  CHECK(end.consumed == 7);
  CHECK(decoder.done());
}
