#include "router/tokens/sentence_counter.h"

#include <limits>

#include "router/tokens/unicode_class.h"
#include "router/tokens/utf8_put.h"

namespace steelyard::router {
namespace {

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A character as the vocabulary sees it.
struct Seen {
  std::uint32_t code;
  std::size_t size;  // bytes in the text
  bool odd;          // not the bytes that stand there
};

Seen see(const unsigned char* data, std::size_t at, std::size_t size) {
  if (data[at] < 0x80) return {data[at], 1, false};
  const Decoded found = decode_utf8(data, at, size);
  if (found.code == SentenceRules::blank) return {' ', found.size, true};
  return {found.code, found.size, !found.valid};
}

}  // namespace

SentenceCounter::SentenceCounter(std::shared_ptr<const Vocabulary> vocabulary, std::uint64_t seed)
    : vocabulary_(std::move(vocabulary)),
      rules_(*vocabulary_->sentence()),
      cache_(vocabulary_->met_pieces(seed)),
      merger_(*vocabulary_),
      chunk_(chunk_size) {}

std::int64_t SentenceCounter::count(std::string_view text) {
  return count_some(text, true, no_limit).tokens;
}

std::int64_t SentenceCounter::count_till(std::string_view text, std::int64_t limit) {
  return count_some(text, true, limit).tokens;
}

std::int64_t SentenceCounter::count_json(std::string_view escaped) {
  return count_in_chunks(escaped, chunk_, [this](std::string_view text, bool whole) {
    return count_some(text, whole, no_limit);
  });
}

// A piece ends where the next character is joined to the last one by no token, or where a text
// begins that is one token by itself. Near the end of a text that goes on, neither is known.
CountProgress SentenceCounter::count_some(std::string_view text, bool whole, std::int64_t limit) {
  const unsigned char* const data = bytes_of(text);
  const std::size_t ahead = std::max<std::size_t>(rules_.user_longest(), 4);
  const std::size_t end = whole ? text.size() : text.size() - std::min(text.size(), ahead);
  CountProgress done;
  std::size_t at = 0;
  std::uint32_t before = 0;
  bool odd = false;
  const auto close = [&] {
    if (at > done.bytes) done.tokens += count_piece(text, done.bytes, at, odd);
    done.bytes = at;
    odd = false;
  };
  while (at < end && done.tokens <= limit) {
    if (rules_.may_begin_user_token(data[at])) {
      if (const std::size_t size = rules_.user_token(text.substr(at)); size > 0) {
        close();
        ++done.tokens;
        done.bytes = at += size;
        continue;
      }
    }
    const Seen next = see(data, at, text.size());
    if (at > done.bytes && !rules_.joined(before, next.code)) close();
    odd |= next.odd;
    before = next.code;
    at += next.size;
  }
  if (whole) close();
  return done;
}

std::int64_t SentenceCounter::count_piece(std::string_view text, std::size_t begin, std::size_t end,
                                          bool odd) {
  if (odd) {
    text = mended(text.substr(begin, end - begin));
    begin = 0;
    end = text.size();
  }
  const std::size_t size = end - begin;
  if (size <= PieceKey::longest) return count_short(text, begin, size);
  const std::span<const unsigned char> piece(bytes_of(text) + begin, size);
  if (size > PieceCache::longest) return merger_.count(piece);
  const PieceCache::LongKey key = cache_.key_of(piece);
  if (const std::uint32_t known = cache_.find(key); known != 0) return known;
  const std::int64_t tokens = merger_.count(piece);
  cache_.put(key, static_cast<std::uint32_t>(tokens));
  return tokens;
}

std::int64_t SentenceCounter::count_short(std::string_view text, std::size_t begin,
                                          std::size_t size) {
  const unsigned char* const piece = bytes_of(text) + begin;
  const PieceKey key =
      begin + 16 <= text.size() ? load_key(piece, size) : load_key_exactly(piece, size);
  const std::uint64_t hash = hash_of(key);
  if (vocabulary_->holds(key, hash)) return 1;
  if (const std::uint32_t known = cache_.find(key, hash); known != 0) return known;
  const std::int64_t tokens = merger_.count({piece, size});
  cache_.put(key, hash, static_cast<std::uint32_t>(tokens));
  return tokens;
}

// As the vocabulary spells it: U+FFFD for what is not UTF-8, a blank for U+2581.
std::string_view SentenceCounter::mended(std::string_view piece) {
  if (mended_.capacity() > chunk_kept) mended_ = {};
  mended_.clear();
  for (std::size_t at = 0; at < piece.size();) {
    const Seen next = see(bytes_of(piece), at, piece.size());
    append_utf8(mended_, next.code);
    at += next.size;
  }
  return mended_;
}

}  // namespace steelyard::router
