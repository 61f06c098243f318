#include "router/tokens/packed_vocabulary.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace steelyard::router {
namespace {

constexpr std::size_t head_size = 64;
constexpr std::size_t name_at = 32;
constexpr std::size_t name_size = 32;
constexpr std::size_t body_max = 64 * 1024 * 1024;  // bytes before compression
constexpr std::size_t token_bytes_max = 65'535;
constexpr std::uint32_t normalises_flag = 1;
constexpr std::array<unsigned char, 4> magic{'S', 'T', 'O', 'K'};

using Bytes = std::span<const unsigned char>;

tl::unexpected<Error> damaged(std::string what) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never,
              "not a packed vocabulary: " + std::move(what));
}

std::uint32_t read32(Bytes bytes, std::size_t at) {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
         static_cast<std::uint32_t>(bytes[at + 3]) << 24;
}

void write32(std::vector<unsigned char>& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<unsigned char>(value >> shift));
}

std::uint32_t checksum(Bytes bytes) {
  return static_cast<std::uint32_t>(crc32(0, bytes.data(), static_cast<unsigned>(bytes.size())));
}

// The left or right sides of all merges: three planes of bytes.
std::vector<std::uint32_t> read_planes(Bytes planes, std::size_t tokens) {
  std::vector<std::uint32_t> values(tokens);
  for (std::size_t i = 0; i < tokens; ++i)
    values[i] = planes[i] | planes[tokens + i] << 8 | planes[2 * tokens + i] << 16;
  return values;
}

void write_planes(const std::vector<std::uint32_t>& values, std::vector<unsigned char>& out) {
  for (int shift = 0; shift < 24; shift += 8)
    for (const std::uint32_t value : values)
      out.push_back(static_cast<unsigned char>(value >> shift));
}

// The length of every token: parts may come behind the whole, but not in a circle.
class Lengths {
 public:
  explicit Lengths(const PackedVocabulary& from)
      : from_(from), length_(from.left.size(), unknown) {}

  // False: a circle, or a token that is too long.
  bool find(std::uint32_t token) {
    open_.assign(1, token);
    while (!open_.empty()) {
      const std::uint32_t next = open_.back();
      if (length_[next] < entered || from_.right[next] == PackedVocabulary::single_byte) {
        if (length_[next] >= entered) length_[next] = 1;
        open_.pop_back();
        continue;
      }
      const std::uint32_t a = length_[from_.left[next]], b = length_[from_.right[next]];
      if (a < entered && b < entered) {
        if (a + b > token_bytes_max) return false;
        length_[next] = a + b;
        open_.pop_back();
        continue;
      }
      if (length_[next] == entered && (a == entered || b == entered)) return false;
      length_[next] = entered;
      if (a >= entered) open_.push_back(from_.left[next]);
      if (b >= entered && from_.right[next] != from_.left[next]) open_.push_back(from_.right[next]);
    }
    return true;
  }
  const std::vector<std::uint32_t>& all() const { return length_; }

 private:
  static constexpr std::uint32_t entered = 0xFFFFFFFE, unknown = 0xFFFFFFFF;
  const PackedVocabulary& from_;
  std::vector<std::uint32_t> length_;
  std::vector<std::uint32_t> open_;
};

// A character is a token once at most.
Result<void> check_chars(const PackedVocabulary& found) {
  std::vector<bool> seen(0x110000);
  for (std::uint32_t i = 0; i < found.left.size(); ++i) {
    if (found.right[i] != PackedVocabulary::single_byte) continue;
    const std::uint32_t code = found.left[i];
    if (code >= seen.size() || (code >= 0xD800 && code < 0xE000))
      return damaged("a character is none");
    if (seen[code]) return damaged("a character stands there twice");
    seen[code] = true;
  }
  return {};
}

// Every byte is a token once, no part is missing, no token is too long. Fills `by_length`.
Result<void> check_merges(PackedVocabulary& found) {
  const auto tokens = static_cast<std::uint32_t>(found.left.size());
  const bool chars = found.pattern == PatternId::sentencepiece;
  if (chars)
    if (Result<void> sound = check_chars(found); !sound) return sound;
  std::array<bool, 256> seen{};
  std::size_t singles = 0;
  for (std::uint32_t i = 0; i < tokens; ++i) {
    if (found.right[i] == PackedVocabulary::single_byte) {
      if (chars) continue;
      if (found.left[i] > 255 || seen[found.left[i]]) return damaged("a byte stands there twice");
      seen[found.left[i]] = true;
      ++singles;
    } else if (found.left[i] >= tokens || found.right[i] >= tokens) {
      return damaged("a part of a token is missing");
    }
    found.ordered = found.ordered && (found.right[i] == PackedVocabulary::single_byte ||
                                      (found.left[i] < i && found.right[i] < i));
  }
  if (!chars && singles != 256) return damaged("not every byte is a token");
  Lengths lengths(found);
  for (std::uint32_t i = 0; i < tokens; ++i)
    if (!lengths.find(i)) return damaged("a token is a part of itself, or longer than 64 KB");
  found.by_length.resize(tokens);
  for (std::uint32_t i = 0; i < tokens; ++i) found.by_length[i] = i;
  if (found.ordered) return {};
  const auto shorter = [&](std::uint32_t a, std::uint32_t b) {
    return lengths.all()[a] < lengths.all()[b];
  };
  std::stable_sort(found.by_length.begin(), found.by_length.end(), shorter);
  return {};
}

