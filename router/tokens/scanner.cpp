#include "router/tokens/scanner.h"

#include "router/tokens/scan_reference.h"

namespace steelyard::router {
namespace scan_detail {

template <PatternId id>
void scan_one(const ScanText& text, std::size_t from, std::size_t at, Pieces& out) {
  Reference<id> reference(text.data, text.size);
  const std::size_t end = reference.piece_end(at);
  if (!text.whole && reference.seen() > text.size) return;
  out.add(static_cast<std::uint32_t>(end - from));
  out.broken = reference.broken();
}

template void scan_one<PatternId::o200k>(const ScanText&, std::size_t, std::size_t, Pieces&);
template void scan_one<PatternId::cl100k>(const ScanText&, std::size_t, std::size_t, Pieces&);
template void scan_one<PatternId::llama3>(const ScanText&, std::size_t, std::size_t, Pieces&);
template void scan_one<PatternId::qwen2>(const ScanText&, std::size_t, std::size_t, Pieces&);
template void scan_one<PatternId::qwen35>(const ScanText&, std::size_t, std::size_t, Pieces&);
template void scan_one<PatternId::deepseek>(const ScanText&, std::size_t, std::size_t, Pieces&);
template void scan_one<PatternId::tekken>(const ScanText&, std::size_t, std::size_t, Pieces&);
template void scan_one<PatternId::kimi>(const ScanText&, std::size_t, std::size_t, Pieces&);

}  // namespace scan_detail

namespace {

template <PatternId id>
void scan_scalar(const ScanText& text, std::size_t from, Pieces& out) {
  out.count = 0;
  out.broken = false;
  Reference<id> reference(text.data, text.size);
  std::size_t at = from;
  while (at < text.size && out.count < Pieces::capacity && !out.broken) {
    at = reference.piece_end(at);
    if (!text.whole && reference.seen() > text.size) return;
    out.add(static_cast<std::uint32_t>(at - from));
    out.broken = reference.broken();
  }
}

ScanFunction scalar_scanner(PatternId id) {
  switch (id) {
    case PatternId::o200k: return scan_scalar<PatternId::o200k>;
    case PatternId::cl100k: return scan_scalar<PatternId::cl100k>;
    case PatternId::llama3: return scan_scalar<PatternId::llama3>;
    case PatternId::qwen2: return scan_scalar<PatternId::qwen2>;
    case PatternId::qwen35: return scan_scalar<PatternId::qwen35>;
    case PatternId::deepseek: return scan_scalar<PatternId::deepseek>;
    case PatternId::tekken: return scan_scalar<PatternId::tekken>;
    case PatternId::kimi: return scan_scalar<PatternId::kimi>;
    case PatternId::sentencepiece: break;
  }
  return scan_scalar<PatternId::o200k>;
}

ScanWith detect() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const auto has = [](bool supported) { return supported; };
  const bool bits = has(__builtin_cpu_supports("bmi")) && has(__builtin_cpu_supports("bmi2")) &&
                    has(__builtin_cpu_supports("popcnt"));
  const bool wide =
      has(__builtin_cpu_supports("avx512f")) && has(__builtin_cpu_supports("avx512bw")) &&
      has(__builtin_cpu_supports("avx512vl")) && has(__builtin_cpu_supports("avx512dq")) &&
      has(__builtin_cpu_supports("avx512vbmi2"));
  if (bits && wide) return ScanWith::avx512;
  if (bits && has(__builtin_cpu_supports("avx2"))) return ScanWith::avx2;
#endif
  return ScanWith::scalar;
}

}  // namespace

const char* name_of(ScanWith with) {
  switch (with) {
    case ScanWith::scalar: return "scalar";
    case ScanWith::avx2: return "avx2";
    case ScanWith::avx512: return "avx512";
  }
  return "scalar";
}

ScanWith best_scan() {
  static const ScanWith best = detect();
  return best;
}

ScanFunction scanner_of(PatternId id, ScanWith with) {
  with = std::min(with, best_scan());
  ScanFunction found = nullptr;
  if (with == ScanWith::avx512) found = scan_detail::avx512_scanner(id);
  if (found == nullptr && with >= ScanWith::avx2) found = scan_detail::avx2_scanner(id);
  return found != nullptr ? found : scalar_scanner(id);
}

}  // namespace steelyard::router
