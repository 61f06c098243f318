#pragma once
// The file form of a vocabulary: see scripts/make_vocabulary.py, which writes the same.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/types/result.h"
#include "router/tokens/piece_pattern.h"

namespace steelyard::router {

struct PackedVocabulary {
  // Right side of a token of one byte, which is its left; of a SentencePiece vocabulary: of one
  // character (U+0020 stands for U+2581).
  static constexpr std::uint32_t single_byte = 0xFFFFFF;
  static constexpr std::size_t tokens_max = (1U << 18) - 1;

  std::string name;  // at most 31 bytes
  PatternId pattern = PatternId::o200k;
  bool normalises = false;
  std::vector<std::uint32_t> left, right;  // by token, in the order in which they merge
  // Pieces that are a token though no merging makes them; of a SentencePiece vocabulary: texts that
  // are one token wherever they stand.
  std::vector<std::string> whole;

  // From here on found by read_packed.
  bool ordered = true;                   // no token ranks below one of its parts
  std::vector<std::uint32_t> by_length;  // tokens, each behind its parts
};

// Everything is checked: sizes, checksum, that every byte is a token once, that no token is a part
// of itself or longer than 64 KB.
Result<PackedVocabulary> read_packed(std::span<const unsigned char> file);
std::vector<unsigned char> write_packed(const PackedVocabulary& vocabulary);

}  // namespace steelyard::router
