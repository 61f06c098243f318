#include "router/tokens/counter.h"

#include <array>

#include "router/calibration/text_features.h"
#include "router/tokens/bpe_counter.h"
#include "router/tokens/sentence_counter.h"
#include "router/tokens/vocabulary.h"
#include "router/tokens/vocabulary_data.h"

namespace steelyard::router {
namespace {

// The catalogue's `qwen-3` is not here: of Qwen 3.7 and later it is not published which vocabulary
// they have.
struct Family {
  std::string_view family, encoding;
};
constexpr std::array families{
    Family{"o200k", "o200k_base"},         Family{"o200k_base", "o200k_base"},
    Family{"o200k_harmony", "o200k_base"}, Family{"cl100k", "cl100k_base"},
    Family{"cl100k_base", "cl100k_base"},  Family{"qwen3", "qwen3"},
    Family{"deepseek-v3", "deepseek_v3"},  Family{"deepseek-v4", "deepseek_v3"},
    Family{"deepseek_v3", "deepseek_v3"},  Family{"tekken", "tekken"},
    Family{"qwen3.5", "qwen3_5"},          Family{"qwen3.6", "qwen3_5"},
};

template <std::size_t index>
std::shared_ptr<const Vocabulary> unpack_once() {
  static const std::shared_ptr<const Vocabulary> kept = [] {
    auto unpacked = Vocabulary::unpack(shipped_vocabularies()[index].packed);
    return unpacked ? *unpacked : nullptr;
  }();
  return kept;
}

}  // namespace

std::int64_t TokenCounter::look_json(std::string_view escaped, TextFeatures& sums) {
  sums += text_features(escaped, TextForm::json);
  return count_json(escaped);
}

const char* name_of(CountQuality quality) {
  switch (quality) {
    case CountQuality::exact: return "exact";
    case CountQuality::calibrated: return "calibrated";
    case CountQuality::prior: return "prior";
  }
  return "prior";
}

std::string_view encoding_of_family(std::string_view family) {
  for (const Family& row : families)
    if (row.family == family) return row.encoding;
  return {};
}

std::shared_ptr<const Vocabulary> shipped_vocabulary(std::string_view family) {
  static const std::array loads{unpack_once<0>, unpack_once<1>, unpack_once<2>,
                                unpack_once<3>, unpack_once<4>, unpack_once<5>};
  const std::string_view encoding = encoding_of_family(family);
  const auto shipped = shipped_vocabularies();
  for (std::size_t i = 0; i < loads.size(); ++i)
    if (shipped[i].name == encoding) return loads[i]();
  return nullptr;
}

std::unique_ptr<TokenCounter> make_counter(std::shared_ptr<const Vocabulary> vocabulary,
                                           std::uint64_t seed) {
  if (vocabulary->sentence() != nullptr)
    return std::make_unique<SentenceCounter>(std::move(vocabulary), seed);
  return std::make_unique<BpeCounter>(std::move(vocabulary), seed, best_scan());
}

}  // namespace steelyard::router
