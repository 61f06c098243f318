#pragma once
// Cuts text into the pieces of a pattern (piece_pattern.h); each is merged on its own. For every
// pattern a scalar reference (scan_reference.h) and a scanner of 64 bytes at a time
// (scan_blocks.inc) in AVX2 and AVX-512, chosen when the program runs.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "router/tokens/piece_pattern.h"

namespace steelyard::router {

// A batch of pieces, offsets from where the scan began, which is the first piece's start. Texts are
// below 4 GB.
struct Pieces {
  static constexpr std::size_t capacity = 256;
  static constexpr std::size_t room = 64;  // what a scanner of blocks may write beyond its count
  std::size_t count = 0;
  bool broken = false;  // the last piece holds bytes that are not UTF-8; the batch ends with it
  std::array<std::uint32_t, 1 + capacity + room> edge;  // 0, and the end of each piece

  Pieces() { edge[0] = 0; }
  std::uint32_t start_of(std::size_t i) const { return edge[i]; }
  std::uint32_t end_of(std::size_t i) const { return edge[i + 1]; }
  void add(std::uint32_t end) { edge[++count] = end; }
};

// What is to be scanned; `whole` is false when more text follows behind `size`.
struct ScanText {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  bool whole = true;
};

// Fills `out` from offset `from` on, which must be 0 or the end of a piece. No piece at all: the
// next one may depend on what follows (only when the text is not whole), or from == size. Linear
// over a whole text.
using ScanFunction = void (*)(const ScanText& text, std::size_t from, Pieces& out);

enum class ScanWith : std::uint8_t { scalar, avx2, avx512 };
const char* name_of(ScanWith with);
ScanWith best_scan();  // what this CPU can do

// Above what the CPU can do, or for a pattern without a fast scanner: the next best.
ScanFunction scanner_of(PatternId id, ScanWith with);
inline ScanFunction scanner_of(PatternId id) {
  return scanner_of(id, best_scan());
}

namespace scan_detail {
// The scalar step: one piece at `at` with the reference, or no piece (see above).
template <PatternId id>
void scan_one(const ScanText& text, std::size_t from, std::size_t at, Pieces& out);
ScanFunction avx2_scanner(PatternId id);    // null: none
ScanFunction avx512_scanner(PatternId id);  // null: none
}  // namespace scan_detail

}  // namespace steelyard::router
