#include "gateway/cache_marks.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "gateway/dialect/chat.h"

namespace steelyard {
namespace {

using router::CacheWrites;

struct Row {
  const char* about;
  std::string body;  // texts stand between < and >, media between ( and )
  CacheWrites wanted;
};

// Takes the marks out: what stood between them are slices of what is left.
CacheWrites marks_of(const std::string& marked) {
  std::string body;
  std::vector<std::array<std::size_t, 2>> texts, media;
  for (const char c : marked) {
    if (c == '<')
      texts.push_back({body.size(), 0});
    else if (c == '>')
      texts.back()[1] = body.size() - texts.back()[0];
    else if (c == '(')
      media.push_back({body.size(), 0});
    else if (c == ')')
      media.back()[1] = body.size() - media.back()[0];
    else
      body += c;
  }
  std::vector<dialect::TextSlice> slices;
  for (const auto& [at, size] : texts) slices.push_back({std::string_view(body).substr(at, size)});
  std::vector<dialect::MediaPart> parts;
  for (const auto& [at, size] : media) parts.push_back({std::string_view(body).substr(at, size)});
  dialect::ChatRequest chat;
  chat.body = body;
  chat.texts = slices;
  chat.media = parts;
  return cache_marks(chat);
}

TEST_CASE("cache marks: what a request may write into a prompt cache") {
  const Row rows[] = {
      {"nothing", R"j({"messages":[{"content":"<hello>"}]})j", CacheWrites::none},
      {"no texts at all", "", CacheWrites::none},
      {"behind a text", R"j({"text":"<hello>","cache_control":{"type":"ephemeral"}})j",
       CacheWrites::five_minutes},
      {"before a text", R"j({"cache_control":{"type":"ephemeral"},"text":"<hello>"})j",
       CacheWrites::five_minutes},
      {"between text and media", R"j({"text":"<a>"},{"cache_control":{}},{"data":"(QUJD)"})j",
       CacheWrites::five_minutes},
      {"behind media", R"j({"data":"(QUJD)","cache_control":{}},{"text":"<a>"})j",
       CacheWrites::five_minutes},
      {"at the very end", R"j({"text":"<a>","data":"(QUJD)","cache_control":{"ttl":"5m"}})j",
       CacheWrites::five_minutes},
      {"an hour", R"j({"text":"<a>","cache_control":{"ttl":"1h"}},{"text":"<b>"})j",
       CacheWrites::one_hour},
      {"an hour elsewhere than the mark", R"j({"cache_control":{}},{"text":"<a>"},{"ttl":"1h"})j",
       CacheWrites::one_hour},
      {"an hour without a mark", R"j({"text":"<a>","ttl":"1h"})j", CacheWrites::none},
      {"empty texts and media", R"j({"text":"<>"},{"url":"()"},{"cache_control":{}},{"u":"<()>"})j",
       CacheWrites::five_minutes},
      {"nothing but an empty one", "<>", CacheWrites::none},
      {"talked about", R"j({"text":"<say \"cache_control\" to it>"})j", CacheWrites::none},
  };
  for (const Row& row : rows) {
    CAPTURE(row.about);
    CHECK(marks_of(row.body) == row.wanted);
  }
}

// A text that the parser puts aside until later stands in the list behind one that follows it.
TEST_CASE("cache marks: texts out of order hide nothing") {
  const std::string body = R"j({"a":"first","cache_control":{},"b":"second"})j";
  const std::vector<dialect::TextSlice> slices{
      {std::string_view(body).substr(body.find("second"), 6)},
      {std::string_view(body).substr(body.find("first"), 5)}};
  dialect::ChatRequest chat;
  chat.body = body;
  chat.texts = slices;
  CHECK(cache_marks(chat) == CacheWrites::five_minutes);
}

}  // namespace
}  // namespace steelyard
