#include "router/tokens/o200k_counter.h"

#include <cstring>

#include "router/tokens/cut.h"
#include "router/tokens/json_text.h"
#include "router/tokens/unicode_class.h"
#include "router/tokens/vocabulary_data.h"

namespace steelyard::router {
namespace {

constexpr std::size_t chunk_size = 16 * 1024;
constexpr std::size_t chunk_kept = 1024 * 1024;  // what a worker keeps of a chunk that had to grow

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::shared_ptr<const Vocabulary> load_o200k() {
  return Vocabulary::unpack(o200k_data());
}

std::unique_ptr<TokenCounter> make_o200k_counter(std::shared_ptr<const Vocabulary> vocabulary,
                                                 std::uint64_t seed) {
  return std::make_unique<O200kCounter>(std::move(vocabulary), seed);
}

O200kCounter::O200kCounter(std::shared_ptr<const Vocabulary> vocabulary, std::uint64_t seed)
    : vocabulary_(std::move(vocabulary)), cache_(seed), merger_(*vocabulary_), chunk_(chunk_size) {}

std::int64_t O200kCounter::count(std::string_view text) {
  std::int64_t total = 0;
  std::size_t from = 0;
  while (from < text.size()) {
    scan_pieces(text, from, pieces_);
    total += count_batch(text, from);
    from = pieces_.end[pieces_.count - 1];
  }
  return total;
}

// Two passes over the batch: the first asks for every cache line that the second will read.
std::int64_t O200kCounter::count_batch(std::string_view text, std::size_t from) {
  const unsigned char* data = bytes_of(text);
  std::int64_t total = 0;
  std::size_t count = pieces_.count;
  if (pieces_.broken) {
    const std::size_t start = count > 1 ? pieces_.end[count - 2] : from;
    total += count_broken({data + start, data + pieces_.end[--count]});
  }
  std::size_t start = from;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = pieces_.end[i] - start;
    Lookup& lookup = lookups_[i];
    if (size <= PieceKey::longest) [[likely]] {
      const bool room = start + 16 <= text.size();
      lookup.key = room ? load_key(data + start, size) : load_key_exactly(data + start, size);
      lookup.hash = hash_of(lookup.key);
      vocabulary_->prefetch(lookup.hash);
    } else {
      lookup.key = PieceKey{};
    }
    start = pieces_.end[i];
  }
  start = from;
  for (std::size_t i = 0; i < count; ++i) {
    const Lookup& lookup = lookups_[i];
    const std::size_t size = pieces_.end[i] - start;
    if (lookup.key.empty()) [[unlikely]] {
      total += count_long({data + start, size});
    } else if (vocabulary_->holds(lookup.key, lookup.hash)) {
      ++total;
    } else {
      total += count_unknown(lookup.key, lookup.hash, size);
    }
    start = pieces_.end[i];
  }
  return total;
}

std::int64_t O200kCounter::count_unknown(const PieceKey& key, std::uint64_t hash,
                                         std::size_t size) {
  if (const std::uint32_t known = cache_.find(key, hash); known != 0) return known;
  const std::int64_t tokens = merger_.count({reinterpret_cast<const unsigned char*>(&key), size});
  cache_.put(key, hash, static_cast<std::uint32_t>(tokens));
  return tokens;
}

std::int64_t O200kCounter::count_long(Piece piece) {
  if (piece.size() > PieceCache::longest) return merger_.count(piece);
  const PieceCache::LongKey key = cache_.key_of(piece);
  if (const std::uint32_t known = cache_.find(key); known != 0) return known;
  const std::int64_t tokens = merger_.count(piece);
  cache_.put(key, static_cast<std::uint32_t>(tokens));
  return tokens;
}

std::int64_t O200kCounter::count_piece(Piece piece) {
  if (piece.size() > PieceKey::longest) return count_long(piece);
  const PieceKey key = load_key_exactly(piece.data(), piece.size());
  const std::uint64_t hash = hash_of(key);
  return vocabulary_->holds(key, hash) ? 1 : count_unknown(key, hash, piece.size());
}

// Writes U+FFFD for what is not UTF-8; that does not change where the piece ends.
std::int64_t O200kCounter::count_broken(Piece piece) {
  mended_.clear();
  for (std::size_t at = 0; at < piece.size();) {
    const Decoded found = decode_utf8(piece.data(), at, piece.size());
    if (found.valid) {
      mended_.append(reinterpret_cast<const char*>(piece.data()) + at, found.size);
    } else {
      mended_ += "\xEF\xBF\xBD";
    }
    at += found.size;
  }
  return count_piece({bytes_of(mended_), mended_.size()});
}

// Unescapes into a chunk, counts it up to a place where a piece surely ends, and carries the rest
// to the front. A chunk without such a place grows.
std::int64_t O200kCounter::count_json(std::string_view escaped) {
  if (std::memchr(escaped.data(), '\\', escaped.size()) == nullptr) return count(escaped);
  std::int64_t total = 0;
  std::size_t filled = 0;
  for (JsonText text(escaped);;) {
    filled += text.read(chunk_.data() + filled, chunk_.size() - filled);
    if (text.done()) break;
    const std::size_t cut = last_cut({chunk_.data(), filled});
    if (cut == 0) {
      chunk_.resize(chunk_.size() * 2);
      continue;
    }
    total += count({chunk_.data(), cut});
    filled -= cut;
    std::memmove(chunk_.data(), chunk_.data() + cut, filled);
  }
  total += count({chunk_.data(), filled});
  if (chunk_.size() > chunk_kept) {
    chunk_.resize(chunk_kept);
    chunk_.shrink_to_fit();
  }
  return total;
}

}  // namespace steelyard::router
