#pragma once
// Splits field lines into name and value and gives known names their slot. Byte classes were
// checked by HeadLines.
#include <bit>

#include "gateway/net/head_reader_bytes.h"
#include "gateway/net/head_reader_fields.h"
#include "gateway/net/head_reader_lines.h"
#include "gateway/net/head_reader_names.h"

namespace steelyard::net {

// Why [begin, end) is no field line; its longest front part that is a token ends at `at`.
const char* name_fault(const char* begin, const char* at, const char* end);

// End of the token at `at`, by table.
inline const char* token_end(const char* at, const char* end) {
  while (at < end && bytes::is_token(*at)) ++at;
  return at;
}

// End of the run of letters, digits and '-' at `at`; a byte that is none of them stands before
// `stop`.
inline const char* plain_name_end(const char* at, const char* stop) {
  for (; stop - at >= static_cast<std::ptrdiff_t>(bytes::block); at += bytes::block) {
    const std::uint32_t mask = bytes::not_name_mask(at);
    if (mask != 0) [[likely]]
      return at + std::countr_zero(mask);
  }
  return at;  // too near the end for a whole block: the caller goes on byte by byte
}

struct FieldRules {
  std::uint64_t unique;  // bit per known name: a second one is refused
  bool (*imitates)(std::string_view name) =
      nullptr;  // asked about unknown names with other bytes than letters, digits, '-'
};

// Reads lines 1 and up of `lines`, at most `Capacity`, into `fields`. `repeated`: bit per known
// name that came more than once. Returns nullptr, or what is wrong.
template <const auto& names, class Known, std::size_t Capacity>
const char* read_fields(std::string_view text, const HeadLines& lines, const FieldRules& rules,
                        Fields<Known, Capacity>& fields, std::uint64_t& repeated) {
  static_assert(static_cast<std::size_t>(Known::count_) <= 64 && Capacity <= HeadLines::fields_max);
  const char* const base = text.data();
  const char* const stop = base + text.size();
  const char* begin = base + lines.begin(1);
  const std::size_t count = lines.count();
  fields.clear(base);
  for (std::size_t line = 1; line < count; ++line) {
    const char* end = base + lines.end(line);
    const char* const next = end + 2;
    const char* colon = plain_name_end(begin, stop);
    bool plain = true;
    if (*colon != ':') [[unlikely]] {
      plain = false;
      colon = token_end(colon, end);
    }
    if (*colon != ':' || colon == begin) [[unlikely]]
      return name_fault(begin, colon, end);
    const char* value = colon + 1;
    if (*value == ' ') ++value;  // as nearly everybody writes it
    if (*value <= ' ' || end[-1] <= ' ') [[unlikely]] {
      while (value < end && bytes::is_blank(*value)) ++value;
      while (end > value && bytes::is_blank(end[-1])) --end;
    }
    const auto name_bytes = static_cast<std::size_t>(colon - begin);
    fields.push(FieldSpan(static_cast<std::size_t>(begin - base), name_bytes,
                          static_cast<std::size_t>(value - base),
                          static_cast<std::size_t>(end - value)));
    const std::size_t known = names.find(begin, name_bytes);
    if (known != names.none) {
      if (!fields.claim(static_cast<Known>(known))) {
        repeated |= std::uint64_t{1} << known;
        if ((rules.unique & repeated) != 0) return "repeated field that must be unique";
      }
    } else if (!plain && rules.imitates != nullptr && rules.imitates({begin, name_bytes})) {
      return "field name that imitates a known one";
    }
    begin = next;
  }
  return nullptr;
}

}  // namespace steelyard::net
