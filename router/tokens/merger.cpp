#include "router/tokens/merger.h"

#include <algorithm>
#include <array>
#include <functional>
#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif

#include "router/tokens/unicode_class.h"

namespace steelyard::router {
namespace {

// The lowest of `count` ranks; `at` has room for a multiple of 8, filled up with the highest.
inline std::uint32_t lowest_of(const std::uint32_t* at, std::size_t count) {
#if defined(__SSE4_1__)
  const auto load = [at](std::size_t i) {
    return _mm_load_si128(reinterpret_cast<const __m128i*>(at + i));
  };
  __m128i low = _mm_min_epu32(load(0), load(4));
  for (std::size_t i = 8; i < count; i += 8)
    low = _mm_min_epu32(low, _mm_min_epu32(load(i), load(i + 4)));
  low = _mm_min_epu32(low, _mm_shuffle_epi32(low, 0x4E));
  low = _mm_min_epu32(low, _mm_shuffle_epi32(low, 0xB1));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(low));
#else
  return *std::min_element(at, at + count);
#endif
}

}  // namespace

Merger::Merger(const Vocabulary& vocabulary, std::size_t window)
    : vocabulary_(vocabulary), window_(window) {
  parts_.reserve(window);
  heap_.reserve(window * 2);
  tokens_.reserve(window);
}

std::int64_t Merger::count(std::span<const unsigned char> piece) {
  if (piece.size() <= few_bytes) {
    std::array<Token, few_bytes> token;
    const bool chars = vocabulary_.sentence() != nullptr;
    const std::size_t parts = chars ? seed_chars(piece, token.data()) : seed(piece, token.data());
    if (parts <= few) return count_few(piece, {token.data(), parts});
  }
  std::int64_t total = 0;
  for (std::size_t window = window_; !count_in_windows(piece, window, total); window *= 4) {
    ++restarts_;
  }
  constexpr std::size_t parts_kept = 4096;
  if (parts_.capacity() > parts_kept || tokens_.capacity() > parts_kept) {
    parts_ = {};
    heap_ = {};
    tokens_ = {};
  }
  return total;
}

std::size_t Merger::bytes() const {
  return parts_.capacity() * sizeof(Part) + heap_.capacity() * sizeof heap_[0] +
         tokens_.capacity() * sizeof(Start);
}

// Characters that are one token start as that: with them the same merges follow as from bytes,
// since what a character is merged into ranks above the character itself. Not where some token goes
// over the character's edge into a part of the next (Vocabulary::of_char).
std::size_t Merger::seed(std::span<const unsigned char> piece, Token* token) const {
  const unsigned char* data = piece.data();
  const std::size_t size = piece.size();
  std::size_t parts = 0;
  unsigned char before = 0;
  for (std::size_t at = 0; at < size;) {
    const unsigned char lead = data[at];
    const std::size_t wide = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    Token whole = no_token;
    if ((wide == 2 || wide == 3) && at + wide <= size) {
      const unsigned char last = data[at + wide - 1];
      const unsigned char behind = at + wide < size ? data[at + wide] : 0;
      const std::uint32_t code =
          wide == 2 ? (lead & 0x1Fu) << 6 | (last & 0x3Fu)
                    : (lead & 0x0Fu) << 12 | (data[at + 1] & 0x3Fu) << 6 | (last & 0x3Fu);
      whole = vocabulary_.of_char(code, before, lead, last, behind);
    }
    if (whole != no_token) {
      token[parts++] = whole;
      at += wide;
    } else {
      for (std::size_t end = std::min(size, at + wide); at < end; ++at)
        token[parts++] = vocabulary_.of_byte(data[at]);
    }
    before = data[at - 1];
  }
  return parts;
}

// Of a SentencePiece vocabulary: characters, and the bytes of those that are no token, each a token
// that merges with nothing.
std::size_t Merger::seed_chars(std::span<const unsigned char> piece, Token* token) const {
  std::size_t parts = 0;
  for (std::size_t at = 0; at < piece.size();) {
    const Decoded next = decode_utf8(piece.data(), at, piece.size());
    const Token whole = next.valid ? vocabulary_.of_code(next.code) : no_token;
    if (whole != no_token) token[parts++] = whole;
    for (std::size_t i = 0; whole == no_token && i < next.size; ++i)
      token[parts++] = SentenceRules::barrier;
    at += next.size;
  }
  return parts;
}

