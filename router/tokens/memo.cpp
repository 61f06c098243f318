#include "router/tokens/memo.h"

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // AVX2 or AVX-512 where the CPU has them
#endif

#include <bit>

namespace steelyard::router {
namespace {

constexpr std::uint32_t asked_for = 0x80000000;

}  // namespace

CountMemo::CountMemo(const MemoSeed& seed, std::size_t entries)
    : lines_(std::bit_ceil(entries < 4 ? std::size_t{4} : entries) / 4),
      line_mask_(lines_.size() - 1) {
  MemoSeed own = seed;
  for (Secret& secret : secrets_) {
    XXH3_generateSecret(secret.bytes.data(), secret.bytes.size(), own.data(), own.size());
    own[0] ^= 1;  // another secret for the other form
  }
}

CountMemo::Key CountMemo::key_of(std::string_view slice, TextForm form) const {
  const auto& secret = secrets_[static_cast<std::size_t>(form)].bytes;
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(slice.data(), slice.size(), secret.data(), secret.size());
  return {hash.low64, hash.high64};
}

std::int64_t CountMemo::find(Key key) {
  const auto check = static_cast<std::uint32_t>(key.high >> 32);
  for (Entry& entry : line_of(key).slot) {
    if (entry.tag != key.low || entry.check != check || entry.value == 0) continue;
    entry.value |= asked_for;
    ++hits_;
    return std::int64_t{entry.value & ~asked_for} - 1;
  }
  ++misses_;
  return -1;
}

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
    : counter_(std::move(counter)), memo_(seed, entries), shortest_(shortest) {}

std::int64_t MemoCounter::count(std::string_view text) {
  if (text.size() < shortest_) return counter_->count(text);
  const CountMemo::Key key = memo_.key_of(text, TextForm::plain);
  if (const std::int64_t known = memo_.find(key); known >= 0) return known;
  const std::int64_t tokens = counter_->count(text);
  memo_.put(key, tokens);
  return tokens;
}

std::int64_t MemoCounter::count_json(std::string_view escaped) {
  if (escaped.size() < shortest_) return counter_->count_json(escaped);
  const CountMemo::Key key = memo_.key_of(escaped, TextForm::json);
  if (const std::int64_t known = memo_.find(key); known >= 0) return known;
  const std::int64_t tokens = counter_->count_json(escaped);
  memo_.put(key, tokens);
  return tokens;
}

}  // namespace steelyard::router
