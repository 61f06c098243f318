#include "router/tokens/memo.h"

#include <algorithm>
#include <bit>

#include "router/calibration/text_features.h"

namespace steelyard::router {
namespace {

constexpr unsigned wide_place = 32, right_to_left_place = 48;  // in an entry's `last`
constexpr std::uint16_t thousands = 0x8000;                    // the rest are units of 1,024

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
      homes_(std::bit_ceil(entries < 4 ? std::size_t{4} : entries) / 4),
      mask_(homes_.size() - 1) {}

void CountMemo::put(Key key, std::int64_t tokens) {
  if (tokens < 0 || tokens >= static_cast<std::int64_t>(count_bits)) return;
  put(key, Copy{0, static_cast<std::uint64_t>(tokens) + 1, 0, 0});
}

void CountMemo::put(Key key, std::int64_t tokens, const TextFeatures& sums) {
  if (tokens < 0 || tokens >= static_cast<std::int64_t>(count_bits)) return;
  const std::uint64_t scripts = std::uint64_t{packed(sums.wide)} << wide_place |
                                std::uint64_t{packed(sums.right_to_left)} << right_to_left_place;
  Copy entry{0, static_cast<std::uint64_t>(tokens) + 1, 0,
             scripts | noted | packed(sums.non_ascii)};
  for (const std::int64_t sum : {sums.words, sums.newlines, sums.punct, sums.upper})
    entry.first = entry.first << 16 | packed(sum);
  put(key, entry);
}

bool CountMemo::find(Key key, std::int64_t& tokens, TextFeatures& sums) {
  std::int64_t known = -1;
  const Copy found = look(key, known);
  if ((found.last & noted) == 0) return false;
  tokens = known;
  const auto part = [&found](int place) {
    return unpacked(static_cast<std::uint16_t>(found.first >> place));
  };
  sums += TextFeatures{part(48),
                       part(32),
                       part(16),
                       part(0),
                       unpacked(static_cast<std::uint16_t>(found.last)),
                       unpacked(static_cast<std::uint16_t>(found.last >> wide_place)),
                       unpacked(static_cast<std::uint16_t>(found.last >> right_to_left_place))};
  return true;
}

// Into the slot of the same text, else an empty one, else the clock's: its hand spares what was
// asked for once, and comes to a stop in the second round at last.
void CountMemo::put(Key key, Copy entry) {
  constexpr auto relaxed = std::memory_order_relaxed;
  entry.value |= key.high >> 32 << 32;
  entry.tag = key.low ^ entry.mixed();
  Home& home = home_of(key);
  Entry* slot = nullptr;
  for (Entry& one : home.slot) {
    const Copy there = copy_of(one);
    const bool same = there.tag == (key.low ^ there.mixed());
    if ((there.value & count_bits) != 0 && !same) continue;
    slot = &one;
    break;
  }
  unsigned hand = hand_.load(relaxed);
  while (slot == nullptr) {
    Entry& one = home.slot[hand++ & 3];
    const std::uint64_t value = one.value.load(relaxed);
    if ((value & asked_for) == 0) slot = &one;
    one.value.store(value & ~asked_for, relaxed);
    hand_.store(hand, relaxed);
  }
  slot->tag.store(entry.tag, relaxed);
  slot->value.store(entry.value, relaxed);
  slot->first.store(entry.first, relaxed);
  slot->last.store(entry.last, relaxed);
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
  if (known < 0) return count_new(text, TextForm::plain, key);
  ++hits_;
  return known;
}

std::int64_t MemoCounter::count_json(std::string_view escaped) {
  if (escaped.size() < shortest_) return counter_->count_json(escaped);
  const CountMemo::Key key = memo_->key_of(escaped, TextForm::json, number_);
  const std::int64_t known = memo_->find(key);
  if (known < 0) return count_new(escaped, TextForm::json, key);
  ++hits_;
  return known;
}

std::int64_t MemoCounter::look_json(std::string_view escaped, TextFeatures& sums) {
  if (escaped.size() < shortest_) return counter_->look_json(escaped, sums);
  const CountMemo::Key key = memo_->key_of(escaped, TextForm::json, number_);
  std::int64_t tokens = 0;
  if (memo_->find(key, tokens, sums)) {
    ++hits_;
    return tokens;
  }
  ++misses_;
  TextFeatures own;
  tokens = counter_->look_json(escaped, own);
  memo_->put(key, tokens, own);
  sums += own;
  return tokens;
}

void MemoCounter::remember_json(std::string_view escaped, std::int64_t tokens, bool look) {
  if (escaped.size() < shortest_) return;
  const CountMemo::Key key = memo_->key_of(escaped, TextForm::json, number_);
  if (look) return memo_->put(key, tokens, text_features(escaped, TextForm::json));
  memo_->put(key, tokens);
}

std::int64_t MemoCounter::known_json(std::string_view escaped) {
  if (escaped.size() < shortest_) return -1;
  return memo_->find(memo_->key_of(escaped, TextForm::json, number_));
}

std::int64_t MemoCounter::count_new(std::string_view text, TextForm form, CountMemo::Key key) {
  ++misses_;
  const std::int64_t tokens =
      form == TextForm::json ? counter_->count_json(text) : counter_->count(text);
  memo_->put(key, tokens);
  return tokens;
}

}  // namespace steelyard::router
