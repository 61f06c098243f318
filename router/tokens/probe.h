#pragma once
// Looks a batch of pieces up in the vocabulary: how many are one token, and which are not.
#include <array>
#include <cstdint>

#include "router/tokens/piece_key.h"
#include "router/tokens/scanner.h"
#include "router/tokens/vocabulary.h"

namespace steelyard::router {

struct Lookups {
  std::array<PieceKey, Pieces::capacity + Pieces::room> key;
  std::array<std::uint64_t, Pieces::capacity + Pieces::room> hash;
  std::array<std::uint16_t, Pieces::capacity + Pieces::room + 1> missed;  // indices: see below
};

// Looks up the first `count` pieces from offset `from` on. Into `missed` go, in order, those that
// are not in their line of the vocabulary, and all above 15 bytes; Returns how many those are. Two
// passes: the first asks for every cache line that the second will read.
using ProbeFunction = std::size_t (*)(const Vocabulary& vocabulary, const ScanText& text,
                                      std::size_t from, const Pieces& pieces, std::size_t count,
                                      Lookups& out);

ProbeFunction probe_with(ScanWith with);

// The key of text[from, from + size), size at most 15.
inline PieceKey key_at(const ScanText& text, std::size_t from, std::size_t size) {
  return from + 16 <= text.size ? load_key(text.data + from, size)
                                : load_key_exactly(text.data + from, size);
}

namespace scan_detail {
std::size_t probe_avx2(const Vocabulary&, const ScanText&, std::size_t, const Pieces&, std::size_t,
                       Lookups&);
std::size_t probe_avx512(const Vocabulary&, const ScanText&, std::size_t, const Pieces&,
                         std::size_t, Lookups&);
}  // namespace scan_detail

}  // namespace steelyard::router
