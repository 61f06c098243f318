#pragma once
// Remembers how many tokens a message was, by a keyed 128-bit hash of its raw bytes: agents send
// their whole history again with every turn, and hashing is some fifty times cheaper than counting.
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "router/tokens/counter.h"
#include "router/tokens/slice_hash.h"

namespace steelyard::router {

// What the bytes mean; the same bytes may be another number of tokens.
enum class TextForm : std::uint8_t { plain, json };

// Fixed memory, made once: entries of 32 bytes, four looked at per message; where all four are
// taken, the one goes that was not asked for since it was last passed over (clock).
//
// One for all threads of a process, without a lock: an entry is four words, the first of which
// holds the tag mixed with the other three. A reader that meets half of one entry and half of
// another finds a tag that is nobody's (but for a chance of 2^-64), and counts.
class CountMemo {
 public:
  // `entries` is rounded up to a power of two, at least 4. The default takes 4 MB.
  explicit CountMemo(const MemoSeed& seed, std::size_t entries = 131'072);

  // Of 128 bits the low half is the tag; the high half has the place and 32 more to check.
  using Key = SliceKey;
  // `encoding` is any number the caller gives its encodings, below 2^31.
  Key key_of(std::string_view slice, TextForm form, unsigned encoding = 0) const {
    return hash_.of(slice, encoding * 2 + static_cast<unsigned>(form));
  }
  // The remembered count, or -1.
  std::int64_t find(Key key) {
    std::int64_t tokens = -1;
    (void)look(key, tokens);
    return tokens;
  }
  // Counts of 2^31 - 1 and more are not kept.
  void put(Key key, std::int64_t tokens);
  // The same with what the text is made of beside the count, above 32,767 to the next 1,024.
  // find: false if either is not known.
  bool find(Key key, std::int64_t& tokens, TextFeatures& sums);
  void put(Key key, std::int64_t tokens, const TextFeatures& sums);

  std::size_t capacity() const { return homes_.size() * 4; }
  std::size_t bytes() const { return homes_.size() * sizeof(Home); }

 private:
  using Word = std::atomic<std::uint64_t>;
  // `value`: check << 32 | asked_for | tokens + 1 (0: empty). `first`: four of the seven sums;
  // `last`: the others, and whether they are known.
  struct Entry {
    Word tag{0}, value{0}, first{0}, last{0};
  };
  struct Copy {  // of an entry, as it is written or was read
    std::uint64_t tag = 0, value = 0, first = 0, last = 0;
    std::uint64_t mixed() const {
      return (value & ~asked_for) * 0x9E3779B97F4A7C15 ^ first * 0xD6E8FEB86659FD93 ^
             (last + 1) * 0xC2B2AE3D27D4EB4F;
    }
  };
  struct alignas(64) Home {
    std::array<Entry, 4> slot;
  };
  static constexpr std::uint64_t asked_for = 0x80000000;
  static constexpr std::uint64_t count_bits = 0x7fffffff;
  static constexpr std::uint64_t noted = std::uint64_t{1} << 16;  // in `last`

  static Copy copy_of(const Entry& entry) {
    constexpr auto relaxed = std::memory_order_relaxed;
    return {entry.tag.load(relaxed), entry.value.load(relaxed), entry.first.load(relaxed),
            entry.last.load(relaxed)};
  }
  // What is remembered; value 0: nothing. Sets `tokens`, if so.
  Copy look(Key key, std::int64_t& tokens) {
    for (Entry& entry : home_of(key).slot) {
      const std::uint64_t value = entry.value.load(std::memory_order_relaxed);
      if (value >> 32 != key.high >> 32 || (value & count_bits) == 0) continue;
      Copy copy = copy_of(entry);
      if (copy.tag != (key.low ^ copy.mixed())) continue;
      if ((copy.value & asked_for) == 0)
        entry.value.store(copy.value | asked_for, std::memory_order_relaxed);
      tokens = static_cast<std::int64_t>(copy.value & count_bits) - 1;
      return copy;
    }
    return {};
  }
  void put(Key key, Copy entry);
  Home& home_of(Key key) { return homes_[key.high & mask_]; }

  SliceHash hash_;
  std::vector<Home> homes_;
  std::uint64_t mask_ = 0;
  std::atomic<unsigned> hand_{0};
};

// A TokenCounter that asks the memo first. Slices below `shortest` bytes go straight to the
// counter: there counting costs no more than hashing, and they would push out what is worth
// keeping.
class MemoCounter final : public TokenCounter {
 public:
  MemoCounter(std::unique_ptr<TokenCounter> counter, const MemoSeed& seed,
              std::size_t entries = 131'072, std::size_t shortest = 32);
  // One memo for several counters, of all workers; `number` tells their encodings apart.
  MemoCounter(std::unique_ptr<TokenCounter> counter, std::shared_ptr<CountMemo> memo,
              unsigned number, std::size_t shortest = 32);
  std::int64_t count(std::string_view text) override;
  std::int64_t count_json(std::string_view escaped) override;
  std::int64_t look_json(std::string_view escaped, TextFeatures& sums) override;
  std::int64_t known_json(std::string_view escaped) override;
  std::int64_t count_json_within(std::string_view escaped, std::int64_t& work) override {
    return counter_->count_json_within(escaped, work);
  }
  std::int64_t count_json_part(std::string_view escaped) override {
    return counter_->count_json(escaped);
  }
  void remember_json(std::string_view escaped, std::int64_t tokens, bool look) override;
  std::string_view encoding() const override { return counter_->encoding(); }
  const CountMemo& memo() const { return *memo_; }
  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }

 private:
  std::int64_t count_new(std::string_view text, TextForm form, CountMemo::Key key);

  std::unique_ptr<TokenCounter> counter_;
  std::shared_ptr<CountMemo> memo_;
  unsigned number_;
  std::size_t shortest_;
  std::uint64_t hits_ = 0, misses_ = 0;
};

}  // namespace steelyard::router
