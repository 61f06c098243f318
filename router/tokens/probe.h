#pragma once
// Cuts text into a batch of pieces and looks them up in the vocabulary: how many are one token, and
// which are not.
#include <array>
#include <cstdint>

#include "router/tokens/piece_key.h"
#include "router/tokens/scanner.h"
#include "router/tokens/vocabulary.h"

namespace steelyard::router {

struct Lookups {
  static constexpr std::size_t room = Pieces::capacity + 2 * Pieces::room;
  alignas(64) std::array<PieceKey, room> key;
  alignas(32) std::array<std::uint64_t, room> line;  // of the vocabulary
  alignas(64) std::array<std::uint8_t, room> hit;    // two neighbouring bits, the lower even: found
  std::array<std::uint16_t, room> missed;            // indices: see below
};

// Fills `pieces` from offset `from` on, as a ScanFunction does, and looks them up, all but a last
// one that is broken. Into `missed` go, in order, those that are not in their line of the
// vocabulary, and all above 15 bytes; their keys are in `key`. Returns how many those are.
using BatchFunction = std::size_t (*)(const Vocabulary& vocabulary, const ScanText& text,
                                      std::size_t from, Pieces& pieces, Lookups& out);

class Batcher {
 public:
  Batcher(PatternId id, ScanWith with);
  std::size_t operator()(const Vocabulary& vocabulary, const ScanText& text, std::size_t from,
                         Pieces& pieces, Lookups& out) const {
    return fast_ != nullptr ? fast_(vocabulary, text, from, pieces, out)
                            : plain(vocabulary, text, from, pieces, out);
  }

 private:
  std::size_t plain(const Vocabulary& vocabulary, const ScanText& text, std::size_t from,
                    Pieces& pieces, Lookups& out) const;

  ScanFunction scan_;
  BatchFunction fast_ = nullptr;
};

namespace scan_detail {
BatchFunction avx2_batcher(PatternId id);    // null: none
BatchFunction avx512_batcher(PatternId id);  // null: none
}  // namespace scan_detail

}  // namespace steelyard::router
