#include "gateway/dialect/answer_shape.h"

#include <cstring>

#include "gateway/dialect/openai_usage.h"
#include "gateway/dialect/text_scan.h"

namespace steelyard::dialect {
namespace {

// After so many documents in a row that were not recognised only one in so many is learnt.
constexpr std::uint32_t kPatience = 16, kThenOneIn = 64;

// The closing quote of the string whose inside begins at p; nullptr if it is not a good string.
const char* string_gap(const char* p, const char* end) {
  const char* s = p;
  bool high = false;
  for (;;) {
    s = find_special(s, end, high);
    if (s == end) return nullptr;
    if (*s == '"') break;
    if (*s != '\\') return nullptr;
    s = escape_end(s, end);
    if (s == nullptr) return nullptr;
  }
  return !high || is_utf8({p, static_cast<std::size_t>(s - p)}) ? s : nullptr;
}

// One past the number at p. Nearly all are short integers.
const char* number_gap(const char* p, const char* end) {
  const int digits = digits_at(p, end);
  const bool plain = digits > 0 && digits < 16 && (*p != '0' || digits == 1);
  if (!plain) return number_end(p, end);
  const char* stop = p + digits;
  const bool more = stop < end && (*stop == '.' || (*stop | 0x20) == 'e');
  return more ? number_end(p, end) : stop;
}

// One past the plain integer at p, nullptr if there is none or it is longer than any count.
const char* figure_gap(const char* p, const char* end, std::int64_t& value) {
  const char* const begin = p;
  value = 0;
  for (; p < end && *p >= '0' && *p <= '9'; ++p) value = value * 10 + (*p - '0');
  const std::ptrdiff_t digits = p - begin;
  const bool good = digits > 0 && digits <= 18 && (*begin != '0' || digits == 1);
  return good ? p : nullptr;
}

const char* usage_gap(const char* p, const char* end, GapKind kind, ReportedUsage& usage) {
  switch (kind) {
    case GapKind::prompt: return figure_gap(p, end, usage.prompt);
    case GapKind::completion: return figure_gap(p, end, usage.completion);
    case GapKind::total: return figure_gap(p, end, usage.total);
    case GapKind::cached: return figure_gap(p, end, usage.cached);
    case GapKind::cache_write: return figure_gap(p, end, usage.cache_write);
    case GapKind::reasoning_tokens: return figure_gap(p, end, usage.reasoning);
    case GapKind::audio_input: return figure_gap(p, end, usage.audio_input);
    case GapKind::audio_output: return figure_gap(p, end, usage.audio_output);
    case GapKind::image_input: return figure_gap(p, end, usage.image_input);
    case GapKind::image_output: return figure_gap(p, end, usage.image_output);
    default: break;
  }
  const char* stop = p < end && *p != '-' ? number_end(p, end) : nullptr;
  if (stop != nullptr) usage.cost = openai::parse_dollars({p, static_cast<std::size_t>(stop - p)});
  return stop;
}

// One past what is in the gap at p; its meaning goes to `out`.
const char* take_gap(const char* p, const char* end, GapKind kind, GapValues& out) {
  if (kind >= GapKind::prompt) return usage_gap(p, end, kind, out.usage);
  if (kind == GapKind::any_number) return number_gap(p, end);
  const char* stop = string_gap(p, end);
  if (stop == nullptr || kind == GapKind::any_string) return stop;
  const std::int64_t size = stop - p;
  switch (kind) {
    case GapKind::content: out.content = {p, static_cast<std::size_t>(size)}; [[fallthrough]];
    case GapKind::answer: out.answer_bytes += size; break;
    case GapKind::reasoning: out.reasoning_bytes += size; break;
    default: out.reasoning_content_bytes += size; break;
  }
  return size > 0 ? stop : nullptr;
}

bool alike(const char* a, const char* b, std::size_t size) {
  return std::memcmp(a, b, size) == 0;
}

}  // namespace

bool AnswerShape::make(std::string_view json, const AnswerGaps& gaps, ShapeFacts facts) {
  literals_.clear();
  step_count_ = 0;
  if (gaps.full()) return false;
  std::size_t done = 0;
  for (const Gap& gap : gaps.list()) {
    const std::string_view literal = json.substr(done, gap.begin - done);
    if (literals_.size() + literal.size() > bytes_max) return literals_.clear(), false;
    literals_ += literal;
    steps_[step_count_++] = {static_cast<std::uint32_t>(literal.size()), gap.kind};
    done = gap.end;
  }
  if (literals_.size() + json.size() - done > bytes_max) return literals_.clear(), false;
  literals_ += json.substr(done);
  last_literal_ = static_cast<std::uint32_t>(json.size() - done);
  facts_ = std::move(facts);
  return true;
}

bool AnswerShape::match(const char* p, const char* end, GapValues& out) const {
  const char* literal = literals_.data();
  if (facts_.usage.present) out.usage = facts_.usage;
  // Gaps are not empty of bytes, so this is at most what the document has.
  if (literals_.empty() || static_cast<std::size_t>(end - p) < literals_.size()) return false;
  for (std::uint32_t i = 0; i < step_count_; ++i) {
    const std::size_t size = steps_[i].literal;
    if (static_cast<std::size_t>(end - p) < size || !alike(p, literal, size)) return false;
    literal += size;
    p = take_gap(p + size, end, steps_[i].kind, out);
    if (p == nullptr) return false;
  }
  if (static_cast<std::size_t>(end - p) < last_literal_ || !alike(p, literal, last_literal_))
    return false;
  out.end = p + last_literal_;
  return true;
}

const AnswerShape* ShapeMemory::match(const char* p, const char* end, GapValues& out) {
  for (std::uint32_t i = 0; i < shapes_.size(); ++i) {
    const std::uint32_t which = last_ ^ i;
    if (shapes_[which].match(p, end, out)) {
      last_ = which;
      misses_ = 0;
      return &shapes_[which];
    }
    out = GapValues();
  }
  return nullptr;
}

bool ShapeMemory::wants_more() {
  ++misses_;
  return misses_ <= kPatience || misses_ % kThenOneIn == 0;
}

void ShapeMemory::learn(std::string_view json, const AnswerGaps& gaps, std::int64_t text_bytes,
                        ShapeFacts facts) {
  GapValues text;
  for (const Gap& gap : gaps.list()) {
    if (gap.kind < GapKind::content || gap.kind >= GapKind::prompt) continue;
    if (gap.begin == gap.end) return;
    const std::int64_t size = gap.end - gap.begin;
    (gap.kind == GapKind::reasoning           ? text.reasoning_bytes
     : gap.kind == GapKind::reasoning_content ? text.reasoning_content_bytes
                                              : text.answer_bytes) += size;
  }
  if (gaps.full() || text_bytes == 0 || text.text_bytes() != text_bytes) return;
  last_ ^= 1;  // the one used longest ago
  shapes_[last_].make(json, gaps, std::move(facts));
  shapes_[last_].set_id(++learnt_);
}

ShapeMemory& ShapeLibrary::of(std::size_t source) {
  while (memories_.size() <= source) memories_.emplace_back();
  std::unique_ptr<ShapeMemory>& memory = memories_[source];
  if (!memory) memory = std::make_unique<ShapeMemory>();
  return *memory;
}

}  // namespace steelyard::dialect
