// Arbitrary bytes as text: every instruction set must cut it as the scalar reference does, for
// every pattern, whole or cut in two; and as a JSON string it must count as what it stands for.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "router/tokens/bpe_counter.h"
#include "router/tokens/json_text.h"

namespace {

using namespace steelyard::router;

void require(bool ok) {
  if (!ok) std::abort();
}

std::vector<std::size_t> ends_of(PatternId id, ScanWith with, const ScanText& text) {
  const ScanFunction scan = scanner_of(id, with);
  std::vector<std::size_t> ends;
  Pieces pieces;
  for (std::size_t from = 0; from < text.size; from = ends.back()) {
    scan(text, from, pieces);
    if (pieces.count == 0) break;
    for (std::size_t i = 0; i < pieces.count; ++i) ends.push_back(from + pieces.end_of(i));
    require(ends.back() > from);
  }
  return ends;
}

void check_pattern(PatternId id, const std::uint8_t* data, std::size_t size, std::size_t cut) {
  const auto expected = ends_of(id, ScanWith::scalar, {data, size, true});
  require(size == 0 || expected.back() == size);
  for (const ScanWith with : {ScanWith::avx2, ScanWith::avx512})
    require(ends_of(id, with, {data, size, true}) == expected);
  for (const ScanWith with : {ScanWith::scalar, ScanWith::avx2, ScanWith::avx512}) {
    const auto some = ends_of(id, with, {data, cut, false});
    require(some.size() <= expected.size());
    require(std::equal(some.begin(), some.end(), expected.begin()));
  }
}

std::string unescaped(std::string_view escaped) {
  std::string out;
  std::vector<char> chunk(64);
  JsonText text(escaped);
  while (!text.done()) out.append(chunk.data(), text.read(chunk.data(), chunk.size()));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto id = static_cast<PatternId>(data[0] % static_cast<unsigned>(PatternId::sentencepiece));
  const std::size_t cut = (size - 2) * data[1] / 255;
  data += 2;
  size -= 2;
  check_pattern(id, data, size, cut);
  static const std::vector<std::shared_ptr<const Vocabulary>> vocabularies{
      shipped_vocabulary("cl100k"), shipped_vocabulary("qwen3")};
  static BpeCounter plain(vocabularies[0], 1, best_scan());
  static BpeCounter normal(vocabularies[1], 1, ScanWith::scalar);
  static BpeCounter slow(vocabularies[0], 1, ScanWith::scalar);
  static BpeCounter wide(vocabularies[0], 1, ScanWith::avx2);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string meant = unescaped(text);
  const std::int64_t tokens = plain.count(meant);
  require(plain.count_json(text) == tokens);
  plain.forget();  // what was met is shared
  require(slow.count(meant) == tokens);
  plain.forget();
  require(wide.count(meant) == tokens);
  require(normal.count_json(text) == normal.count(meant));
  return 0;
}
