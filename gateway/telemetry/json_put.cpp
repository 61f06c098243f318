#include "gateway/telemetry/json_put.h"

#include <string>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "config/types/json_writer.h"

static_assert(std::endian::native == std::endian::little, "short texts are assembled in registers");

namespace steelyard::telemetry {
namespace {

template <std::size_t Digits, std::size_t Base>
constexpr auto all_of_base() {
  std::array<std::array<char, Digits>, Digits == 2 && Base == 16 ? 256 : 100> out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    for (std::size_t d = 0, rest = i; d < Digits; ++d, rest /= Base)
      out[i][Digits - 1 - d] = "0123456789abcdef"[rest % Base];
  return out;
}
constexpr auto kDecimal = all_of_base<2, 10>();  // "00" to "99"
constexpr auto kHex = all_of_base<2, 16>();      // "00" to "ff"

inline void put_pair(char* out, std::uint32_t below_100) {
  std::memcpy(out, kDecimal[below_100].data(), 2);
}

// Four digits, leading zeros kept.
inline void put_four(char* out, std::uint32_t below_1e4) {
  put_pair(out, below_1e4 / 100);
  put_pair(out + 2, below_1e4 % 100);
}

// Without leading zeros; 0 < value < 10^4.
inline char* put_short(char* out, std::uint32_t value) {
  const std::uint32_t high = value / 100, low = value % 100;
  if (high >= 10) {
    put_pair(out, high);
    put_pair(out + 2, low);
    return out + 4;
  }
  if (high != 0) {
    *out = static_cast<char>('0' + high);
    put_pair(out + 1, low);
    return out + 3;
  }
  if (low >= 10) {
    put_pair(out, low);
    return out + 2;
  }
  *out = static_cast<char>('0' + low);
  return out + 1;
}

// Without leading zeros; 0 < value < 10^8.
inline char* put_medium(char* out, std::uint32_t value) {
  if (value < 10'000) return put_short(out, value);
  out = put_short(out, value / 10'000);
  put_four(out, value % 10'000);
  return out + 4;
}

template <class Word>
Word load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}
template <class Word>
void store(char* to, Word word) {
  std::memcpy(to, &word, sizeof word);
}

// Which of sixteen bytes need more than a copy: below 0x20, quote, backslash, 0x7F and above. (As
// signed bytes those from 0x80 on are below 0x20, too.) Any bit set in any byte of the result means
// yes.
using Bytes = signed char __attribute__((vector_size(16)));
Bytes special(Bytes b) {
  return (b < 0x20) | (b == '"') | (b == '\\') | (b == 0x7F);
}

bool any(Bytes found) {
#ifdef __SSE2__
  return _mm_movemask_epi8(std::bit_cast<__m128i>(found)) != 0;
#else
  const auto halves = std::bit_cast<std::array<std::uint64_t, 2> >(found);
  return (halves[0] | halves[1]) != 0;
#endif
}

bool any_special(std::uint64_t low, std::uint64_t high) {
  return any(special(std::bit_cast<Bytes>(std::array<std::uint64_t, 2>{low, high})));
}

// Copies and looks in one go; the ends overlap instead of leaving a tail. True: something needs
// escaping.
bool copy_looking(char* out, const char* text, std::size_t size) {
  if (size >= 16) {
    Bytes found = special(load<Bytes>(text + size - 16));
    store(out + size - 16, load<Bytes>(text + size - 16));
    for (std::size_t i = 0; i + 16 < size; i += 16) {
      const auto bytes = load<Bytes>(text + i);
      found |= special(bytes);
      store(out + i, bytes);
    }
    return any(found);
  }
  if (size >= 8) {
    const auto first = load<std::uint64_t>(text), last = load<std::uint64_t>(text + size - 8);
    store(out, first);
    store(out + size - 8, last);
    return any_special(first, last);
  }
  if (size >= 4) {
    const auto first = load<std::uint32_t>(text), last = load<std::uint32_t>(text + size - 4);
    store(out, first);
    store(out + size - 4, last);
    const std::uint64_t both = first | static_cast<std::uint64_t>(last) << 32;
    return any_special(both, both);
  }
  constexpr std::uint64_t harmless = 0x2020'2020'2020'2020;
  std::uint64_t word = harmless;
  for (std::size_t i = size; i-- > 0;) word = word << 8 | static_cast<unsigned char>(text[i]);
  store(out, word);
  return any_special(word, harmless);
}

// Bytes of the JSON character at `i`: an escape, or a UTF-8 sequence (`text` is valid).
std::size_t unit_at(std::string_view text, std::size_t i) {
  const auto c = static_cast<unsigned char>(text[i]);
  if (c == '\\') return text[i + 1] == 'u' ? 6 : 2;
  return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

char* put_text_slow(char* out, std::string_view text, std::size_t bytes_max) {
  // Bytes beyond the bound can only matter to tell whether the last sequence is whole.
  std::string escaped;
  append_json_escaped(escaped, text.substr(0, bytes_max + 3));
  std::size_t keep = 0;
  while (keep < escaped.size()) {
    const std::size_t unit = unit_at(escaped, keep);
    if (keep + unit > bytes_max) break;
    keep += unit;
  }
  std::memcpy(out, escaped.data(), keep);
  return out + keep;
}

}  // namespace

char* put_number_long(char* out, std::uint64_t value) {
  constexpr std::uint64_t e8 = 100'000'000;
  if (value < e8) return put_medium(out, static_cast<std::uint32_t>(value));
  const std::uint64_t high = value / e8;
  if (high < e8) {
    out = put_medium(out, static_cast<std::uint32_t>(high));
  } else {
    out = put_medium(out, static_cast<std::uint32_t>(high / e8));
    out = put_eight(out, static_cast<std::uint32_t>(high % e8));
  }
  return put_eight(out, static_cast<std::uint32_t>(value % e8));
}

char* put_two(char* out, std::uint32_t below_100) {
  std::memcpy(out, kDecimal[below_100].data(), 2);
  return out + 2;
}

char* put_eight(char* out, std::uint32_t below_1e8) {
  put_four(out, below_1e8 / 10'000);
  put_four(out + 4, below_1e8 % 10'000);
  return out + 8;
}

char* put_hex(char* out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8, out += 2)
    std::memcpy(out, kHex[(value >> shift) & 255].data(), 2);
  return out;
}

char* put_text(char* out, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max || copy_looking(out, text.data(), text.size())) [[unlikely]]
    return put_text_slow(out, text, bytes_max);
  return out + text.size();
}

}  // namespace steelyard::telemetry
