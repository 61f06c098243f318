#pragma once
// The answer's text as tokens. The pretend tokenizer: a word with the space before it is a token;
// text that has no words (JSON, tool arguments) has one token per four bytes. Internal to
// gateway/mock.
#include <cstdint>
#include <string_view>

namespace steelyard::mock {

enum class PieceKind : std::uint8_t {
  question,  // "You asked: <text>." and filler without end
  words,     // the text itself, word by word
  bytes,     // the text itself, four bytes at a time (never inside a UTF-8 sequence)
};

// A cursor; copies are cheap. `text` must outlive it.
class Pieces {
 public:
  Pieces() = default;
  Pieces(PieceKind kind, std::string_view text) : kind_(kind), text_(text) {}

  // The next token, empty at the end. `needs_escape` says whether it may hold characters JSON must
  // escape.
  std::string_view next();
  bool needs_escape() const { return escape_; }

 private:
  std::string_view next_word();
  std::string_view next_bytes();

  PieceKind kind_ = PieceKind::words;
  std::string_view text_;
  std::size_t at_ = 0;      // position in text_
  std::size_t filler_ = 0;  // position in the filler, for `question`
  std::uint8_t stage_ = 0;  // question: 0 first words, 1 the text, 2 filler
  bool escape_ = true;
};

// How many tokens the text has (not for `question`, which never ends).
std::int64_t count_pieces(PieceKind kind, std::string_view text);

}  // namespace steelyard::mock
