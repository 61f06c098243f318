#include "router/tokens/memo.h"

#include <bit>

namespace steelyard::router {
CountMemo::CountMemo(const MemoSeed& seed, std::size_t entries)
    : hash_(seed),
      lines_(std::bit_ceil(entries < 4 ? std::size_t{4} : entries) / 4),
      line_mask_(lines_.size() - 1) {}

void CountMemo::put(Key key, std::int64_t tokens) {
  if (tokens < 0 || tokens >= std::int64_t{asked_for} - 1) return;
  const Entry entry{key.low, static_cast<std::uint32_t>(key.high >> 32),
                    static_cast<std::uint32_t>(tokens + 1)};
  Line& line = line_of(key);
  for (Entry& slot : line.slot) {
    const bool same = slot.tag == entry.tag && slot.check == entry.check;
    if (slot.value != 0 && !same) continue;
    slot = entry;
    return;
  }
  // The clock's hand spares what was asked for once, and comes to a stop in the second round at
  // last.
  while ((line.slot[hand_ & 3].value & asked_for) != 0) line.slot[hand_++ & 3].value &= ~asked_for;
  line.slot[hand_++ & 3] = entry;
}

MemoCounter::MemoCounter(std::unique_ptr<TokenCounter> counter, const MemoSeed& seed,
                         std::size_t entries, std::size_t shortest)
    : MemoCounter(std::move(counter), std::make_shared<CountMemo>(seed, entries), 0, shortest) {}

MemoCounter::MemoCounter(std::unique_ptr<TokenCounter> counter, std::shared_ptr<CountMemo> memo,
                         unsigned number, std::size_t shortest)
    : counter_(std::move(counter)), memo_(std::move(memo)), number_(number), shortest_(shortest) {}

std::int64_t MemoCounter::count(std::string_view text) {
  if (text.size() < shortest_) return counter_->count(text);
  const CountMemo::Key key = memo_->key_of(text, TextForm::plain, number_);
  const std::int64_t known = memo_->find(key);
  return known >= 0 ? known : count_new(text, TextForm::plain, key);
}

std::int64_t MemoCounter::count_json(std::string_view escaped) {
  if (escaped.size() < shortest_) return counter_->count_json(escaped);
  const CountMemo::Key key = memo_->key_of(escaped, TextForm::json, number_);
  const std::int64_t known = memo_->find(key);
  return known >= 0 ? known : count_new(escaped, TextForm::json, key);
}

std::int64_t MemoCounter::count_new(std::string_view text, TextForm form, CountMemo::Key key) {
  const std::int64_t tokens =
      form == TextForm::json ? counter_->count_json(text) : counter_->count(text);
  memo_->put(key, tokens);
  return tokens;
}

}  // namespace steelyard::router
