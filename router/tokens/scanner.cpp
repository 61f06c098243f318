#include "router/tokens/scanner.h"

#include "router/tokens/ascii_scan.h"
#include "router/tokens/unicode_class.h"

namespace steelyard::router {
namespace {

bool is_cased_lower_or_free(CharClass kind) {
  return kind == CharClass::lower || kind == CharClass::caseless || kind == CharClass::mark;
}
bool is_cased_upper_or_free(CharClass kind) {
  return kind == CharClass::upper || kind == CharClass::caseless || kind == CharClass::mark;
}

// The reference: any text, one character at a time. Every function takes an offset and returns the
// end of what it matched there, or the offset itself when it did not match.
class Reference {
 public:
  Reference(const unsigned char* data, std::size_t size) : data_(data), size_(size) {}

  std::size_t piece_end(std::size_t at) {
    const Decoded first = look(at);
    broken_ = !first.valid;
    const std::size_t after = at + first.size;
    switch (first.kind) {
      case CharClass::upper:
      case CharClass::lower:
      case CharClass::caseless: return letters(at);
      case CharClass::number: return digits(at);
      case CharClass::newline: return blanks(at);
      case CharClass::mark: {
        // As the optional first character it needs a word behind it; else it is a word of its own,
        // since a mark may stand in both brackets.
        const std::size_t end = mixed_word(after);
        return contraction(end != after ? end : mixed_word(at));
      }
      case CharClass::other:
      case CharClass::space: break;
    }
    const std::size_t end = letters(after);
    if (end != after) return end;
    if (first.kind == CharClass::other) return punctuation(at);
    if (data_[at] == ' ') {
      const std::size_t marks = punctuation(after);
      if (marks != after) return marks;
    }
    return blanks(at);
  }

  // The piece found last holds bytes that are not UTF-8: only punctuation can.
  bool broken() const { return broken_; }

 private:
  Decoded look(std::size_t at) const { return decode_utf8(data_, at, size_); }

  std::size_t letters(std::size_t at) const {
    std::size_t end = mixed_word(at);
    if (end == at) end = upper_word(at);
    return end == at ? at : contraction(end);
  }

  // [upper caseless mark]* [lower caseless mark]+. Without a lower-case letter in the run the
  // greedy first bracket gives back as little as it can: the word ends with the last caseless one.
  std::size_t mixed_word(std::size_t at) const {
    std::size_t end = at;
    while (at < size_) {
      const Decoded next = look(at);
      if (next.kind == CharClass::lower) return lower_tail(at);
      if (!is_cased_upper_or_free(next.kind)) break;
      at += next.size;
      if (next.kind != CharClass::upper) end = at;
    }
    return end;
  }

  // [upper caseless mark]+ [lower caseless mark]*
  std::size_t upper_word(std::size_t at) const {
    const std::size_t start = at;
    while (at < size_) {
      const Decoded next = look(at);
      if (!is_cased_upper_or_free(next.kind)) break;
      at += next.size;
    }
    return at == start ? start : lower_tail(at);
  }

  std::size_t lower_tail(std::size_t at) const {
    while (at < size_) {
      const Decoded next = look(at);
      if (!is_cased_lower_or_free(next.kind)) break;
      at += next.size;
    }
    return at;
  }

  // 's 't 're 've 'm 'll 'd in any case; U+017F folds to s.
  std::size_t contraction(std::size_t at) const {
    const std::size_t left = size_ - at;
    if (left < 2 || data_[at] != '\'') return at;
    if (left >= 3 && data_[at + 1] == 0xC5 && data_[at + 2] == 0xBF) return at + 3;
    return at + ascii::contraction_size(data_ + at, left);
  }

  std::size_t digits(std::size_t at) const {
    for (int count = 0; count < 3 && at < size_; ++count) {
      const Decoded next = look(at);
      if (next.kind != CharClass::number) break;
      at += next.size;
    }
    return at;
  }

  // [^\s\p{L}\p{N}]+[\r\n/]*
  std::size_t punctuation(std::size_t at) {
    const std::size_t start = at;
    while (at < size_) {
      const Decoded next = look(at);
      if (next.kind != CharClass::other && next.kind != CharClass::mark) break;
      broken_ = broken_ || !next.valid;
      at += next.size;
    }
    if (at == start) return start;
    while (at < size_ && (data_[at] == '\r' || data_[at] == '\n' || data_[at] == '/')) ++at;
    return at;
  }

  // \s*[\r\n]+ up to the run's last line end; else all of the run but its last character, which
  // belongs to the next piece unless the text ends here.
  std::size_t blanks(std::size_t at) const {
    const std::size_t start = at;
    std::size_t line_end = at;
    std::size_t last = at;
    while (at < size_) {
      const Decoded next = look(at);
      if (next.kind != CharClass::space && next.kind != CharClass::newline) break;
      last = at;
      at += next.size;
      if (next.kind == CharClass::newline) line_end = at;
    }
    if (line_end != start) return line_end;
    if (at == size_ || last == start) return at;
    return last;
  }

