// Counts records from standard input, for comparison with other tokenizers:
// usage: steelyard_token_records VOCABULARY [plain|json] [scalar|avx2|avx512]
// VOCABULARY is a shipped family or a packed file. Input: a 32-bit little-endian size and that many
// bytes, again and again; output: a line with the count of each.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "router/tokens/bpe_counter.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

std::shared_ptr<const Vocabulary> open_vocabulary(const std::string& name) {
  if (auto shipped = shipped_vocabulary(name)) return shipped;
  std::ifstream file(name, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  auto unpacked =
      Vocabulary::unpack({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
  if (unpacked) return *unpacked;
  std::cerr << name << ": " << unpacked.error().context << "\n";
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.empty()) return 2;
  const auto vocabulary = open_vocabulary(args[0]);
  if (vocabulary == nullptr) return 1;
  const bool json = args.size() > 1 && args[1] == "json";
  ScanWith with = best_scan();
  if (args.size() > 2 && args[2] == "scalar") with = ScanWith::scalar;
  if (args.size() > 2 && args[2] == "avx2") with = ScanWith::avx2;
  const std::unique_ptr<TokenCounter> counter =
      vocabulary->sentence() != nullptr ? make_counter(vocabulary, 1)
                                        : std::make_unique<BpeCounter>(vocabulary, 1, with);
  std::string text;
  for (std::uint32_t size = 0; std::fread(&size, 4, 1, stdin) == 1;) {
    text.resize(size);
    if (size != 0 && std::fread(text.data(), 1, size, stdin) != size) return 1;
    std::printf("%lld\n",
                static_cast<long long>(json ? counter->count_json(text) : counter->count(text)));
    std::fflush(stdout);
  }
  return 0;
}