// Parts stay where they are and are chained; a rank holds its place in its low bits, so that the
// lowest is also the leftmost. What two bytes merge into stands in a table of its own, of which the
// letters of a language fit the nearest cache.
std::int64_t Merger::count_few(std::span<const unsigned char> piece, std::span<Token> token) const {
  static constexpr unsigned place_bits = 6;
  static_assert(few < 1U << place_bits && few % 8 == 0);
  const std::size_t parts = token.size();
  alignas(16) std::array<std::uint32_t, few> rank;
  std::array<std::uint8_t, few + 1> before, behind;
  const auto placed = [](Token merged, std::size_t left) {
    return merged == no_token ? no_token : merged << place_bits | static_cast<std::uint32_t>(left);
  };
  const auto offer = [&](std::size_t left, std::size_t right) {
    return placed(vocabulary_.merge(token[left], token[right]), left);
  };
  const bool bytes = parts == piece.size();
  for (std::size_t i = 0; i < parts; ++i) {
    rank[i] = i + 1 == parts ? no_token
              : bytes        ? placed(vocabulary_.merge_bytes(piece[i], piece[i + 1]), i)
                             : offer(i, i + 1);
    before[i] = static_cast<std::uint8_t>(i - 1);
    behind[i] = static_cast<std::uint8_t>(i + 1);
  }
  for (std::size_t i = parts; i % 8 != 0; ++i) rank[i] = no_token;
  std::size_t left = parts;
  for (;;) {
    const std::uint32_t lowest = lowest_of(rank.data(), parts);
    if (lowest == no_token) return static_cast<std::int64_t>(left);
    const std::size_t at = lowest & ((1U << place_bits) - 1);
    const std::size_t gone = behind[at];
    const std::size_t next = behind[gone];
    token[at] = lowest >> place_bits;
    --left;
    rank[gone] = no_token;
    behind[at] = static_cast<std::uint8_t>(next);
    before[next] = static_cast<std::uint8_t>(at);
    rank[at] = next < parts ? offer(at, next) : no_token;
    if (at > 0) rank[before[at]] = offer(before[at], at);
  }
}

// A sequence of tokens is the encoding of its text exactly if every two neighbours are the encoding
// of theirs (github/rust-gems, crates/bpe, "Properties of BPE"). So encodings of two overlapping
// windows can be joined at a token they share: each pair of neighbours then comes from one true
// encoding. The next window starts at a token of this one, well before its end; nearly always its
// first token is the same, since what is appended changes the encoding only near the end. If not,
// false: try wider.
bool Merger::count_in_windows(std::span<const unsigned char> piece, std::size_t window,
                              std::int64_t& total) {
  total = 0;
  std::size_t begin = 0;
  Token expected = no_token;
  for (;;) {
    const std::size_t end = begin + std::min(window, piece.size() - begin);
    encode(piece.subspan(begin, end - begin), begin);
    if (expected != no_token && tokens_.front().token != expected) return false;
    if (end == piece.size()) break;
    std::size_t keep = tokens_.size() - 1;
    while (keep > 0 && tokens_[keep].at + window / 8 > end) --keep;
    if (keep == 0) return false;
    total += static_cast<std::int64_t>(keep);
    begin = tokens_[keep].at;
    expected = tokens_[keep].token;
  }
  total += static_cast<std::int64_t>(tokens_.size());
  return true;
}

// Leaves the tokens of `text` in tokens_, each with its start counted from `offset`.
void Merger::encode(std::span<const unsigned char> text, std::size_t offset) {
  tokens_.clear();
  const bool chars = vocabulary_.sentence() != nullptr;
  if (!chars && text.size() <= flat_most) return encode_flat(text, offset);
  if (chars) {
    split_chars(text);
  } else {
    split(text);
  }
  while (!heap_.empty()) {
    const std::uint64_t lowest = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    const auto at = static_cast<std::uint32_t>(lowest);
    if (parts_[at].merged == lowest >> 32) merge_at(at);
  }
  for (std::uint32_t at = 0; at != nowhere; at = parts_[at].behind) {
    tokens_.push_back({offset + at, parts_[at].token});
  }
}