Result<void> read_whole(Bytes body, std::size_t count, std::vector<std::string>& out) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (body.size() - at < 2) return damaged("cut short");
    const std::size_t size = body[at] | body[at + 1] << 8;
    at += 2;
    if (size == 0 || body.size() - at < size) return damaged("cut short");
    out.emplace_back(reinterpret_cast<const char*>(body.data()) + at, size);
    at += size;
  }
  if (at != body.size()) return damaged("something follows its end");
  return {};
}

}  // namespace

Result<PackedVocabulary> read_packed(Bytes file) {
  if (file.size() < head_size || !std::equal(magic.begin(), magic.end(), file.begin()))
    return damaged("its first bytes are not STOK");
  if (read32(file, 4) != 2) return damaged("format " + std::to_string(read32(file, 4)));
  const std::size_t tokens = read32(file, 8);
  const std::size_t size = read32(file, 12);
  const std::size_t whole = read32(file, 24);
  const Bytes packed = file.subspan(head_size);
  const bool few = tokens < 256 && read32(file, 16) != unsigned(PatternId::sentencepiece);
  if (few || tokens == 0 || tokens >= PackedVocabulary::tokens_max)
    return damaged("too many tokens, or too few");
  if (size < tokens * 6 || size > body_max || whole > PackedVocabulary::tokens_max)
    return damaged("its sizes do not fit");
  if (read32(file, 16) >= patterns) return damaged("its pattern is unknown");
  if (read32(file, 28) != checksum(packed)) return damaged("its checksum is wrong");

  std::vector<unsigned char> body(size);
  uLongf inflated = static_cast<uLongf>(size);
  const int status =
      uncompress(body.data(), &inflated, packed.data(), static_cast<uLong>(packed.size()));
  if (status != Z_OK || inflated != size) return damaged("its stream does not inflate");

  PackedVocabulary found;
  const char* name = reinterpret_cast<const char*>(file.data()) + name_at;
  found.name.assign(name, strnlen(name, name_size - 1));
  found.pattern = static_cast<PatternId>(read32(file, 16));
  found.normalises = (read32(file, 20) & normalises_flag) != 0;
  const Bytes all(body);
  found.left = read_planes(all.first(tokens * 3), tokens);
  found.right = read_planes(all.subspan(tokens * 3, tokens * 3), tokens);
  if (Result<void> sound = check_merges(found); !sound) return fail(std::move(sound.error()));
  Result<void> rest = read_whole(all.subspan(tokens * 6), whole, found.whole);
  if (!rest) return fail(std::move(rest.error()));
  return found;
}

std::vector<unsigned char> write_packed(const PackedVocabulary& vocabulary) {
  std::vector<unsigned char> body;
  write_planes(vocabulary.left, body);
  write_planes(vocabulary.right, body);
  for (const std::string& piece : vocabulary.whole) {
    body.push_back(static_cast<unsigned char>(piece.size()));
    body.push_back(static_cast<unsigned char>(piece.size() >> 8));
    body.insert(body.end(), piece.begin(), piece.end());
  }
  std::vector<unsigned char> packed(compressBound(static_cast<uLong>(body.size())));
  uLongf size = static_cast<uLongf>(packed.size());
  compress2(packed.data(), &size, body.data(), static_cast<uLong>(body.size()), 9);
  packed.resize(size);

  std::vector<unsigned char> out(magic.begin(), magic.end());
  write32(out, 2);
  write32(out, static_cast<std::uint32_t>(vocabulary.left.size()));
  write32(out, static_cast<std::uint32_t>(body.size()));
  write32(out, static_cast<std::uint32_t>(vocabulary.pattern));
  write32(out, vocabulary.normalises ? normalises_flag : 0);
  write32(out, static_cast<std::uint32_t>(vocabulary.whole.size()));
  write32(out, checksum(packed));
  std::string name = vocabulary.name.substr(0, name_size - 1);
  name.resize(name_size);
  out.insert(out.end(), name.begin(), name.end());
  out.insert(out.end(), packed.begin(), packed.end());
  return out;
}

}  // namespace steelyard::router
