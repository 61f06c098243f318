#include "gateway/dialect/chunk_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace steelyard::dialect::openai {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The closing quote of the string whose inside begins at p, or end.
const char* closing_quote(const char* p, const char* end) {
  for (const char* from = p; from < end;) {
    const auto* quote = static_cast<const char*>(std::memchr(from, '"', end - from));
    if (quote == nullptr) return end;
    const char* slash = quote;
    while (slash > p && slash[-1] == '\\') --slash;
    if (((quote - slash) & 1) == 0) return quote;
    from = quote + 1;
  }
  return end;
}

// Does the string that ends before `quote` read exactly `name`? The byte before it must be its
// opening quote.
template <std::size_t N>
bool reads(const char* quote, const char* begin, const char (&name)[N]) {
  constexpr std::ptrdiff_t size = N - 1;
  return quote - begin > size && quote[-size - 1] == '"' &&
         std::memcmp(quote - size, name, size) == 0;
}

}  // namespace

class ChunkScanRun {
 public:
  using Text = ChunkScanner::Text;

  ChunkScanRun(std::string_view json, ChunkScanner& memory)
      : begin_(json.data()), end_(begin_ + json.size()), memory_(memory) {}

  ChunkScan run() {
    const char* p = begin_;
    const std::string& known = memory_.beginning_;
    const std::string_view json(begin_, static_cast<std::size_t>(end_ - begin_));
    if (!known.empty() && json.starts_with(known)) {
      out_.choices = memory_.choices_;
      out_.content = memory_.content_;
      remembered_ = true;
      p = string(begin_ + known.size() - 1, memory_.text_);
    }
    while ((p = next_key_end(p)) != end_) p = key(p);
    out_.text_bytes = bytes_[0] + std::max(bytes_[1], bytes_[2]);
    if (out_.text_bytes == 0) out_.text_bytes = bytes_[3];
    out_.content = out_.content || out_.text_bytes > 0;
    out_.worth_parsing = out_.worth_parsing || !out_.choices;
    return out_;
  }

 private:
  // A quote followed by a colon or by white space: where a key may end.
  const char* next_key_end(const char* p) const {
#if defined(__SSE2__)
    for (; end_ - p >= 17; p += 16) {
      if (const unsigned mask = key_ends(p); mask != 0) return p + std::countr_zero(mask);
    }
    if (end_ - begin_ >= 17) {  // the rest, with bytes before p that do not count
      const char* last = end_ - 17;
      const unsigned mask = key_ends(last) >> (p - last) << (p - last);
      return mask != 0 ? last + std::countr_zero(mask) : end_;
    }
#endif
    for (; end_ - p >= 2; ++p) {
      if (*p == '"' && (p[1] == ':' || is_space(p[1]))) return p;
    }
    return end_;
  }
#if defined(__SSE2__)
  // Bit i: p[i] may end a key. Reads 17 bytes.
  static unsigned key_ends(const char* p) {
    const __m128i space = _mm_set1_epi8(' ');
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 1));
    // Unsigned minimum with a space leaves bytes at or below ' ' as they are: all white space.
    const __m128i white = _mm_cmpeq_epi8(_mm_min_epu8(next, space), next);
    const __m128i after = _mm_or_si128(_mm_cmpeq_epi8(next, _mm_set1_epi8(':')), white);
    const __m128i quotes = _mm_cmpeq_epi8(here, _mm_set1_epi8('"'));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_and_si128(quotes, after)));
  }
