// Batches of pieces and their look-ups: every instruction set finds what the scalar reference does.
#include "router/tokens/probe.h"

#include <doctest/doctest.h>

#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

namespace {

// What batches say of a text: where pieces end, and which are not one token, with their keys.
struct Found {
  std::vector<std::size_t> ends;
  std::vector<std::size_t> missed;
  std::vector<std::uint64_t> keys;
  bool operator==(const Found&) const = default;
};

Found look_up(ScanWith with, const ScanText& text) {
  const Vocabulary& vocabulary = *shared_vocabulary();
  const Batcher batch(vocabulary.pattern(), with);
  Pieces pieces;
  Lookups lookups;
  Found found;
  for (std::size_t from = 0; from < text.size; from = found.ends.back()) {
    const std::size_t missed = batch(vocabulary, text, from, pieces, lookups);
    if (pieces.count == 0) break;
    for (std::size_t m = 0; m < missed; ++m) {
      const std::size_t i = lookups.missed[m];
      found.missed.push_back(found.ends.size() + i);
      if (pieces.end_of(i) - pieces.start_of(i) > PieceKey::longest) continue;
      found.keys.push_back(lookups.key[i].low);
      found.keys.push_back(lookups.key[i].high);
    }
    for (std::size_t i = 0; i < pieces.count; ++i) found.ends.push_back(from + pieces.end_of(i));
  }
  return found;
}

}  // namespace

TEST_CASE("every instruction set looks up what the scalar reference does") {
  Random random(7);
  std::size_t pieces = 0, missed = 0;
  for (int round = 0; round < 600; ++round) {
    const std::string drawn = round % 4 == 0 ? broken_text(random, 1 + random.below(500))
                                             : awkward_text(random, 1 + random.below(300));
    // No byte more than the text is: reading beyond it shows under the address sanitizer.
    const std::vector<unsigned char> text(drawn.begin(), drawn.end());
    for (const bool whole : {true, false}) {
      const ScanText scanned{text.data(), text.size(), whole};
      const Found expected = look_up(ScanWith::scalar, scanned);
      for (const ScanWith with : {ScanWith::avx2, ScanWith::avx512}) {
        CAPTURE(name_of(with));
        CAPTURE(drawn);
        Found found = look_up(with, scanned);
        if (whole) {
          CHECK(found == expected);
        } else {  // how much is certain may differ
          found.ends.resize(std::min(found.ends.size(), expected.ends.size()));
          CHECK(std::equal(found.ends.begin(), found.ends.end(), expected.ends.begin()));
        }
      }
      pieces += expected.ends.size();
      missed += expected.missed.size();
    }
  }
  CHECK(pieces > 20'000);
  CHECK(missed > 1'000);
  CHECK(missed < pieces);
}
