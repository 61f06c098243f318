#include "router/tokens/nfc.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>

#include "router/tokens/ascii_scan.h"
#include "router/tokens/unicode_class.h"
#include "router/tokens/utf8_put.h"

namespace steelyard::router {
namespace {

#include "router/tokens/nfc_tables.inc"

// Hangul syllables are arithmetic (Unicode 16.0, section 3.12).
constexpr std::uint32_t syllables = 0xAC00, leads = 0x1100, vowels = 0x1161, tails = 0x11A7;
constexpr std::uint32_t lead_count = 19, vowel_count = 21, tail_count = 28;
constexpr std::uint32_t syllable_count = lead_count * vowel_count * tail_count;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::uint8_t combining_of(std::uint32_t code) {
  if (code < 0x300) return 0;
  const auto* found = std::lower_bound(std::begin(combining), std::end(combining), code << 8);
  return found != std::end(combining) && *found >> 8 == code ? static_cast<std::uint8_t>(*found)
                                                             : std::uint8_t{0};
}

// What two characters compose to; 0: nothing.
std::uint32_t composition(std::uint32_t first, std::uint32_t second) {
  if (first - leads < lead_count && second - vowels < vowel_count)
    return syllables + ((first - leads) * vowel_count + second - vowels) * tail_count;
  if (first - syllables < syllable_count && (first - syllables) % tail_count == 0 &&
      second > tails && second < tails + tail_count)
    return first + second - tails;
  const std::uint64_t pair = std::uint64_t{first} << 21 | second;
  const auto* found = std::lower_bound(std::begin(pairs), std::end(pairs), pair);
  return found != std::end(pairs) && *found == pair ? composed[found - pairs] : 0;
}

// The first character from `at` on that normalisation may change, and the one before it.
struct Found {
  std::size_t at;
  std::size_t before;
};
Found find_changing(std::string_view text, std::size_t at) {
  const unsigned char* data = bytes_of(text);
  const std::size_t size = text.size();
  std::size_t before = at;
  while (at < size) {
    if (data[at] < 0x80) {
      before = at++;
      for (; at + 8 <= size; at += 8) {
        const std::uint64_t high = ascii::load8(data + at) & ascii::tops;
        if (high == 0) continue;
        at += static_cast<std::size_t>(std::countr_zero(high) >> 3);
        break;
      }
      before = std::max(before, at - 1);
      continue;
    }
    const Decoded next = decode_utf8(data, at, size);
    if ((traits_of(next.code) & unicode_tables::may_compose) != 0) return {at, before};
    before = at;
    at += next.size;
  }
  return {size, size};
}

}  // namespace

Normaliser::Stretch Normaliser::next_stretch(std::string_view text, std::size_t from) {
  const Found found = find_changing(text, from);
  if (found.at == text.size()) return {};
  const unsigned char* data = bytes_of(text);
  std::size_t end = found.at;
  while (end < text.size()) {
    const Decoded next = decode_utf8(data, end, text.size());
    if ((traits_of(next.code) & unicode_tables::may_compose) == 0) break;
    end += next.size;
  }
  return {found.before, end};
}

std::size_t Normaliser::last_boundary(std::string_view text) {
  const unsigned char* data = bytes_of(text);
  for (std::size_t at = text.size(); at > 0;) {
    --at;
    for (int back = 0; back < 3 && at > 0 && (data[at] & 0xC0) == 0x80; ++back) --at;
    const Decoded next = decode_utf8(data, at, text.size());
    if (next.valid && (traits_of(next.code) & unicode_tables::may_compose) == 0) return at;
  }
  return 0;
}

void Normaliser::append(std::string_view stretch, std::string& out) {
  const unsigned char* data = bytes_of(stretch);
  const Decoded first = decode_utf8(data, 0, stretch.size());
  std::size_t at = 0;
  if (!first.valid) {
    out.append(stretch.substr(0, first.size));
    at = first.size;
  }
  marks_.clear();
  while (at < stretch.size()) {
    const Decoded next = decode_utf8(data, at, stretch.size());
    decompose(next.code);
    at += next.size;
  }
  order();
  compose();
  for (const Mark& mark : marks_) append_utf8(out, mark.code);
}

void Normaliser::decompose(std::uint32_t code) {
  if (code - syllables < syllable_count) {
    const std::uint32_t index = code - syllables;
    marks_.push_back({leads + index / (vowel_count * tail_count), 0});
    marks_.push_back({vowels + index % (vowel_count * tail_count) / tail_count, 0});
    if (index % tail_count != 0) marks_.push_back({tails + index % tail_count, 0});
    return;
  }
  const auto* found = std::lower_bound(std::begin(decompositions), std::end(decompositions),
                                       std::uint64_t{code} << 32);
  if (found == std::end(decompositions) || *found >> 32 != code) {
    marks_.push_back({code, combining_of(code)});
    return;
  }
  const std::uint32_t* part = parts_of + (*found >> 8 & 0xFFFFFF);
  for (std::uint64_t left = *found & 0xFF; left > 0; --left, ++part)
    marks_.push_back({*part, combining_of(*part)});
}

// Canonical ordering: each run of marks by combining class, otherwise as they stood.
void Normaliser::order() {
  for (auto at = marks_.begin(); at != marks_.end();) {
    if (at->combining == 0) {
      ++at;
      continue;
    }
    const auto end = std::find_if(at, marks_.end(), [](Mark mark) { return mark.combining == 0; });
    if (!std::is_sorted(at, end, [](Mark a, Mark b) { return a.combining < b.combining; }))
      std::stable_sort(at, end, [](Mark a, Mark b) { return a.combining < b.combining; });
    at = end;
  }
}

// Canonical composition: a character joins the last starter unless one of its own class, or a
// starter, stands between.
void Normaliser::compose() {
  std::size_t kept = 0;
  std::size_t starter = marks_.size();  // none yet
  for (const Mark mark : marks_) {
    const bool blocked = starter >= kept ||
                         (kept - starter > 1 && marks_[kept - 1].combining >=
                                                    std::max<std::uint8_t>(mark.combining, 1)) ||
                         (kept - starter > 1 && mark.combining == 0);
    if (!blocked) {
      if (const std::uint32_t joined = composition(marks_[starter].code, mark.code); joined != 0) {
        marks_[starter].code = joined;
        continue;
      }
    }
    if (mark.combining == 0) starter = kept;
    marks_[kept++] = mark;
  }
  marks_.resize(kept);
}

}  // namespace steelyard::router
