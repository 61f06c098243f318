#include <doctest/doctest.h>

#include <string>

#include "gateway/dialect/chunk_scan.h"
#include "gateway/dialect/sse.h"
#include "gateway/dialect/text_scan.h"

namespace steelyard::dialect {
namespace {

using openai::EmptyChoices;

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

TEST_CASE("scan: what ends a string at every place of texts of every length, and UTF-8 before it") {
  for (std::size_t size = 0; size < 420; ++size) {
    std::string text(size, 'x');
    const char* const end = text.data() + size;
    bool high = false;
    CHECK(find_special(text.data(), end, high) == end);
    CHECK_FALSE(high);
    for (std::size_t at = 0; at < size; at += 1 + at / 37) {
      text[at] = "\"\\\n\x1f"[at % 4];
      if (at + 1 < size) text[at + 1] = '\xc3';  // behind it: nobody's concern
      CHECK(find_special(text.data(), end, high) == text.data() + at);
      CHECK_FALSE(high);
      if (at > 0) {
        text[at / 2] = '\x80';
        CHECK(find_special(text.data(), end, high) == text.data() + at);
        CHECK(high);
        high = false;
      }
      text.assign(size, 'x');
    }
    for (const char harmless : {' ', '!', '#', '[', ']', '~', '\x7f'}) {
      text.assign(size, harmless);
      CHECK(find_special(text.data(), end, high) == end);
    }
    CHECK_FALSE(high);
  }
}

}  // namespace
}  // namespace steelyard::dialect
