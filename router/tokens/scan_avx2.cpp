#include "router/tokens/scanner.h"
namespace steelyard::router::scan_detail { ScanFunction avx2_scanner(PatternId){return nullptr;} ScanFunction avx512_scanner(PatternId){return nullptr;} }
#include "router/tokens/probe.h"
namespace steelyard::router::scan_detail {
std::size_t probe_avx2(const Vocabulary&, const ScanText&, std::size_t, const Pieces&, std::size_t, Lookups&){return 0;}
std::size_t probe_avx512(const Vocabulary&, const ScanText&, std::size_t, const Pieces&, std::size_t, Lookups&){return 0;}
}
