#include "router/calibration/text_features.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace steelyard::router {
namespace {

constexpr std::size_t block = 16;
constexpr std::size_t part = 1024;  // of a long text; a whole number of blocks
constexpr std::size_t long_text = 16 * part;
constexpr std::size_t one_in = 4;

std::uint32_t bits(__m128i mask) {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(mask));
}

// first <= byte <= last, for ASCII bounds.
__m128i between(__m128i bytes, char first, char last) {
  const __m128i from_zero = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
  const __m128i width = _mm_set1_epi8(static_cast<char>(last - first));
  return _mm_cmpeq_epi8(_mm_min_epu8(from_zero, width), from_zero);
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int letter = (c | 0x20) - 'a';
  return letter >= 0 && letter < 6 ? letter + 10 : 0;
}

class FeatureScan {
 public:
  FeatureScan(std::string_view text, TextForm form) : text_(text), json_(form == TextForm::json) {}

  TextFeatures run() {
    while (at_ + block <= text_.size()) {
      plain_run();
      if (at_ + block > text_.size()) break;
      step(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text_.data() + at_)));
      at_ += block;
    }
    if (at_ == text_.size()) return out_;
    char rest[block];
    std::memset(rest, ' ', block);
    std::memcpy(rest, text_.data() + at_, text_.size() - at_);
    step(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rest)));
    return out_;
  }

 private:
  // Blocks without a backslash, up to the next with one: sums in sixteen lanes at a time, some two
  // instructions a byte.
  void plain_run() {
    const __m128i zero = _mm_setzero_si128();
    while (at_ + block <= text_.size() && hidden_ == 0) {
      __m128i words = zero, newlines = zero, punct = zero, upper = zero, leads = zero, wide = zero,
              right_to_left = zero;
      __m128i before = in_word_ != 0 ? _mm_set1_epi8(-1) : zero;
      int blocks = 0;  // a lane holds 255
      for (; blocks < 255 && at_ + block <= text_.size(); ++blocks, at_ += block) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text_.data() + at_));
        if (json_ && bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))) != 0) break;
        const __m128i alpha = between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
        const __m128i letters = _mm_or_si128(alpha, _mm_cmpgt_epi8(zero, bytes));
        const __m128i left =
            _mm_or_si128(_mm_slli_si128(letters, 1), _mm_srli_si128(before, block - 1));
        words = _mm_sub_epi8(words, _mm_andnot_si128(left, letters));
        before = letters;
        const __m128i other = _mm_or_si128(alpha, between(bytes, '0', '9'));
        punct = _mm_sub_epi8(punct, _mm_andnot_si128(other, between(bytes, '!', '~')));
        upper = _mm_sub_epi8(upper, between(bytes, 'A', 'Z'));
        newlines = _mm_sub_epi8(newlines, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
        if (bits(bytes) == 0) continue;
        // Lead bytes: C0 to FF are -64 to -1; from E0 of what takes three bytes or four; D6 to DF.
        const __m128i high = _mm_cmpgt_epi8(zero, bytes);
        const __m128i from_c0 = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(-65)), high);
        const __m128i from_d6 = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(-43)), high);
        const __m128i from_e0 = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(-33)), high);
        leads = _mm_sub_epi8(leads, from_c0);
        wide = _mm_sub_epi8(wide, from_e0);
        right_to_left = _mm_sub_epi8(right_to_left, _mm_andnot_si128(from_e0, from_d6));
      }
      in_word_ = bits(before) >> 15 & 1;
      out_.words += lanes(words);
      out_.newlines += lanes(newlines);
      out_.punct += lanes(punct);
      out_.upper += lanes(upper);
      out_.non_ascii += lanes(leads);
      out_.wide += lanes(wide);
      out_.right_to_left += lanes(right_to_left);
      if (blocks < 255) return;
    }
  }

  static std::int64_t lanes(__m128i counts) {
    const __m128i two = _mm_sad_epu8(counts, _mm_setzero_si128());
    return _mm_cvtsi128_si64(_mm_add_epi64(two, _mm_srli_si128(two, 8)));
  }

  void step(__m128i bytes) {
    const std::uint32_t high = bits(bytes);
    const std::uint32_t upper = bits(between(bytes, 'A', 'Z'));
    const std::uint32_t alpha = bits(between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z'));
    const std::uint32_t digit = bits(between(bytes, '0', '9'));
    const std::uint32_t shown = bits(between(bytes, '!', '~'));
    const std::uint32_t lead = high & bits(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(-65)));
    const std::uint32_t wide = high & bits(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(-33)));
    const std::uint32_t right_to_left =
        high & ~wide & bits(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(-43)));
    out_.newlines += std::popcount(bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'))));
    if (json_) escapes(bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))) & ~hidden_);
    const std::uint32_t letters = (((alpha | high) & ~hidden_) | spelled_) & 0xFFFF;
    out_.words += std::popcount(letters & ~((letters << 1) | in_word_));
    in_word_ = letters >> 15 & 1;
    out_.upper += std::popcount(upper & ~hidden_);
    out_.punct += std::popcount(shown & ~(alpha | digit | hidden_));
    out_.non_ascii += std::popcount(lead);
    out_.wide += std::popcount(wide);
    out_.right_to_left += std::popcount(right_to_left);
    hidden_ >>= block;
    spelled_ >>= block;
  }

  // Hides each escape and counts what it stands for.
  void escapes(std::uint32_t backslashes) {
    while (backslashes != 0) {
      const auto place = static_cast<unsigned>(std::countr_zero(backslashes));
      const std::size_t next = at_ + place + 1;
      const char kind = next < text_.size() ? text_[next] : '\0';
      std::uint32_t all = 3u << place;
      if (kind == 'n') {
        ++out_.newlines;
      } else if (kind == '"' || kind == '\\' || kind == '/') {
        ++out_.punct;
      } else if (kind == 'u' && next + 4 < text_.size()) {
        all = 63u << place;
        const int code = hex(text_[next + 1]) * 16 + hex(text_[next + 2]);  // its upper half
        const bool upper_half = hex(text_[next + 3]) >= 8;
        const bool second = code >= 0xDC && code <= 0xDF;  // of a surrogate pair
        if (!second && (code != 0 || upper_half)) ++out_.non_ascii;
        if (!second && code >= 8) ++out_.wide;
        if (code == 6 || code == 7 || (code == 5 && upper_half)) ++out_.right_to_left;
        spelled_ |= all;
      }
      hidden_ |= all;
      backslashes &= ~all;
    }
  }

  std::string_view text_;
  bool json_;
  std::size_t at_ = 0;
  TextFeatures out_;
  std::uint32_t hidden_ = 0;   // bytes of this and the next block that belong to an escape
  std::uint32_t spelled_ = 0;  // of these, the ones that stand for a letter
  std::uint32_t in_word_ = 0;
};

}  // namespace

TextFeatures& TextFeatures::operator+=(const TextFeatures& more) {
  words += more.words;
  newlines += more.newlines;
  punct += more.punct;
  upper += more.upper;
  non_ascii += more.non_ascii;
  wide += more.wide;
  right_to_left += more.right_to_left;
  return *this;
}

TextFeatures text_features(std::string_view text, TextForm form) {
  if (text.size() < long_text) return FeatureScan(text, form).run();
  TextFeatures sum;
  std::size_t seen = 0;
  for (std::size_t at = 0; at < text.size(); at += part * one_in) {
    const std::string_view here = text.substr(at, part);
    sum += FeatureScan(here, form).run();
    seen += here.size();
  }
  const double scale = static_cast<double>(text.size()) / static_cast<double>(seen);
  for (std::int64_t* value : {&sum.words, &sum.newlines, &sum.punct, &sum.upper, &sum.non_ascii,
                              &sum.wide, &sum.right_to_left})
    *value = static_cast<std::int64_t>(static_cast<double>(*value) * scale + 0.5);
  return sum;
}

}  // namespace steelyard::router