// As count_few, for more parts: the lowest of the lowest of each eight.
void Merger::encode_flat(std::span<const unsigned char> text, std::size_t offset) {
  Flat& flat = flat_;
  const std::size_t parts = text.size();
  const auto offer = [&](std::size_t left, std::size_t right) {
    const Token merged = vocabulary_.merge(flat.token[left], flat.token[right]);
    return merged == no_token ? no_token
                              : merged << Flat::place_bits | static_cast<std::uint32_t>(left);
  };
  const auto refresh = [&flat](std::size_t at) {
    flat.group[at / 8] = lowest_of(&flat.rank[at & ~std::size_t{7}], 8);
  };
  for (std::size_t i = 0; i < parts; ++i) {
    flat.token[i] = vocabulary_.of_byte(text[i]);
    const Token merged = i + 1 < parts ? vocabulary_.merge_bytes(text[i], text[i + 1]) : no_token;
    flat.rank[i] =
        merged == no_token ? no_token : merged << Flat::place_bits | static_cast<std::uint32_t>(i);
    flat.before[i] = static_cast<std::uint16_t>(i - 1);
    flat.behind[i] = static_cast<std::uint16_t>(i + 1);
  }
  std::size_t end = parts;
  for (; end % 8 != 0; ++end) flat.rank[end] = no_token;
  std::size_t groups = end / 8;
  for (std::size_t g = 0; g < groups; ++g) refresh(g * 8);
  for (; groups % 8 != 0; ++groups) flat.group[groups] = no_token;
  for (;;) {
    const std::uint32_t lowest = lowest_of(flat.group.data(), groups);
    if (lowest == no_token) break;
    const std::size_t at = lowest & ((1U << Flat::place_bits) - 1);
    const std::size_t gone = flat.behind[at];
    const std::size_t next = flat.behind[gone];
    flat.token[at] = lowest >> Flat::place_bits;
    flat.rank[gone] = no_token;
    flat.behind[at] = static_cast<std::uint16_t>(next);
    if (next < parts) flat.before[next] = static_cast<std::uint16_t>(at);
    flat.rank[at] = next < parts ? offer(at, next) : no_token;
    refresh(at);
    if (gone / 8 != at / 8) refresh(gone);
    if (at > 0) {
      const std::size_t left = flat.before[at];
      flat.rank[left] = offer(left, at);
      if (left / 8 != at / 8) {
        refresh(left);
      } else {
        refresh(at);
      }
    }
  }
  for (std::size_t at = 0; at < parts; at = flat.behind[at])
    tokens_.push_back({offset + at, flat.token[at]});
}

void Merger::split(std::span<const unsigned char> text) {
  parts_.clear();
  heap_.clear();
  const std::size_t last = text.size() - 1;
  for (std::size_t i = 0; i <= last; ++i) {
    const Token merged = i < last ? vocabulary_.merge_bytes(text[i], text[i + 1]) : no_token;
    const auto at = static_cast<std::uint32_t>(i);
    parts_.push_back({vocabulary_.of_byte(text[i]), merged, at - 1, i < last ? at + 1 : nowhere});
    if (merged != no_token) heap_.push_back(std::uint64_t{merged} << 32 | at);
  }
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
}

// As split, by characters (seed_chars).
void Merger::split_chars(std::span<const unsigned char> text) {
  parts_.resize(text.size());
  heap_.clear();
  std::uint32_t last = nowhere;
  const auto add = [&](std::size_t offset, Token token) {
    const auto at = static_cast<std::uint32_t>(offset);
    parts_[at] = {token, no_token, last, nowhere};
    if (last != nowhere) {
      parts_[last].behind = at;
      const Token merged = parts_[last].merged = vocabulary_.merge(parts_[last].token, token);
      if (merged != no_token) heap_.push_back(std::uint64_t{merged} << 32 | last);
    }
    last = at;
  };
  for (std::size_t at = 0; at < text.size();) {
    const Decoded next = decode_utf8(text.data(), at, text.size());
    const Token whole = next.valid ? vocabulary_.of_code(next.code) : no_token;
    if (whole != no_token) add(at, whole);
    for (std::size_t i = 0; whole == no_token && i < next.size; ++i)
      add(at + i, SentenceRules::barrier);
    at += next.size;
  }
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
}

// The part behind `at` disappears into it.
void Merger::merge_at(std::uint32_t at) {
  Part& part = parts_[at];
  part.token = part.merged;
  parts_[part.behind].merged = no_token;
  part.behind = parts_[part.behind].behind;
  if (part.behind != nowhere) parts_[part.behind].before = at;
  offer(at);
  if (part.before != nowhere) offer(part.before);
}

// What the part now merges into with the one behind it.
void Merger::offer(std::uint32_t at) {
  Part& part = parts_[at];
  part.merged =
      part.behind == nowhere ? no_token : vocabulary_.merge(part.token, parts_[part.behind].token);
  if (part.merged == no_token) return;
  heap_.push_back(std::uint64_t{part.merged} << 32 | at);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

}  // namespace steelyard::router
