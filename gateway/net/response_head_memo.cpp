#include "gateway/net/response_head_memo.h"

#include <emmintrin.h>

#include <algorithm>

#include "gateway/net/head_reader_values.h"

namespace steelyard::net {
namespace {

constexpr std::size_t block = 16;
constexpr std::size_t text_most = 4096;

__m128i load(const char* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

// All sixteen are as they were, or visible ASCII where they may differ.
bool alike(const char* now, const char* before, const char* fixed) {
  const __m128i bytes = load(now);
  const __m128i same = _mm_cmpeq_epi8(bytes, load(before));
  if (_mm_movemask_epi8(same) == 0xffff) return true;
  const __m128i from_first = _mm_sub_epi8(bytes, _mm_set1_epi8('!'));
  const __m128i visible =
      _mm_cmpeq_epi8(_mm_min_epu8(from_first, _mm_set1_epi8('~' - '!')), from_first);
  const __m128i allowed = _mm_or_si128(same, _mm_andnot_si128(load(fixed), visible));
  return _mm_movemask_epi8(allowed) == 0xffff;
}

// These say how the answer is read. The length may differ: it is read again.
bool decides(const ResponseHead& head, std::string_view value) {
  for (const ResponseField field : {ResponseField::transfer_encoding, ResponseField::connection,
                                    ResponseField::content_type, ResponseField::content_encoding})
    if (head.value(field).data() == value.data()) return true;
  return false;
}

}  // namespace

bool ResponseHeadMemo::match(std::string_view buffer, ResponseHead& head) {
  const std::size_t size = text_.size();
  if (size == 0 || buffer.size() < size) return false;
  const char* const now = buffer.data();
  std::size_t at = 0;
  for (; at + block <= size; at += block)
    if (!alike(now + at, text_.data() + at, fixed_.data() + at)) return false;
  if (at != size) {
    at = size - block;
    if (!alike(now + at, text_.data() + at, fixed_.data() + at)) return false;
  }
  head = head_;
  head.rebase(now);
  if (head.framing == BodyFraming::length) {
    const auto length = parse_length(head.value(ResponseField::content_length));
    if (!length || *length == 0) return false;
    head.content_length = *length;
  }
  misses_ = 0;
  return true;
}

void ResponseHeadMemo::remember(std::string_view text, const ResponseHead& head) {
  constexpr std::uint32_t patience = 16;
  ++misses_;
  if (misses_ > patience && misses_ % patience != 0) return;
  text_.clear();
  const bool plain = head.framing == BodyFraming::length || head.framing == BodyFraming::chunked;
  if (head.head_bytes < block || head.head_bytes > text_most || !plain) return;
  text_.assign(text.substr(0, head.head_bytes));
  fixed_.assign(text_.size(), '\xff');
  head_ = head;
  head_.rebase(text_.data());
  for (std::size_t i = 0; i < head_.fields.size(); ++i) {
    const FieldView field = head_.fields[i];
    const bool connection = equals_folded(field.name, "connection");  // of several, too
    if (connection || decides(head_, field.value)) continue;
    const auto from = static_cast<std::size_t>(field.value.data() - text_.data());
    std::fill_n(fixed_.begin() + static_cast<std::ptrdiff_t>(from), field.value.size(), '\0');
  }
}

}  // namespace steelyard::net
