#include "router/tokens/bpe_counter.h"

#include <cstring>
#include <limits>

#include "router/tokens/unicode_class.h"

namespace steelyard::router {
namespace {

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

BpeCounter::BpeCounter(std::shared_ptr<const Vocabulary> vocabulary, std::uint64_t seed,
                       ScanWith with)
    : vocabulary_(std::move(vocabulary)),
      batch_(vocabulary_->pattern(), with),
      cache_(vocabulary_->met_pieces(seed)),
      merger_(*vocabulary_),
      chunk_(chunk_size) {}

std::int64_t BpeCounter::count(std::string_view text) {
  return count_till(text, no_limit);
}

std::int64_t BpeCounter::count_till(std::string_view text, std::int64_t limit) {
  if (vocabulary_->normalises() && Normaliser::next_stretch(text, 0).begin != text.npos)
    return count_normalised(text, true);
  return count_some(text, true, limit).tokens;
}

// Brings the text into form C piecewise, behind what is left from the text before it, and counts
// what can be counted for good; all of it when the text ends here.
std::int64_t BpeCounter::count_normalised(std::string_view text, bool whole) {
  std::int64_t total = 0;
  // A piece that does not end lets it wait ever longer: what is looked at twice stays linear.
  std::size_t enough = 2 * (chunk_size + normal_.size());
  const auto settle = [&](bool last) {
    const CountProgress done = count_some(normal_, last, no_limit);
    total += done.tokens;
    normal_.erase(0, done.bytes);
    enough = 2 * (chunk_size + normal_.size());
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const Normaliser::Stretch next = Normaliser::next_stretch(text, at);
    const std::size_t plain = std::min(next.begin, text.size());
    while (at < plain) {
      const std::size_t some = std::min(plain - at, chunk_size);
      normal_.append(text.substr(at, some));
      at += some;
      if (normal_.size() >= enough) settle(false);
    }
    if (next.begin == text.npos) break;
    normaliser_.append(text.substr(next.begin, next.end - next.begin), normal_);
    at = next.end;
    if (normal_.size() >= enough) settle(false);
  }
  if (whole) settle(true);
  if (normal_.capacity() > chunk_kept && normal_.empty()) normal_ = {};
  return total;
}

CountProgress BpeCounter::count_some(std::string_view text, bool whole, std::int64_t limit) {
  const ScanText scanned{bytes_of(text), text.size(), whole};
  CountProgress done;
  while (done.bytes < text.size() && done.tokens <= limit && work_left_ >= 0) {
    const std::size_t missed = batch_(*vocabulary_, scanned, done.bytes, pieces_, lookups_);
    if (pieces_.count == 0) break;
    done.tokens += count_batch(scanned, done.bytes, missed);
    done.bytes += pieces_.end_of(pieces_.count - 1);
  }
  done.tokens += settle();
  return done;
}

std::int64_t BpeCounter::count_batch(const ScanText& text, std::size_t from, std::size_t missed) {
  std::size_t count = pieces_.count;
  std::int64_t total = 0;
  if (pieces_.broken) {
    --count;
    total = count_broken(
        {text.data + from + pieces_.start_of(count), text.data + from + pieces_.end_of(count)});
  }
  total += static_cast<std::int64_t>(count - missed) + settle();
  put_off(text, from, missed);
  return total;
}

// What was met before is in the cache, whose lines are asked for now and read a batch later: by
// then they have come, even from memory.
void BpeCounter::put_off(const ScanText& text, std::size_t from, std::size_t missed) {
  for (std::size_t m = 0; m < missed; ++m) {
    const std::size_t i = lookups_.missed[m];
    const std::size_t start = pieces_.start_of(i);
    Unsettled& next = unsettled_[m];
    next.piece = Piece(text.data + from + start, pieces_.end_of(i) - start);
    next.key = lookups_.key[i];
    next.hash = hash_of(next.key);
    if (next.piece.size() > PieceKey::longest && next.piece.size() <= PieceCache::longest) {
      const PieceCache::LongKey key = cache_.key_of(next.piece);
      next.key = {key.low, key.high};
      next.hash = key.low;
    }
    cache_.prefetch(next.hash);
  }
  unsettled_count_ = missed;
}

std::int64_t BpeCounter::settle() {
  std::int64_t total = 0;
  for (std::size_t m = 0; m < unsettled_count_; ++m) {
    const auto& [piece, key, hash] = unsettled_[m];
    total += piece.size() <= PieceKey::longest     ? count_unknown(key, hash, piece.size())
             : piece.size() <= PieceCache::longest ? count_long(piece, {key.low, key.high})
                                                   : merge_all(piece);
  }
  unsettled_count_ = 0;
  return total;
}

std::int64_t BpeCounter::count_unknown(const PieceKey& key, std::uint64_t hash, std::size_t size) {
  if (const std::uint32_t known = cache_.find(key, hash); known != 0) return known;
  std::int64_t tokens = 1;
  work_left_ -= static_cast<std::int64_t>(size);
  if (!vocabulary_->overflows(hash) || !vocabulary_->holds(key, hash))
    tokens = merger_.count({reinterpret_cast<const unsigned char*>(&key), size});
  cache_.put(key, hash, static_cast<std::uint32_t>(tokens));
  return tokens;
}

std::int64_t BpeCounter::count_long(Piece piece, const PieceCache::LongKey& key) {
  if (const std::uint32_t known = cache_.find(key); known != 0) return known;
  const std::int64_t tokens = merge_all(piece);
  cache_.put(key, static_cast<std::uint32_t>(tokens));
  return tokens;
}

std::int64_t BpeCounter::merge_all(Piece piece) {
  const bool too_much =
      piece.size() > PieceCache::longest && static_cast<std::int64_t>(piece.size()) > work_left_;
  work_left_ = too_much ? -1 : work_left_ - static_cast<std::int64_t>(piece.size());
  if (too_much) return 0;
  const std::string_view text(reinterpret_cast<const char*>(piece.data()), piece.size());
  return vocabulary_->holds_long(text) ? 1 : merger_.count(piece);
}

std::int64_t BpeCounter::count_piece(Piece piece) {
  if (piece.size() > PieceCache::longest) return merge_all(piece);
  if (piece.size() > PieceKey::longest) return count_long(piece, cache_.key_of(piece));
  const PieceKey key = load_key_exactly(piece.data(), piece.size());
  const std::uint64_t hash = hash_of(key);
  return vocabulary_->holds(key, hash) ? 1 : count_unknown(key, hash, piece.size());
}

// Writes U+FFFD for what is not UTF-8; that does not change where the piece ends.
std::int64_t BpeCounter::count_broken(Piece piece) {
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
  const std::int64_t tokens = count_piece({bytes_of(mended_), mended_.size()});
  if (mended_.capacity() > chunk_kept) mended_ = {};
  return tokens;
}

std::size_t BpeCounter::bytes() const {
  return sizeof *this + merger_.bytes() + mended_.capacity() + chunk_.capacity() +
         normal_.capacity();
}

std::int64_t BpeCounter::count_json(std::string_view escaped) {
  if (std::memchr(escaped.data(), '\\', escaped.size()) == nullptr) return count(escaped);
  return count_in_chunks(escaped, chunk_, [this](std::string_view text, bool whole) {
    return count_chunk(text, whole);
  });
}

std::int64_t BpeCounter::count_json_within(std::string_view escaped, std::int64_t& work) {
  work_left_ = work;
  std::int64_t tokens = 0;
  if (std::memchr(escaped.data(), '\\', escaped.size()) == nullptr) {
    tokens = count(escaped);
  } else {
    tokens = count_in_chunks(escaped, chunk_, [this](std::string_view text, bool whole) {
      return work_left_ < 0 ? CountProgress{0, text.size()} : count_chunk(text, whole);
    });
  }
  work = work_left_;
  work_left_ = no_limit;
  if (work >= 0) return tokens;
  normal_.clear();  // of a text that was given up
  return -1;
}

CountProgress BpeCounter::count_chunk(std::string_view text, bool whole) {
  if (!vocabulary_->normalises()) return count_some(text, whole, no_limit);
  const std::size_t safe = whole ? text.size() : Normaliser::last_boundary(text);
  return {count_normalised(text.substr(0, safe), whole), safe};
}

}  // namespace steelyard::router
