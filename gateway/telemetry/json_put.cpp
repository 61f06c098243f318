#include "gateway/telemetry/json_put.h"

#include <string>

#if defined(__SSSE3__)
#include <tmmintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "config/types/json_writer.h"

static_assert(std::endian::native == std::endian::little, "short texts are assembled in registers");

namespace steelyard::telemetry {
namespace {

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
  constexpr std::uint32_t e9 = 1'000'000'000;
  if (value >= e9) {
    out = put_number(out, static_cast<std::int64_t>(value / e9));
    return put_nine(out, static_cast<std::uint32_t>(value % e9));
  }
  const auto small = static_cast<std::uint32_t>(value);
  const std::uint32_t thousands = small / 1000, last = small - 1000 * thousands;
  if (thousands < 1000) return put_three(put_first(out, thousands), last);
  const std::uint32_t millions = thousands / 1000;
  out = put_first(out, millions);
  return put_three(put_three(out, thousands - 1000 * millions), last);
}

#ifdef __SSSE3__

char* put_hex(char* out, std::uint64_t value) {
  const __m128i bytes = _mm_cvtsi64_si128(static_cast<long long>(__builtin_bswap64(value)));
  const __m128i low_half = _mm_set1_epi8(0x0F);
  const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), low_half);
  const __m128i digits = _mm_unpacklo_epi8(high, _mm_and_si128(bytes, low_half));
  const __m128i letters =
      _mm_setr_epi8('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f');
  store(out, _mm_shuffle_epi8(letters, digits));
  return out + 16;
}

#else

// Eight at a time: a byte to each half, then 0-9 and a-f told apart by bit 4 of digit + 6.
char* put_hex(char* out, std::uint64_t value) {
  for (int half = 0; half < 2; ++half, out += 8) {
    std::uint64_t v = half == 0 ? value >> 32 : value & 0xFFFF'FFFF;
    v = (v << 32 | v >> 16) & 0x0000'FFFF'0000'FFFF;
    v = (v << 16 | v >> 8) & 0x00FF'00FF'00FF'00FF;
    v = (v << 8 | v >> 4) & 0x0F0F'0F0F'0F0F'0F0F;
    const std::uint64_t letters = ((v + 0x0606'0606'0606'0606) >> 4) & 0x0101'0101'0101'0101;
    store(out, v + 0x3030'3030'3030'3030 + letters * ('a' - '0' - 10));
  }
  return out;
}

#endif

char* put_text(char* out, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max || copy_looking(out, text.data(), text.size())) [[unlikely]]
    return put_text_slow(out, text, bytes_max);
  return out + text.size();
}

}  // namespace steelyard::telemetry
