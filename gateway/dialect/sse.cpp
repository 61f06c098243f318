#include "gateway/dialect/sse.h"

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace steelyard::dialect {

#if defined(__SSE2__)
namespace {

// Bytes 0xFF where a line ends.
__m128i line_ends(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i lf = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'));
  return _mm_or_si128(lf, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')));
}
unsigned mask_of(__m128i bytes) {
  return static_cast<unsigned>(_mm_movemask_epi8(bytes));
}

}  // namespace
#endif

const char* find_line_end(const char* p, const char* end) {
#if defined(__SSE2__)
  const char* const begin = p;
  for (; end - p >= 32; p += 32) {
    const __m128i low = line_ends(p);
    const __m128i high = line_ends(p + 16);
    if (mask_of(_mm_or_si128(low, high)) != 0) {
      return p + std::countr_zero(mask_of(low) | mask_of(high) << 16);
    }
  }
  if (end - begin >= 32) {  // the rest, with bytes before p that are known to be none
    const unsigned mask = mask_of(line_ends(end - 32)) | mask_of(line_ends(end - 16)) << 16;
    return mask != 0 ? end - 32 + std::countr_zero(mask) : end;
  }
#endif
  while (p < end && *p != '\n' && *p != '\r') ++p;
  return p;
}

namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";
// A carry above this is given back when its line ends: idle streams must stay small.
constexpr std::size_t kCarryKept = 2048;

}  // namespace

std::size_t SseLines::take_split_lf(std::string_view& in) {
  const bool split = after_cr_ && !in.empty() && in.front() == '\n';
  if (!in.empty()) after_cr_ = false;
  if (split) in.remove_prefix(1);
  return split ? 1 : 0;
}

std::string_view SseLines::finish_line(std::string_view last_piece) {
  std::string_view text = last_piece;
  if (!carry_.empty()) {
    carry_.append(last_piece);
    text = carry_;
    used_carry_ = true;
  }
  if (overlong_) text = {};
  overlong_ = false;
  if (first_line_ && text.starts_with(kBom)) text.remove_prefix(kBom.size());
  first_line_ = false;
  return text;
}

SseLines::Status SseLines::next(std::string_view& in, SseLine& line) {
  if (overlong_ && policy_ == Overlong::stop) return Status::too_long;
  if (used_carry_) {
    used_carry_ = false;
    if (carry_.capacity() > kCarryKept) std::string().swap(carry_);
    carry_.clear();
  }
  if (in.empty()) return Status::need_more;
  const char* begin = in.data();
  const char* stop = begin + in.size();
  const char* end = find_line_end(begin, stop);
  const std::string_view piece(begin, static_cast<std::size_t>(end - begin));

  if (!overlong_ && carry_.size() + piece.size() > line_bytes_max()) {
    overlong_ = true;
    ++skipped_;
    std::string().swap(carry_);
    if (policy_ == Overlong::stop) return Status::too_long;
  }
  line.complete = end != stop;
  line.skipped = false;
  if (!line.complete) {
    if (!overlong_) carry_.append(piece);
    line.text = {};
    line.raw = in;
    in = {};
    return Status::line;
  }
  const bool crlf = *end == '\r' && end + 1 != stop && end[1] == '\n';
  after_cr_ = *end == '\r' && end + 1 == stop;
  line.skipped = overlong_;
  const bool simple = carry_.empty() && !first_line_ && !overlong_;
  line.text = simple ? piece : finish_line(piece);
  line.raw = {begin, piece.size() + (crlf ? 2 : 1)};
  in.remove_prefix(line.raw.size());
  return Status::line;
}

std::string_view SseLines::rest() const {
  if (used_carry_ || overlong_) return {};
  std::string_view text = carry_;
  if (first_line_ && text.starts_with(kBom)) text.remove_prefix(kBom.size());
  return text;
}

SseField parse_sse_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  SseField field;
  if (colon == 0) {
    field.name = SseField::Name::comment;
    field.value = line.substr(1);
    return field;
  }
  const std::string_view name = line.substr(0, colon);
  if (colon != std::string_view::npos) {
    field.value = line.substr(colon + 1);
    if (field.value.starts_with(' ')) field.value.remove_prefix(1);
  }
  if (name == "data")
    field.name = SseField::Name::data;
  else if (name == "event")
    field.name = SseField::Name::event;
  else if (name == "id")
    field.name = SseField::Name::id;
  else if (name == "retry")
    field.name = SseField::Name::retry;
  return field;
}

bool SseDecoder::take(const SseField& field) {
  switch (field.name) {
    case SseField::Name::data:
      if (data_.size() + field.value.size() > event_bytes_max) return false;
      if (has_data_) data_ += '\n';
      data_ += field.value;
      has_data_ = true;
      return true;
    case SseField::Name::event: type_ = field.value; return true;
    case SseField::Name::id:
      if (field.value.find('\0') == std::string_view::npos) id_ = field.value;
      return true;
    case SseField::Name::retry: {
      std::int64_t value = 0;
      if (field.value.empty() || field.value.size() > 12) return true;
      for (const char c : field.value) {
        if (c < '0' || c > '9') return true;
        value = value * 10 + (c - '0');
      }
      retry_ms_ = value;
      return true;
    }
    case SseField::Name::comment:
    case SseField::Name::unknown: break;
  }
  return true;
}

SseDecoder::Status SseDecoder::next(std::string_view& in, SseEvent& event) {
  if (stopped_) return Status::too_long;
  if (dispatched_) {
    data_.clear();
    type_.clear();
    has_data_ = dispatched_ = false;
  }
  lines_.take_split_lf(in);
  SseLine line;
  for (;;) {
    const SseLines::Status status = lines_.next(in, line);
    if (status == SseLines::Status::need_more) return Status::need_more;
    stopped_ = status == SseLines::Status::too_long;
    if (stopped_) return Status::too_long;
    if (!line.complete) continue;
    if (!line.text.empty()) {
      stopped_ = !take(parse_sse_field(line.text));
      if (stopped_) return Status::too_long;
    } else if (has_data_) {
      event = {type_, data_, id_};
      dispatched_ = true;
      return Status::event;
    } else {
      type_.clear();
    }
  }
}

}  // namespace steelyard::dialect
