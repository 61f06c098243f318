// Pieces: where the pattern cuts. The scanner must also cut the same wherever its batches begin.
#include "router/tokens/scanner.h"

#include <doctest/doctest.h>

#include "router/tokens/cut.h"
#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

namespace {

// The pieces, with a bar between them.
std::string cut_up(std::string_view text) {
  std::string out;
  std::size_t from = 0;
  Pieces pieces;
  while (from < text.size()) {
    scan_pieces(text, from, pieces);
    for (std::size_t i = 0; i < pieces.count; ++i) {
      if (from > 0) out += '|';
      out += text.substr(from, pieces.end[i] - from);
      from = pieces.end[i];
    }
  }
  return out;
}

}  // namespace

TEST_CASE("the pattern's alternatives, in their order") {
  struct Row {
    std::string_view text;
    std::string_view pieces;
  };
  const Row rows[] = {
      {"hello world", "hello| world"},
      {"camelCase HTTPServer", "camel|Case| HTTPServer"},
      {"don'ts CAN'T", "don't|s| CAN'T"},
      {"x'\u017Fy", "x'\u017F|y"},
      {"'sup 'LL", "'sup| '|LL"},
      {"12345 1", "123|45| |1"},
      {"a  b", "a| | b"},
      {"a   ", "a|   "},
      {" \n \n x", " \n \n| x"},
      {"\n    return", "\n|   | return"},
      {"a.b(c);\n\n//x", "a|.b|(c|);\n\n//|x"},
      {"\t{", "\t|{"},
      {" {\r\n/", " {\r\n/"},
      {"...abc", "...|abc"},
      {".abc", ".abc"},
      {"中文ABC", "中文|ABC"},
      {"中文Abc", "中文Abc"},
      {"e\u0301A", "e\u0301|A"},
      {"\u0301A", "\u0301|A"},
      {"\u0301a", "\u0301a"},
      {"1\u0301a", "1|\u0301a"},
      {"\u00A0x\u2003", "\u00A0x|\u2003"},
      {" 1", " |1"},
      {"½²Ⅷ٤", "½²Ⅷ|٤"},
      {"ǅungla", "ǅungla"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(cut_up(row.text) == row.pieces);
    // The same text far from its end goes the fast way.
    const std::string with_tail = std::string(row.text) + "\n" + std::string(40, 'z');
    if (row.text.back() != ' ' && row.text.back() != '/' && row.text.back() != '\x83') {
      const std::string found = cut_up(with_tail);
      CAPTURE(found);
      const bool same = found.starts_with(std::string(row.pieces) + "|") ||
                        found.starts_with(std::string(row.pieces) + "\n");
      CHECK(same);
    }
  }
}

TEST_CASE("pieces follow each other without gap, and scanning may begin at any of their ends") {
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    const std::string text = awkward_text(random, 300);
    std::vector<std::size_t> ends;
    Pieces pieces;
    for (std::size_t from = 0; from < text.size(); from = ends.back()) {
      scan_pieces(text, from, pieces);
      REQUIRE(pieces.count > 0);
      for (std::size_t i = 0; i < pieces.count; ++i) {
        REQUIRE(pieces.end[i] > (ends.empty() ? 0 : ends.back()));
        ends.push_back(pieces.end[i]);
      }
    }
    REQUIRE(ends.back() == text.size());
    for (std::size_t i = 0; i + 1 < ends.size(); i += 7) {
      scan_pieces(text, ends[i], pieces);
      CHECK(pieces.end[0] == ends[i + 1]);
    }
  }
}

TEST_CASE("a cut never changes the count, whatever follows") {
  Random random(4);
  const auto counter = fresh_counter();
  int found = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string text = awkward_text(random, 2 + random.below(12));
    const std::size_t cut = last_cut(text);
    if (cut == 0) continue;
    ++found;
    REQUIRE(cut < text.size());
    const std::string more = text + awkward_text(random, 4);
    CAPTURE(more);
    CHECK(counter->count(more) ==
          counter->count(more.substr(0, cut)) + counter->count(more.substr(cut)));
  }
  CHECK(found > 1500);
}

TEST_CASE("text without a sure cut has none") {
  for (const std::string_view text :
       {"", "a", "aaaa", "    ", "\n\n\n", "中文中文", "a'b", "...", "1234"}) {
    CAPTURE(text);
    CHECK(last_cut(text) == 0);
  }
  CHECK(last_cut("one two") == 3);
  CHECK(last_cut("。\n中文") == 4);
}
