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

namespace steelyard::router {

// 32 secret bytes, drawn once per process by the caller: without them nobody can prepare two
// messages that share an entry.
using MemoSeed = std::array<unsigned char, 32>;

// What the bytes mean; the same bytes may be another number of tokens.
enum class TextForm : std::uint8_t { plain, json };

// Fixed memory, made once: four entries of 16 bytes a line, one looked at per message; a full line
// gives up the entry that was not asked for since it was last passed over (clock).
// One per worker thread; not synchronised.
class CountMemo {
 public:
  // `entries` is rounded up to a power of two, at least 4. The default takes 1 MB.
  explicit CountMemo(const MemoSeed& seed, std::size_t entries = 65'536);

  // 128 bits of the hash: the low half is the tag; the high half has the line and 32 more to check.
  struct Key {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
  };
  Key key_of(std::string_view slice, TextForm form) const;
  // The remembered count, or -1.
  std::int64_t find(Key key);
  // Counts of 2^31 - 1 and more are not kept.
  void put(Key key, std::int64_t tokens);

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
  // Aligned so that it never lies across two pages, which makes hashing several times slower.
  struct alignas(256) Secret {
    std::array<unsigned char, 192> bytes;
  };
  Line& line_of(Key key) { return lines_[key.high & line_mask_]; }

  std::array<Secret, 2> secrets_;  // by TextForm
  std::vector<Line> lines_;
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
  std::int64_t count(std::string_view text) override;
  std::int64_t count_json(std::string_view escaped) override;
  std::string_view encoding() const override { return counter_->encoding(); }
  const CountMemo& memo() const { return memo_; }

 private:
  std::unique_ptr<TokenCounter> counter_;
  CountMemo memo_;
  std::size_t shortest_;
};

}  // namespace steelyard::router
