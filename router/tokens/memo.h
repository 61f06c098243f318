#pragma once
// Remembers how many tokens a message was, by a keyed 128-bit hash of its raw bytes: agents send
// their whole history again with every turn, and hashing is some fifty times cheaper than counting.
#include <array>
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

// Fixed memory, made once: four entries of 16 bytes a line, one looked at per message; a full line
// gives up the entry that was not asked for since it was last passed over (clock).
// One per worker thread; not synchronised.
class CountMemo {
 public:
  // `entries` is rounded up to a power of two, at least 4. The default takes 1 MB.
  explicit CountMemo(const MemoSeed& seed, std::size_t entries = 65'536);

  // Of 128 bits the low half is the tag; the high half has the line and 32 more to check.
  using Key = SliceKey;
  // `encoding` is any number the caller gives its encodings.
  Key key_of(std::string_view slice, TextForm form, unsigned encoding = 0) const {
    return hash_.of(slice, encoding * 2 + static_cast<unsigned>(form));
  }
  // The remembered count, or -1.
  std::int64_t find(Key key) {
    Entry* const entry = entry_of(key);
    if (entry == nullptr) {
      ++misses_;
      return -1;
    }
    entry->value |= asked_for;
    ++hits_;
    return std::int64_t{entry->value & ~asked_for} - 1;
  }
  // Counts of 2^31 - 1 and more are not kept.
  void put(Key key, std::int64_t tokens);
  // The same with what the text is made of beside the count, above 32,767 to the next 1,024. The
  // first put makes room for all, 10 bytes an entry. find: false if either is not known.
  bool find(Key key, std::int64_t& tokens, TextFeatures& sums);
  void put(Key key, std::int64_t tokens, const TextFeatures& sums);

  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }
  std::size_t capacity() const { return lines_.size() * 4; }

 private:
  struct Entry {
    std::uint64_t tag = 0;
    std::uint32_t check = 0;
    std::uint32_t value = 0;  // tokens + 1 (0: empty); top bit: asked for since last passed over
  };
  struct alignas(64) Line {
    std::array<Entry, 4> slot;
  };
  using Note = std::array<std::uint16_t, 5>;  // packed TextFeatures; no_note first: none
  static constexpr std::uint16_t no_note = 0xffff;
  std::size_t index_of(Key key, const Entry& entry) const {
    const std::size_t line = key.high & line_mask_;
    return line * 4 + static_cast<std::size_t>(&entry - lines_[line].slot.data());
  }
  Entry* entry_of(Key key) {
    const auto check = static_cast<std::uint32_t>(key.high >> 32);
    for (Entry& entry : line_of(key).slot)
      if (entry.tag == key.low && entry.check == check && entry.value != 0) return &entry;
    return nullptr;
  }
  Entry* place(Key key, std::int64_t tokens);
  static constexpr std::uint32_t asked_for = 0x80000000;
  Line& line_of(Key key) { return lines_[key.high & line_mask_]; }

  SliceHash hash_;
  std::vector<Line> lines_;
  std::vector<Note> notes_;  // by entry; empty until one is put
  std::uint64_t line_mask_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  unsigned hand_ = 0;
};

// A TokenCounter that asks the memo first. Slices below `shortest` bytes go straight to the
// counter: there counting costs no more than hashing, and they would push out what is worth
// keeping.
class MemoCounter final : public TokenCounter {
 public:
  MemoCounter(std::unique_ptr<TokenCounter> counter, const MemoSeed& seed,
              std::size_t entries = 65'536, std::size_t shortest = 32);
  // One memo for several counters of a worker; `number` tells their encodings apart.
  MemoCounter(std::unique_ptr<TokenCounter> counter, std::shared_ptr<CountMemo> memo,
              unsigned number, std::size_t shortest = 32);
  std::int64_t count(std::string_view text) override;
  std::int64_t count_json(std::string_view escaped) override;
  std::int64_t look_json(std::string_view escaped, TextFeatures& sums) override;
  std::string_view encoding() const override { return counter_->encoding(); }
  const CountMemo& memo() const { return *memo_; }

 private:
  std::int64_t count_new(std::string_view text, TextForm form, CountMemo::Key key);

  std::unique_ptr<TokenCounter> counter_;
  std::shared_ptr<CountMemo> memo_;
  unsigned number_;
  std::size_t shortest_;
};

}  // namespace steelyard::router
