#pragma once
// The patterns that cut text into pieces before byte-pair merging, as rules a state machine can
// follow. Each is a published regular expression (first alternative that matches wins):
//
// o200k    [^\r\n\p{L}\p{N}]?U*L+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?U+L*(?i:'s|...)?
//          |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
//          with U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], L = [\p{Ll}\p{Lm}\p{Lo}\p{M}]
// cl100k   '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+
//          |\s++$|\s*[\r\n]|\s+(?!\S)|\s                    (both: tiktoken 0.14.0,
//          openai_public.py)
// llama3   as cl100k, but \s*[\r\n]+|\s+(?!\S)|\s+ at the end: blanks behind a last line end stand
//          apart (tokenizer.json of Llama 3, GLM 4)
// qwen2    as llama3, digits one by one; NFC first (tokenizer.json of Qwen 2, 2.5, 3)
// qwen35   as qwen2 with [\p{L}\p{M}]+ for words and [^\s\p{L}\p{M}\p{N}]+ for signs (Qwen 3.5)
// deepseek split by \p{N}{1,3}, then by [一-龥぀-ゟ゠-ヿ]+, then by
//          [!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*
//          |\s*[\r\n]+|\s+(?!\S)|\s+; what is left over stands as it is (tokenizer.json of DeepSeek
//          V3, R1, V4)
// tekken   as o200k without the contractions, digits one by one (tekken.json of Mistral)
// kimi     [\p{Han}]+ first, then as o200k with \p{Han} taken out of U and L, and signs followed by
//          [\r\n]* only (tokenization_kimi.py of Kimi K2)
#include <cstdint>
#include <optional>
#include <string_view>

namespace steelyard::router {

// Order is that of scripts/make_vocabulary.py.
enum class PatternId : std::uint8_t {
  o200k,
  cl100k,
  llama3,
  qwen2,
  qwen35,
  deepseek,
  tekken,
  kimi,
  sentencepiece,  // no pattern: piece_sentence.cpp
};
inline constexpr unsigned patterns = 9;

enum class Words : std::uint8_t {
  cased,    // a word starts where lower case turns to upper case
  letters,  // \p{L}+
};
enum class Contractions : std::uint8_t {
  none,
  before,  // a piece of their own
  behind,  // the end of a word
};

struct PiecePattern {
  Words words = Words::letters;
  Contractions contractions = Contractions::before;
  int digits = 3;                // of a number, in one piece
  bool slash_tail = false;       // signs take [\r\n/]* behind them, not [\r\n]*
  bool marks_in_words = true;    // \p{M} is part of a word
  bool marks_are_signs = false;  // \p{M} may stand among signs
  bool blanks_to_end = false;    // blanks that end the text are one piece
  bool segments = false;         // deepseek's three splits
  bool han_apart = false;        // kimi's first alternative
};

constexpr PiecePattern pattern_of(PatternId id) {
  const PiecePattern o200k{.words = Words::cased,
                           .contractions = Contractions::behind,
                           .slash_tail = true,
                           .marks_are_signs = true};
  const PiecePattern llama3{.marks_in_words = false, .marks_are_signs = true};
  PiecePattern pattern = llama3;
  switch (id) {
    case PatternId::o200k: return o200k;
    case PatternId::cl100k: pattern.blanks_to_end = true; break;
    case PatternId::llama3: break;
    case PatternId::qwen2: pattern.digits = 1; break;
    case PatternId::qwen35: return {.digits = 1};
    case PatternId::deepseek: return {.contractions = Contractions::none, .segments = true};
    case PatternId::tekken:
      pattern = o200k;
      pattern.contractions = Contractions::none;
      pattern.digits = 1;
      break;
    case PatternId::kimi:
      pattern = o200k;
      pattern.slash_tail = false;
      pattern.han_apart = true;
      break;
    case PatternId::sentencepiece: break;
  }
  return pattern;
}

const char* name_of(PatternId id);  // "o200k", ...
std::optional<PatternId> pattern_named(std::string_view name);

}  // namespace steelyard::router
