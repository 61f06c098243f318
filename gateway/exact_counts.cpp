#include "gateway/exact_counts.h"

#include <algorithm>

#include "gateway/runtime.h"
#include "router/tokens/framing_table.h"

namespace steelyard {
namespace {

using router::Feature;

struct OwnText {
  std::int64_t text = 0, tools = 0;
};

OwnText count_text(router::TokenCounter& counter, const dialect::ChatRequest& chat) {
  OwnText own;
  for (const dialect::TextSlice& slice : chat.texts) own.text += counter.count_json(slice.raw);
  if (!chat.response_format_value.empty())
    own.text += counter.count(chat.response_format_value.of(chat.body));
  if (!chat.tools.empty()) own.tools = counter.count(chat.tools.of(chat.body));
  return own;
}

std::int32_t added(std::int32_t frames, std::int64_t text) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(frames + text, 0, 1 << 30));
}

}  // namespace

void ExactCounts::prepare(const Runtime& runtime, const router::MemoSeed& seed) {
  std::vector<Counter> kept;
  by_model_.assign(runtime.vocabularies.size(), -1);
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
        if (memo_ == nullptr) memo_ = std::make_shared<router::CountMemo>(seed);
        std::uint64_t cache_seed = 0;
        for (const unsigned char byte : seed) cache_seed = cache_seed * 257 + byte;
        kept.push_back(
            {vocabulary, std::make_unique<router::MemoCounter>(
                             router::make_counter(vocabulary, cache_seed), memo_, next_number_++)});
      }
      found = kept.end() - 1;
    }
    by_model_[model] = static_cast<int>(found - kept.begin());
  }
  counters_ = std::move(kept);
}

void ExactCounts::apply(const Runtime& runtime, const dialect::ChatRequest& chat,
                        const router::InputRows& rows, const router::InputFeatures& features,
                        std::span<router::InputCount> counts) {
  if (counters_.empty()) return;
  const std::int32_t named = runtime.catalog.find_model(chat.model);
  if (named < 0 || static_cast<std::size_t>(named) >= by_model_.size()) return;
  const int number = by_model_[static_cast<std::size_t>(named)];
  if (number < 0) return;
  const OwnText own = count_text(*counters_[static_cast<std::size_t>(number)].counter, chat);
  router::InputFeatures frames = features;
  frames[Feature::text] = 0;
  frames[Feature::tool_text] = 0;
  for (std::size_t model = 0; model < by_model_.size(); ++model) {
    if (by_model_[model] != number) continue;
    const router::InputCount base = rows.count_one(frames, model);
    const std::int32_t shown = runtime.catalog.models()[model].framing.chat->tool_json_percent;
    counts[model] = {added(base.tokens, own.text + (own.tools * shown + 99) / 100),
                     added(base.upper, own.text + own.tools)};
    counts[model].upper = std::max(counts[model].upper, counts[model].tokens);
  }
}

}  // namespace steelyard
