#include "gateway/exact_counts.h"

#include <algorithm>
#include <array>

#include "gateway/runtime.h"
#include "router/tokens/framing.h"
#include "router/tokens/sliced_count.h"
#include "router/tokens/vocabulary.h"

namespace steelyard {
namespace {

using router::Feature;

// What the text alone decides; the rest is frames, tools and schemas, weighed as for every model.
constexpr std::array text_features{Feature::text,  Feature::words,        Feature::newlines,
                                   Feature::punct, Feature::upper,        Feature::non_ascii,
                                   Feature::wide,  Feature::right_to_left};

bool is_state(const dialect::TextSlice& slice) {
  return slice.kind == dialect::TextKind::state;
}

router::TokenCount count_text(router::TokenCounter& counter, const dialect::ChatRequest& chat,
                              const router::SlicedCount::Slice& slice) {
  router::TokenCount text;
  if (chat.body.size() <= router::SlicedCount::at_once) {
    for (const dialect::TextSlice& one : chat.texts)
      text.tokens +=
          is_state(one) ? router::state_tokens(one.raw.size()) : counter.count_json(one.raw);
    text.upper = text.tokens;
    return text;
  }
  router::SlicedCount sliced(counter, slice);
  std::int64_t states = 0;
  for (const dialect::TextSlice& one : chat.texts) {
    if (is_state(one))
      states += router::state_tokens(one.raw.size());
    else
      sliced.add_json(one.raw);
  }
  text = sliced.total();
  text.tokens += states;
  text.upper += states;
  return text;
}

std::int32_t added(std::int32_t frames, std::int64_t text) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(frames + text, 0, 1 << 30));
}

}  // namespace

void ExactCounts::prepare(const Runtime& runtime, const std::shared_ptr<router::CountMemo>& memo,
                          std::uint64_t seed) {
  std::vector<Counter> kept;
  by_model_.assign(runtime.vocabularies.size(), none);
  for (std::size_t model = 0; model < runtime.vocabularies.size(); ++model) {
    const auto& vocabulary = runtime.vocabularies[model];
    if (vocabulary == nullptr) continue;
    const auto same = [&](const Counter& one) { return one.vocabulary == vocabulary; };
    auto found = std::find_if(kept.begin(), kept.end(), same);
    if (found == kept.end()) {
      const auto old = std::find_if(counters_.begin(), counters_.end(), same);
      if (old != counters_.end()) {
        kept.push_back(std::move(*old));
        counters_.erase(old);
      } else {
        kept.push_back(
            {vocabulary, std::make_unique<router::MemoCounter>(
                             router::make_counter(vocabulary, seed), memo, vocabulary->number())});
      }
      found = kept.end() - 1;
    }
    by_model_[model] = static_cast<int>(found - kept.begin());
  }
  counters_ = std::move(kept);
  seed_ = seed;
  windows_.assign(counters_.size(), 0);
  for (std::size_t model = 0; model < by_model_.size(); ++model) {
    if (by_model_[model] == none) continue;
    std::int64_t& most = windows_[static_cast<std::size_t>(by_model_[model])];
    const std::int64_t context =
        runtime.catalog.model(static_cast<std::int32_t>(model)).context_tokens;
    most = std::max(most, context > 0 ? context : std::int64_t{1} << 30);
  }
}

router::InputFeatures ExactCounts::without_text(router::InputFeatures features) {
  for (const Feature feature : text_features) features[feature] = 0;
  return features;
}

bool ExactCounts::apply(int counter, const dialect::ChatRequest& chat,
                        const router::InputRows& rows, const router::InputFeatures& features,
                        std::span<router::InputCount> counts, std::int32_t except) {
  router::SlicedCount::Slice slice;
  slice.enough_tokens = windows_[static_cast<std::size_t>(counter)];
  slice.seed = seed_;
  const router::TokenCount text = count_text(at(counter), chat, slice);
  const router::InputFeatures frames = without_text(features);
  for (std::size_t model = 0; model < by_model_.size(); ++model) {
    if (by_model_[model] != counter || static_cast<std::int32_t>(model) == except) continue;
    const router::InputCount base = rows.count_one(frames, model);
    const router::InputCount rough = rows.count_one(features, model);
    router::InputCount& count = counts[model];
    count = {added(base.tokens, text.tokens + count.tokens - rough.tokens),
             added(std::max(base.upper, base.tokens), text.upper + count.upper - rough.upper)};
  }
  return text.quality == router::CountQuality::exact;
}

}  // namespace steelyard
