#include "router/tokens/probe.h"

#include <algorithm>

namespace steelyard::router {
Batcher::Batcher(PatternId id, ScanWith with) : scan_(scanner_of(id, ScanWith::scalar)) {
  with = std::min(with, best_scan());
  if (with == ScanWith::avx512) fast_ = scan_detail::avx512_batcher(id);
  if (fast_ == nullptr && with >= ScanWith::avx2) fast_ = scan_detail::avx2_batcher(id);
}

// The scalar reference.
std::size_t Batcher::plain(const Vocabulary& vocabulary, const ScanText& text, std::size_t from,
                           Pieces& pieces, Lookups& out) const {
  scan_(text, from, pieces);
  const std::size_t count = pieces.count - (pieces.broken ? 1 : 0);
  const unsigned char* const data = text.data + from;
  std::size_t missed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t start = pieces.start_of(i);
    const PieceKey key = load_key_exactly(data + start, pieces.end_of(i) - start);
    out.key[i] = key;
    out.missed[missed] = static_cast<std::uint16_t>(i);
    missed += vocabulary.lines()[vocabulary.home_of(hash_of(key))].find(key) == nullptr;
  }
  return missed;
}

}  // namespace steelyard::router
