#pragma once
// Looks a batch of pieces up in the vocabulary: how many are one token, and which are not.
#include <array>
#include <cstdint>

#include "router/tokens/piece_key.h"
#include "router/tokens/scanner.h"
#include "router/tokens/vocabulary.h"

namespace steelyard::router {

struct Lookups {
  alignas(16) std::array<PieceKey, Pieces::capacity + Pieces::room> key;
  std::array<std::uint32_t, Pieces::capacity + Pieces::room> line;        // of the vocabulary
  std::array<std::uint16_t, Pieces::capacity + Pieces::room + 1> missed;  // indices: see below
};

// Looks up the first `count` pieces from offset `from` on. Into `missed` go, in order, those that
// are not in their line of the vocabulary, and all above 15 bytes; Returns how many those are. Two
// passes: the first asks for every cache line that the second will read.
using ProbeFunction = std::size_t (*)(const Vocabulary& vocabulary, const ScanText& text,
                                      std::size_t from, const Pieces& pieces, std::size_t count,
                                      Lookups& out);

ProbeFunction probe_with(ScanWith with);

namespace scan_detail {
// The first pass: keys and lines, no branch that a text decides.
void ask(const Vocabulary& vocabulary, const ScanText& text, std::size_t from, const Pieces& pieces,
         std::size_t count, Lookups& out);
std::size_t probe_avx2(const Vocabulary&, const ScanText&, std::size_t, const Pieces&, std::size_t,
                       Lookups&);
std::size_t probe_avx512(const Vocabulary&, const ScanText&, std::size_t, const Pieces&,
                         std::size_t, Lookups&);
}  // namespace scan_detail

}  // namespace steelyard::router
