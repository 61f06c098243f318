// Pieces: where the pattern cuts. The scanner must also cut the same wherever its batches begin.
#include "router/tokens/scanner.h"

#include <doctest/doctest.h>

#include "router/tokens/utf8_put.h"
#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

namespace {

const PatternId all_patterns[] = {PatternId::o200k,  PatternId::cl100k, PatternId::llama3,
                                  PatternId::qwen2,  PatternId::qwen35, PatternId::deepseek,
                                  PatternId::tekken, PatternId::kimi};
const ScanWith all_ways[] = {ScanWith::scalar, ScanWith::avx2, ScanWith::avx512};

ScanText scan_text(std::string_view text, bool whole = true) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size(), whole};
}

// Ends of all pieces from `from` on; of what is certain when the text is not whole.
std::vector<std::size_t> ends_of(ScanFunction scan, const ScanText& text, std::size_t from = 0) {
  std::vector<std::size_t> ends;
  Pieces pieces;
  while (from < text.size) {
    scan(text, from, pieces);
    if (pieces.count == 0) break;
    for (std::size_t i = 0; i < pieces.count; ++i) ends.push_back(from + pieces.end_of(i));
    REQUIRE(ends.back() > from);
    from = ends.back();
  }
  return ends;
}

// The pieces, with a bar between them.
std::string cut_up(std::string_view text, PatternId id = PatternId::o200k) {
  std::string out;
  std::size_t from = 0;
  for (const std::size_t end : ends_of(scanner_of(id), scan_text(text))) {
    if (from > 0) out += '|';
    out += text.substr(from, end - from);
    from = end;
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

TEST_CASE("what sets the other patterns apart") {
  struct Row {
    PatternId id;
    std::string_view text;
    std::string_view pieces;
  };
  const Row rows[] = {
      {PatternId::cl100k, "don't 12345", "don|'t| |123|45"},
      {PatternId::cl100k, "camelCase's'll", "camelCase|'s|'ll"},
      {PatternId::cl100k, "'sup", "'s|up"},
      {PatternId::cl100k, "e\u0301x /\n/", "e|\u0301x| /\n|/"},
      {PatternId::cl100k, "a\n  ", "a|\n  "},
      {PatternId::llama3, "a\n  ", "a|\n|  "},
      {PatternId::qwen2, "12 3", "1|2| |3"},
      {PatternId::qwen2, "e\u0301x", "e|\u0301x"},
      {PatternId::qwen35, "e\u0301x 12", "e\u0301x| |1|2"},
      {PatternId::tekken, "don't 12", "don|'t| |1|2"},
      {PatternId::tekken, "HTTPServer isOn", "HTTPServer| is|On"},
      {PatternId::kimi, "中文abc 中", "中文|abc| |中"},
      {PatternId::kimi, "don't;/\n/", "don't|;/\n|/"},
      {PatternId::deepseek, "don't 1234", "don|'t| |123|4"},
      {PatternId::deepseek, "abc中文かな・x", "abc|中文かな・|x"},
      {PatternId::deepseek, "-naïve (x", "-na|ïve| (|x"},
      {PatternId::deepseek, "a  1", "a|  |1"},
      {PatternId::deepseek,
       "\x01\x02"
       "ab\x01",
       "\x01|\x02"
       "ab|\x01"},
  };
  for (const Row& row : rows) {
    CAPTURE(name_of(row.id));
    CAPTURE(row.text);
    CHECK(cut_up(row.text, row.id) == row.pieces);
  }
}

TEST_CASE("pieces follow each other without gap, and scanning may begin at any of their ends") {
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    const std::string text = awkward_text(random, 300);
    const ScanFunction scan = scanner_of(all_patterns[round % std::size(all_patterns)]);
    const std::vector<std::size_t> ends = ends_of(scan, scan_text(text));
    REQUIRE(ends.back() == text.size());
    Pieces pieces;
    for (std::size_t i = 0; i + 1 < ends.size(); i += 7) {
      scan(scan_text(text), ends[i], pieces);
      CHECK(ends[i] + pieces.end_of(0) == ends[i + 1]);
    }
  }
}

TEST_CASE("every instruction set cuts as the scalar reference does") {
  Random random(5);
  for (int round = 0; round < 400; ++round) {
    const std::string text = round % 4 == 0 ? broken_text(random, 50 + random.below(500))
                                            : awkward_text(random, 20 + random.below(300));
    CAPTURE(text);
    for (const PatternId id : all_patterns) {
      CAPTURE(name_of(id));
      const auto expected = ends_of(scanner_of(id, ScanWith::scalar), scan_text(text));
      for (const ScanWith with : all_ways) {
        CAPTURE(name_of(with));
        CHECK(ends_of(scanner_of(id, with), scan_text(text)) == expected);
      }
    }
  }
}

TEST_CASE("what is certain before the end is known stays so, whatever follows") {
  Random random(6);
  std::size_t certain = 0;
  for (int round = 0; round < 600; ++round) {
    const std::string whole = awkward_text(random, 30 + random.below(60));
    const std::string_view part = std::string_view(whole).substr(0, random.below(whole.size()));
    CAPTURE(whole);
    for (const PatternId id : all_patterns) {
      CAPTURE(name_of(id));
      for (const ScanWith with : all_ways) {
        const auto all = ends_of(scanner_of(id, with), scan_text(whole));
        const auto some = ends_of(scanner_of(id, with), scan_text(part, false));
        REQUIRE(some.size() <= all.size());
        CHECK(std::equal(some.begin(), some.end(), all.begin()));
        certain += some.size();
      }
    }
  }
  CHECK(certain > 100'000);
}

TEST_CASE("every code point, between letters, blanks and signs, is cut alike by all ways") {
  std::string text;
  for (std::uint32_t code = 0x80; code < 0x30000; ++code) {
    if (code >= 0xD800 && code < 0xE000) continue;
    append_utf8(text, code);
    static const std::string_view others[] = {"a ", "B", "(",      "x\n", " ",
                                              "中", "Q", "\u0301", ".\n"};
    text += others[code % std::size(others)];
    if (code % 3 == 0) append_utf8(text, code);
  }
  for (const PatternId id : all_patterns) {
    CAPTURE(name_of(id));
    const auto expected = ends_of(scanner_of(id, ScanWith::scalar), scan_text(text));
    CHECK(expected.size() > 150'000);
    for (const ScanWith with : {ScanWith::avx2, ScanWith::avx512}) {
      CAPTURE(name_of(with));
      const bool same = ends_of(scanner_of(id, with), scan_text(text)) == expected;
      CHECK(same);
    }
  }
}