#endif

  // Looks at the key that ends at `quote`; returns where to go on.
  const char* key(const char* quote) {
    const char* value = quote + 1;
    while (value < end_ && is_space(*value)) ++value;
    if (value == end_ || *value != ':') return quote + 1;
    ++value;
    while (value < end_ && is_space(*value)) ++value;
    if (value == end_ || quote - begin_ < 5) return value;
    return known(quote, value);
  }

  const char* known(const char* quote, const char* value) {
    switch (quote[-1]) {
      case 'e':
        if (reads(quote, begin_, "usage"))
          out_.worth_parsing |= *value != 'n';
        else if (reads(quote, begin_, "name"))
          out_.worth_parsing = true;
        return value;
      case 'n':
        if (reads(quote, begin_, "finish_reason")) worth_unless_empty(value);
        return value;
      case 'r':
        if (reads(quote, begin_, "error")) out_.worth_parsing |= *value != 'n';
        return value;
      case 's': return ends_with_s(quote, value);
      case 't': return ends_with_t(quote, value);
      case 'g': return reads(quote, begin_, "reasoning") ? string(value, Text::reasoning) : value;
      case 'l': return reads(quote, begin_, "refusal") ? string(value, Text::answer) : value;
      case 'o':
        if (reads(quote, begin_, "audio")) out_.content |= *value == '{';
        return value;
      default: return value;
    }
  }

  const char* ends_with_s(const char* quote, const char* value) {
    if (reads(quote, begin_, "choices"))
      out_.choices = true;
    else if (reads(quote, begin_, "tool_calls"))
      out_.content |= *value == '[';
    else if (reads(quote, begin_, "images"))
      out_.content |= *value == '[';
    else if (reads(quote, begin_, "arguments"))
      return string(value, Text::answer);
    return value;
  }

  const char* ends_with_t(const char* quote, const char* value) {
    if (reads(quote, begin_, "content")) return string(value, Text::answer);
    if (reads(quote, begin_, "reasoning_content")) return string(value, Text::reasoning_content);
    // Parts of a content array, reasoning details, old completions: often a second copy.
    if (reads(quote, begin_, "text")) return string(value, Text::fallback);
    if (reads(quote, begin_, "input")) return string(value, Text::answer);
    if (reads(quote, begin_, "object")) out_.worth_parsing |= starts_with(value, "\"error\"");
    return value;
  }

  bool starts_with(const char* value, std::string_view text) const {
    return std::string_view(value, static_cast<std::size_t>(end_ - value)).starts_with(text);
  }
  void worth_unless_empty(const char* value) {
    out_.worth_parsing |= *value != 'n' && !starts_with(value, "\"\"");
  }
  // Adds the length of a string value and jumps over it.
  const char* string(const char* value, Text text) {
    if (*value != '"') return value;
    if (!remembered_) remember(value + 1, text);
    const char* close = closing_quote(value + 1, end_);
    bytes_[static_cast<std::size_t>(text)] += close - value - 1;
    return close == end_ ? end_ : close + 1;
  }
  // Once a chunk, at its first text: nothing but flags is known yet, and they fit in the memory.
  void remember(const char* end, Text text) {
    remembered_ = true;
    const auto size = static_cast<std::size_t>(end - begin_);
    if (out_.worth_parsing || size > ChunkScanner::beginning_max) return;
    memory_.beginning_.assign(begin_, size);
    memory_.text_ = text;
    memory_.choices_ = out_.choices;
    memory_.content_ = out_.content;
  }

  const char* begin_;
  const char* end_;
  ChunkScanner& memory_;
  ChunkScan out_;
  std::int64_t bytes_[4] = {};  // by Text
  bool remembered_ = false;
};

ChunkScan ChunkScanner::scan(std::string_view json) {
  return ChunkScanRun(json, *this).run();
}

ChunkScan scan_chunk(std::string_view json) {
  ChunkScanner no_memory;
  return no_memory.scan(json);
}

EmptyChoices empty_choices(std::string_view event) {
  constexpr std::string_view name = "\"choices\"";
  for (std::size_t at = 0; (at = event.find(name, at)) != std::string_view::npos;) {
    at += name.size();
    std::size_t i = at;
    const auto skip = [&] {
      while (i < event.size() && is_space(event[i])) ++i;
      return i < event.size();
    };
    if (!skip()) return EmptyChoices::undecided;
    if (event[i] != ':') continue;  // a value, not a key
    ++i;
    if (!skip()) return EmptyChoices::undecided;
    if (event[i] != '[') return EmptyChoices::no;
    ++i;
    if (!skip()) return EmptyChoices::undecided;
    return event[i] == ']' ? EmptyChoices::yes : EmptyChoices::no;
  }
  return EmptyChoices::undecided;
}

}  // namespace steelyard::dialect::openai
