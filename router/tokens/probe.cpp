#include "router/tokens/probe.h"

namespace steelyard::router {
namespace {

std::size_t probe_scalar(const Vocabulary& vocabulary, const ScanText& text, std::size_t from,
                         const Pieces& pieces, std::size_t count, Lookups& out) {
  std::uint32_t start = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t size = pieces.end[i] - start;
    if (size <= PieceKey::longest) [[likely]] {
      out.key[i] = key_at(text, from + start, size);
      out.hash[i] = hash_of(out.key[i]);
      __builtin_prefetch(vocabulary.line_at(out.hash[i]));
    } else {
      out.key[i] = PieceKey{};
    }
    start = pieces.end[i];
  }
  std::size_t missed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const PieceKey& key = out.key[i];
    const bool found = !key.empty() && vocabulary.line_at(out.hash[i])->find(key) != nullptr;
    out.missed[missed] = static_cast<std::uint16_t>(i);
    missed += !found;
  }
  return missed;
}

}  // namespace

ProbeFunction probe_with(ScanWith with) {
#if defined(__x86_64__)
  if (with == ScanWith::avx512 && best_scan() == ScanWith::avx512) return scan_detail::probe_avx512;
  if (with >= ScanWith::avx2 && best_scan() >= ScanWith::avx2) return scan_detail::probe_avx2;
#else
  (void)with;
#endif
  return probe_scalar;
}

}  // namespace steelyard::router
