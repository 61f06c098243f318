#pragma once
// The delta rule: a conversation is sent again with every turn, and the last turn's bill says what
// its beginning costs. Only what was added has to be estimated, so the error shrinks with it.
#include <cstdint>
#include <string_view>
#include <vector>

#include "router/input_counts.h"

namespace steelyard::router {

// For keys of conversations; not secret: a key that two share is noticed by TurnBilled's figures.
std::uint64_t slice_hash(std::string_view bytes);

// What is known of a conversation's last turn.
struct TurnBilled {
  std::uint64_t key = 0;  // 0: nothing
  std::uint32_t slot = 0;
  std::int32_t messages = 0;
  std::int64_t text_tokens = 0;  // of these messages, by the gateway's counter
  std::int64_t billed = 0;
  InputFeatures features;
};

// Direct-mapped; a new conversation takes the place of an old one.
class Conversations {
 public:
  explicit Conversations(std::size_t entries = 8192) : table_(entries) {}
  const TurnBilled* find(std::uint64_t key) const {
    const TurnBilled& entry = table_[key % table_.size()];
    return entry.key == key && key != 0 ? &entry : nullptr;
  }
  void put(const TurnBilled& turn) {
    if (turn.key != 0) table_[turn.key % table_.size()] = turn;
  }

 private:
  std::vector<TurnBilled> table_;
};

// What came since `before`: all features of the request at hand less those of the last turn.
inline InputFeatures added_since(const TurnBilled& before, const InputFeatures& now) {
  InputFeatures added;
  for (std::size_t k = 0; k < feature_count; ++k)
    added.value[k] = now.value[k] - before.features.value[k];
  return added;
}

// The bill of the last turn and what the filter makes of the rest.
inline InputCount continue_turn(const TurnBilled& before, float added, float factor) {
  constexpr float frames = 12;  // of new messages
  const float base = static_cast<float>(before.billed);
  const float likely = base + (added > 0 ? added : 0);
  const float bound = base * 1.002f + (added > 0 ? added * factor : 0) + frames;
  return {static_cast<std::int32_t>(likely + 0.5f), static_cast<std::int32_t>(bound + 1)};
}

}  // namespace steelyard::router
