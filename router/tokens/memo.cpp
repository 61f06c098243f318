#include "router/tokens/memo.h"

#include <algorithm>
#include <bit>

#include "router/calibration/text_features.h"

namespace steelyard::router {
namespace {

constexpr std::uint16_t thousands = 0x8000;  // the rest are units of 1,024

std::uint16_t packed(std::int64_t value) {
  if (value < thousands) return static_cast<std::uint16_t>(value);
  const std::int64_t units = std::min<std::int64_t>((value + 1023) >> 10, 0x7ffe);
  return static_cast<std::uint16_t>(thousands | units);
}

std::int64_t unpacked(std::uint16_t value) {
  return value < thousands ? value : std::int64_t{value & 0x7fff} << 10;
}

}  // namespace

CountMemo::CountMemo(const MemoSeed& seed, std::size_t entries)
    : hash_(seed),
      lines_(std::bit_ceil(entries < 4 ? std::size_t{4} : entries) / 4),
      line_mask_(lines_.size() - 1) {}

void CountMemo::put(Key key, std::int64_t tokens) {
  const Entry* const entry = place(key, tokens);
  if (entry != nullptr && !notes_.empty()) notes_[index_of(key, *entry)][0] = no_note;
}

void CountMemo::put(Key key, std::int64_t tokens, const TextFeatures& sums) {
  const Entry* const entry = place(key, tokens);
  if (entry == nullptr) return;
  if (notes_.empty()) notes_.assign(capacity(), Note{no_note});
  notes_[index_of(key, *entry)] = {packed(sums.words), packed(sums.newlines), packed(sums.punct),
                                   packed(sums.upper), packed(sums.non_ascii)};
}

bool CountMemo::find(Key key, std::int64_t& tokens, TextFeatures& sums) {
  Entry* const entry = entry_of(key);
  if (entry == nullptr || notes_.empty() || notes_[index_of(key, *entry)][0] == no_note) {
    ++misses_;
    return false;
  }
  entry->value |= asked_for;
  ++hits_;
  tokens = std::int64_t{entry->value & ~asked_for} - 1;
  const Note& note = notes_[index_of(key, *entry)];
  sums += TextFeatures{unpacked(note[0]), unpacked(note[1]), unpacked(note[2]), unpacked(note[3]),
                       unpacked(note[4])};
  return true;
}

// The entry that now holds the count; null: it is not kept.
CountMemo::Entry* CountMemo::place(Key key, std::int64_t tokens) {
  if (tokens < 0 || tokens >= std::int64_t{asked_for} - 1) return nullptr;
  const Entry entry{key.low, static_cast<std::uint32_t>(key.high >> 32),
                    static_cast<std::uint32_t>(tokens + 1)};
  Line& line = line_of(key);
  for (Entry& slot : line.slot) {
    const bool same = slot.tag == entry.tag && slot.check == entry.check;
    if (slot.value != 0 && !same) continue;
    slot = entry;
    return &slot;
  }
  // The clock's hand spares what was asked for once, and comes to a stop in the second round at
  // last.
  while ((line.slot[hand_ & 3].value & asked_for) != 0) line.slot[hand_++ & 3].value &= ~asked_for;
  Entry& slot = line.slot[hand_++ & 3];
  slot = entry;
  return &slot;
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

std::int64_t MemoCounter::look_json(std::string_view escaped, TextFeatures& sums) {
  if (escaped.size() < shortest_) return counter_->look_json(escaped, sums);
  const CountMemo::Key key = memo_->key_of(escaped, TextForm::json, number_);
  std::int64_t tokens = 0;
  if (memo_->find(key, tokens, sums)) return tokens;
  TextFeatures own;
  tokens = counter_->look_json(escaped, own);
  memo_->put(key, tokens, own);
  sums += own;
  return tokens;
}

std::int64_t MemoCounter::count_new(std::string_view text, TextForm form, CountMemo::Key key) {
  const std::int64_t tokens =
      form == TextForm::json ? counter_->count_json(text) : counter_->count(text);
  memo_->put(key, tokens);
  return tokens;
}

}  // namespace steelyard::router
