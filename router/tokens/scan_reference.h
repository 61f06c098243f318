#pragma once
// Where pieces end, for any text, one character at a time: what the fast scanners are measured
// against, and what they fall back to. Every function takes an offset and returns the end of what
// it matched there, or the offset itself when it did not match.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "router/tokens/ascii_scan.h"
#include "router/tokens/piece_pattern.h"
#include "router/tokens/unicode_class.h"

namespace steelyard::router {

template <PatternId id>
class Reference {
 public:
  Reference(const unsigned char* data, std::size_t size) : data_(data), size_(size) {}

  // at < size.
  std::size_t piece_end(std::size_t at) {
    const Seen first = look(at);
    broken_ = !first.valid;
    seen_ = at + first.size;
    if constexpr (rules.han_apart || rules.segments) {
      if (in(first, apart)) return run(at, apart);
    }
    if constexpr (rules.segments) {
      if (const std::size_t end = ascii_name(at); end != at) return end;
    }
    if constexpr (rules.contractions == Contractions::before) {
      if (const std::size_t end = contraction(at); end != at) return end;
    }
    if (in(first, numbers)) return digits(at);
    if (first.kind == CharClass::newline) return blanks(at);
    if (in(first, letters)) return word(at);
    return after_prefix(at, first);
  }

  // The piece found last holds bytes that are not UTF-8.
  bool broken() const { return broken_; }
  // Where the piece ends does not depend on anything from this offset on.
  std::size_t seen() const { return seen_ + 4; }

 private:
  static constexpr PiecePattern rules = pattern_of(id);

  struct Seen {
    CharClass kind;
    std::uint16_t size;
    bool valid;
  };

  // Sets of classes.
  static constexpr unsigned set() { return 0; }
  template <class... More>
  static constexpr unsigned set(CharClass one, More... more) {
    return 1U << static_cast<unsigned>(one) | set(more...);
  }
  static constexpr unsigned when(bool condition, unsigned classes) {
    return condition ? classes : 0;
  }
  static bool in(const Seen& seen, unsigned classes) {
    return (classes >> static_cast<unsigned>(seen.kind) & 1U) != 0;
  }
  static constexpr unsigned han =
      set(CharClass::han_letter, CharClass::han_number, CharClass::han_sign);
  // What the first alternative takes; deepseek's ideographs and kana come as han_letter.
  static constexpr unsigned apart = rules.segments ? set(CharClass::han_letter) : han;
  static constexpr unsigned han_letters =
      when(!rules.han_apart && !rules.segments, set(CharClass::han_letter));
  static constexpr unsigned word_marks = when(rules.marks_in_words, set(CharClass::mark));
  static constexpr unsigned free = set(CharClass::caseless) | han_letters | word_marks;
  static constexpr unsigned upper = set(CharClass::upper) | free;
  static constexpr unsigned lower = set(CharClass::lower) | free;
  // No optional character comes before them; a mark may be that character where words have case.
  static constexpr unsigned letters =
      rules.words == Words::cased ? (upper | lower) & ~set(CharClass::mark) : upper | lower;
  static constexpr unsigned numbers = set(CharClass::number, CharClass::han_number);
  static constexpr unsigned signs = set(CharClass::sign, CharClass::han_sign) |
                                    when(!rules.segments, set(CharClass::other)) |
                                    when(rules.marks_are_signs, set(CharClass::mark));
  static constexpr unsigned blank = set(CharClass::space, CharClass::newline);
  static constexpr bool prefix_may_be_sign = !rules.segments;

  [[gnu::always_inline]] Seen look(std::size_t at) const {
    const Decoded next = decode_utf8(data_, at, size_);
    CharClass kind = class_of(next.code);
    if constexpr (rules.segments) kind = segment_class(next.code, kind);
    return {kind, next.size, next.valid};
  }

  // [一-龥぀-ゟ゠-ヿ] is han_letter, and nothing else is.
  static CharClass segment_class(std::uint32_t code, CharClass kind) {
    if (code < 0x2E80) return kind;
    if ((code >= 0x4E00 && code <= 0x9FA5) || (code >= 0x3040 && code <= 0x30FF))
      return CharClass::han_letter;
    if (kind == CharClass::han_letter) return CharClass::caseless;
    return kind;
  }

  // The run of `classes` at `at`.
  std::size_t run(std::size_t at, unsigned classes) {
    while (at < size_) {
      const Seen next = look(at);
      if (!in(next, classes)) break;
      broken_ |= !next.valid;
      at += next.size;
    }
    seen_ = std::max(seen_, at);
    return at;
  }

