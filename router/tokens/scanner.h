#pragma once
// Cuts text into the pieces that the o200k_base pattern matches; each is encoded on its own:
//
//   [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|...)?
//   [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|...)?
//   \p{N}{1,3}
//    ?[^\s\p{L}\p{N}]+[\r\n/]*
//   \s*[\r\n]+
//   \s+(?!\S)
//   \s+
//
// (tiktoken_ext/openai_public.py, 0.14.0; the first alternative that matches wins.) The state
// machine that replaces the regular expression is derived in scanner.cpp.
#include <array>
#include <cstddef>
#include <string_view>

namespace steelyard::router {

// A batch of piece ends, offsets into the text. The first piece starts where the scan began.
struct Pieces {
  static constexpr std::size_t capacity = 128;
  std::size_t count = 0;
  bool broken = false;  // the last piece holds bytes that are not UTF-8; the batch ends with it
  std::array<std::size_t, capacity> end;
};

// Fills `out` from text[from] on; from must be 0 or the end of a piece. Linear over a whole text.
void scan_pieces(std::string_view text, std::size_t from, Pieces& out);

}  // namespace steelyard::router