  const unsigned char* data_;
  std::size_t size_;
  bool broken_ = false;
};

// The same for ASCII, eight bytes at a time. 0 when the piece is not plain ASCII, comes near the
// end of the text, or is rare: then the reference decides.
class Fast {
 public:
  Fast(const unsigned char* data, std::size_t size) : data_(data), size_(size) {}

  // At least 16 bytes from `at` on must exist.
  std::size_t piece_end(std::size_t at) const {
    const unsigned char first = data_[at];
    switch (ascii_class[first]) {
      case Kind::lower: return after_word(ascii::run_end<'a', 'z'>(data_, at + 1, size_));
      case Kind::upper: return from_upper(at + 1);
      case Kind::digit: return digits(at);
      case Kind::space:
      case Kind::punctuation: break;
      case Kind::newline: return blanks(at);
      case Kind::foreign: return 0;
    }
    switch (ascii_class[data_[at + 1]]) {
      case Kind::lower: return after_word(ascii::run_end<'a', 'z'>(data_, at + 2, size_));
      case Kind::upper: return from_upper(at + 2);
      case Kind::punctuation:
        if (first == ' ' || ascii_class[first] == Kind::punctuation) return punctuation(at + 2);
        return at + 1;
      case Kind::digit: return at + 1;
      case Kind::space:
      case Kind::newline:
        return ascii_class[first] == Kind::punctuation ? tail(at + 1) : blanks(at);
      case Kind::foreign: return 0;
    }
    return 0;
  }

 private:
  enum class Kind : std::uint8_t { foreign, upper, lower, digit, punctuation, space, newline };

  static constexpr std::array<Kind, 256> make_classes() {
    std::array<Kind, 256> table{};
    for (std::size_t code = 0; code < 0x80; ++code) {
      const bool blank = code == ' ' || (code >= 9 && code <= 13);
      table[code] = code == '\n' || code == '\r' ? Kind::newline
                    : blank                      ? Kind::space
                    : code >= 'a' && code <= 'z' ? Kind::lower
                    : code >= 'A' && code <= 'Z' ? Kind::upper
                    : code >= '0' && code <= '9' ? Kind::digit
                                                 : Kind::punctuation;
    }
    return table;
  }
  static const std::array<Kind, 256> ascii_class;

  // `at` ends the lower-case letters of a word.
  std::size_t after_word(std::size_t at) const {
    if (at > size_ - 4) return 0;  // also `none`
    const unsigned char next = data_[at];
    if (next >= 0x80) return 0;
    if (next != '\'') return at;
    if (data_[at + 1] >= 0x80) return 0;
    return at + ascii::contraction_size(data_ + at, 4);
  }

  // The character before `at` is upper case.
  std::size_t from_upper(std::size_t at) const {
    if (at + 8 > size_) return 0;
    if (ascii_class[data_[at]] == Kind::upper) {
      at = ascii::run_end<'A', 'Z'>(data_, at + 1, size_);
      if (at == ascii::none) return 0;
    }
    if (ascii_class[data_[at]] == Kind::lower) at = ascii::run_end<'a', 'z'>(data_, at + 1, size_);
    return after_word(at);
  }

  std::size_t digits(std::size_t at) const {
    const Kind second = ascii_class[data_[at + 1]];
    if (second != Kind::digit) return second == Kind::foreign ? 0 : at + 1;
    const Kind third = ascii_class[data_[at + 2]];
    if (third != Kind::digit) return third == Kind::foreign ? 0 : at + 2;
    return at + 3;
  }

  std::size_t punctuation(std::size_t at) const {
    while (at < size_ && ascii_class[data_[at]] == Kind::punctuation) ++at;
    return tail(at);
  }

  // [\r\n/]* behind punctuation.
  std::size_t tail(std::size_t at) const {
    if (at < size_ && ascii_class[data_[at]] == Kind::foreign) return 0;
    while (at < size_ && (data_[at] == '\n' || data_[at] == '\r' || data_[at] == '/')) ++at;
    return at;
  }

  std::size_t blanks(std::size_t at) const {
    const std::size_t start = at;
    std::size_t line_end = at;
    Kind kind = ascii_class[data_[at]];
    do {
      ++at;
      if (kind == Kind::newline) line_end = at;
      if (at == size_) return 0;
      kind = ascii_class[data_[at]];
    } while (kind == Kind::space || kind == Kind::newline);
    if (kind == Kind::foreign) return 0;
    if (line_end != start) return line_end;
    return at - start == 1 ? at : at - 1;
  }

  const unsigned char* data_;
  std::size_t size_;
};

constexpr std::array<Fast::Kind, 256> Fast::ascii_class = Fast::make_classes();

}  // namespace

void scan_pieces(std::string_view text, std::size_t from, Pieces& out) {
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t size = text.size();
  const Fast fast(data, size);
  Reference reference(data, size);
  std::size_t count = 0;
  out.broken = false;
  while (from < size && count < Pieces::capacity && !out.broken) {
    std::size_t end = from + 16 <= size ? fast.piece_end(from) : 0;
    if (end == 0) {
      end = reference.piece_end(from);
      out.broken = reference.broken();
    }
    out.end[count++] = from = end;
  }
  out.count = count;
}

}  // namespace steelyard::router
