#include "router/tokens/probe.h"

namespace steelyard::router {
namespace scan_detail {

void ask(const Vocabulary& vocabulary, const ScanText& text, std::size_t from, const Pieces& pieces,
         std::size_t count, Lookups& out) {
  const unsigned char* const data = text.data + from;
  const std::size_t readable = text.size - from;
  const auto start_of = [&](std::size_t i) { return i == 0 ? 0 : pieces.end[i - 1]; };
  std::size_t roomy = count;  // so many have 16 bytes to read
  while (roomy > 0 && start_of(roomy - 1) + 16 > readable) --roomy;
  const PieceLine* const lines = vocabulary.lines();
  std::uint32_t start = 0;
  for (std::size_t i = 0; i < roomy; ++i) {
    const std::uint32_t end = pieces.end[i];
    const PieceKey key = load_key(data + start, end - start);
    out.key[i] = key;
    out.line[i] = vocabulary.home_of(hash_of(key));
    __builtin_prefetch(lines + out.line[i]);
    start = end;
  }
  for (std::size_t i = roomy; i < count; ++i) {
    out.key[i] = load_key_exactly(data + start_of(i), pieces.end[i] - start_of(i));
    out.line[i] = vocabulary.home_of(hash_of(out.key[i]));
  }
}

}  // namespace scan_detail

namespace {

std::size_t probe_scalar(const Vocabulary& vocabulary, const ScanText& text, std::size_t from,
                         const Pieces& pieces, std::size_t count, Lookups& out) {
  scan_detail::ask(vocabulary, text, from, pieces, count, out);
  std::size_t missed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    out.missed[missed] = static_cast<std::uint16_t>(i);
    missed += vocabulary.lines()[out.line[i]].find(out.key[i]) == nullptr;
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