  std::size_t word(std::size_t at) {
    if constexpr (rules.words == Words::letters) return run(at, letters);
    std::size_t end = mixed_word(at);
    if (end == at) end = upper_word(at);
    return end == at ? at : suffix(end);
  }

  // [upper]*[lower]+. Without a lower-case letter in the run the greedy first bracket gives back as
  // little as it can: the word ends with the last one that has no case.
  std::size_t mixed_word(std::size_t at) {
    std::size_t end = at;
    while (at < size_) {
      const Seen next = look(at);
      if (next.kind == CharClass::lower) return run(at, lower);
      if (!in(next, upper)) break;
      at += next.size;
      if (next.kind != CharClass::upper) end = at;
    }
    seen_ = std::max(seen_, at);
    return end;
  }

  // [upper]+[lower]*
  std::size_t upper_word(std::size_t at) {
    const std::size_t end = run(at, upper);
    return end == at ? at : run(end, lower);
  }

  std::size_t suffix(std::size_t at) {
    return rules.contractions == Contractions::behind ? contraction(at) : at;
  }

  // 's 't 're 've 'm 'll 'd in any case; U+017F folds to s.
  std::size_t contraction(std::size_t at) {
    const std::size_t left = size_ - at;
    seen_ = std::max(seen_, at);
    if (left < 2 || data_[at] != '\'') return at;
    if (left >= 3 && data_[at + 1] == 0xC5 && data_[at + 2] == 0xBF) return at + 3;
    return at + ascii::contraction_size(data_ + at, left);
  }

  // [!-/:-@\[-`{-~][A-Za-z]+
  std::size_t ascii_name(std::size_t at) {
    if (data_[at] >= 0x7F || class_of(data_[at]) != CharClass::sign) return at;
    std::size_t end = at + 1;
    while (end < size_ && static_cast<unsigned char>((data_[end] | 0x20) - 'a') < 26) ++end;
    seen_ = std::max(seen_, end);
    return end == at + 1 ? at : end;
  }

  std::size_t digits(std::size_t at) {
    for (int count = 0; count < rules.digits && at < size_; ++count) {
      const Seen next = look(at);
      if (!in(next, numbers)) break;
      at += next.size;
    }
    seen_ = std::max(seen_, at);
    return at;
  }

  // What starts with neither a letter, a number nor a line end.
  std::size_t after_prefix(std::size_t at, const Seen& first) {
    const std::size_t after = at + first.size;
    if (rules.words == Words::cased && first.kind == CharClass::mark) {
      // As the optional first character it needs a word behind it; else it is a word of its own.
      const std::size_t end = mixed_word(after);
      return suffix(end != after ? end : mixed_word(at));
    }
    if (prefix_may_be_sign || !in(first, signs)) {
      const std::size_t end = word(after);
      if (end != after) return end;
    }
    if (in(first, signs)) return sign_run(at);
    if (data_[at] == ' ') {
      const std::size_t end = sign_run(after);
      if (end != after) return end;
    }
    return first.kind == CharClass::space ? blanks(at) : gap(after);
  }

  // [signs]+[\r\n/]*
  std::size_t sign_run(std::size_t at) {
    const std::size_t start = at;
    at = run(at, signs);
    if (at == start) return start;
    while (at < size_ && (data_[at] == '\r' || data_[at] == '\n' || is_slash(data_[at]))) ++at;
    seen_ = std::max(seen_, at);
    return at;
  }
  static bool is_slash(unsigned char byte) { return rules.slash_tail && byte == '/'; }

  // \s*[\r\n]+ up to the run's last line end; else all of the run but its last character, which
  // belongs to the next piece unless the text ends here.
  std::size_t blanks(std::size_t at) {
    const std::size_t start = at;
    std::size_t line_end = at;
    std::size_t last = at;
    bool ends = true;
    while (at < size_) {
      const Seen next = look(at);
      if (!in(next, blank)) {
        ends = rules.segments && in(next, numbers | apart);
        break;
      }
      last = at;
      at += next.size;
      if (next.kind == CharClass::newline) line_end = at;
    }
    seen_ = std::max(seen_, at);
    if (rules.blanks_to_end && ends) return at;
    if (line_end != start) return line_end;
    return ends || last == start ? at : last;
  }

  // deepseek: characters that no alternative matches, up to where one does.
  std::size_t gap(std::size_t at) {
    while (at < size_) {
      const Seen next = look(at);
      if (next.kind != CharClass::other) break;
      if (word(at + next.size) != at + next.size) break;
      at += next.size;
    }
    seen_ = std::max(seen_, at);
    return at;
  }

  const unsigned char* data_;
  std::size_t size_;
  std::size_t seen_ = 0;
  bool broken_ = false;
};

}  // namespace steelyard::router
