#include "router/tokens/vocabulary.h"

#include <zlib.h>

#include <algorithm>

namespace steelyard::router {
namespace {

constexpr std::size_t head_size = 16;
constexpr std::uint32_t single_byte = 0xFFFFFF;  // right side of a token of one byte
constexpr std::size_t ahead = 16;                // entries between prefetch and use

std::uint32_t read32(std::span<const unsigned char> bytes, std::size_t at) {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
         static_cast<std::uint32_t>(bytes[at + 3]) << 24;
}

// The planes, or empty when head or stream are not what make_vocabulary.py writes.
std::vector<unsigned char> inflate_planes(std::span<const unsigned char> packed) {
  const std::array<unsigned char, 4> magic{'S', 'T', 'O', 'K'};
  if (packed.size() < head_size || !std::equal(magic.begin(), magic.end(), packed.begin()))
    return {};
  const std::uint32_t tokens = read32(packed, 8);
  uLongf size = read32(packed, 12);
  if (read32(packed, 4) != 1 || tokens >= 1U << 18 || size != uLongf{tokens} * 6) return {};
  std::vector<unsigned char> planes(size);
  const auto body = packed.subspan(head_size);
  const int status = uncompress(planes.data(), &size, body.data(), static_cast<uLong>(body.size()));
  if (status != Z_OK || size != planes.size()) return {};
  return planes;
}

struct Planes {
  std::span<const unsigned char> bytes;
  std::size_t count;
  Token at(std::size_t plane, std::size_t token) const {
    const unsigned char* low = bytes.data() + plane * count + token;
    return low[0] | low[count] << 8 | low[2 * count] << 16;
  }
  Token left(std::size_t token) const { return at(0, token); }
  Token right(std::size_t token) const { return at(3, token); }
};

std::size_t length_of(const PieceKey& key) {
  return key.high >> 56;
}

// Both parts together, as a key; length 0 (and only that) when it is longer than a key can be.
PieceKey join(const PieceKey& left, const PieceKey& right) {
  const std::size_t first = length_of(left);
  const std::size_t size = first + length_of(right);
  if (first == 0 || length_of(right) == 0 || size > PieceKey::longest) return {};
  std::array<unsigned char, 32> bytes{};
  std::memcpy(bytes.data(), &left, first);
  std::memcpy(bytes.data() + first, &right, 16);
  return load_key(bytes.data(), size);
}

}  // namespace

std::shared_ptr<const Vocabulary> Vocabulary::unpack(std::span<const unsigned char> packed) {
  const std::vector<unsigned char> planes = inflate_planes(packed);
  auto vocabulary = std::make_shared<Vocabulary>();
  if (planes.empty() || !vocabulary->build(planes, planes.size() / 6)) return nullptr;
  return vocabulary;
}

bool Vocabulary::build(std::span<const unsigned char> bytes, std::size_t tokens) {
  token_count_ = tokens;
  byte_token_.fill(no_token);
  byte_pairs_.assign(256 * 256, no_token);
  pairs_.assign(pair_mask + 1, no_pair);
  lines_.assign(line_mask + 1, PieceLine{});
  const Planes planes{bytes, tokens};
  std::vector<PieceKey> text(tokens);
  for (std::size_t token = 0; token < tokens; ++token) {
    const std::size_t next = std::min(token + ahead, tokens - 1);
    const std::uint64_t pair = std::uint64_t{planes.left(next)} << token_bits | planes.right(next);
    __builtin_prefetch(&pairs_[pair_home(pair)], 1);
    const Token number = static_cast<Token>(token);
    if (!add_token(number, planes.left(token), planes.right(token), text)) return false;
  }
  for (std::size_t token = 0; token < tokens; ++token) {
    const PieceKey& next = text[std::min(token + ahead, tokens - 1)];
    __builtin_prefetch(&lines_[hash_of(next) & line_mask], 1);
    if (!text[token].empty()) add_piece(text[token]);
  }
  return std::find(byte_token_.begin(), byte_token_.end(), no_token) == byte_token_.end();
}

// Parts come before the whole, so `text` of both is known.
bool Vocabulary::add_token(Token token, Token left, Token right, std::vector<PieceKey>& text) {
  if (right == single_byte) {
    if (left > 255) return false;
    byte_token_[left] = token;
    const auto byte = static_cast<unsigned char>(left);
    text[token] = load_key_exactly(&byte, 1);
    return true;
  }
  if (left >= token || right >= token) return false;
  add_pair(std::uint64_t{left} << token_bits | right, token);
  text[token] = join(text[left], text[right]);
  if (length_of(text[token]) == 2) {
    byte_pairs_[(text[token].low & 255) << 8 | text[token].low >> 8] = token;
  }
  return true;
}

void Vocabulary::add_pair(std::uint64_t pair, Token merged) {
  std::size_t at = pair_home(pair);
  while (pairs_[at] != no_pair) at = (at + 1) & pair_mask;
  pairs_[at] = pair << token_bits | merged;
}

// In rank order, so that common pieces are found first in their line.
void Vocabulary::add_piece(const PieceKey& key) {
  for (std::size_t at = hash_of(key) & line_mask;; at = (at + 1) & line_mask) {
    for (PieceKey& slot : lines_[at].slot) {
      if (!slot.empty()) continue;
      slot = key;
      slot.set_count(1);
      return;
    }
  }
}

std::size_t Vocabulary::bytes() const {
  return sizeof *this + byte_pairs_.size() * sizeof(Token) + pairs_.size() * sizeof(std::uint64_t) +
         lines_.size() * sizeof(PieceLine);
}

}  // namespace steelyard::router
