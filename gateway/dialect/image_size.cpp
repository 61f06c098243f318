#include "gateway/dialect/image_size.h"

#include <array>

namespace steelyard::dialect {
namespace {

constexpr int looked_at_max = 64 * 1024;
constexpr int none = -1;

constexpr std::array<std::int8_t, 256> base64_values = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(none);
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < letters.size(); ++i)
    values[static_cast<unsigned char>(letters[i])] = static_cast<std::int8_t>(i);
  values['-'] = 62;  // the URL-safe alphabet
  values['_'] = 63;
  return values;
}();

// The decoded bytes, one after the other; none at the end, and after anything that is not base64.
class Base64Bytes {
 public:
  explicit Base64Bytes(std::string_view text) : text_(text) {}
  int next() {
    while (bits_ < 8) {
      const int value = letter();
      if (value == none || read_ == looked_at_max) return none;
      held_ = held_ << 6 | static_cast<std::uint32_t>(value);
      bits_ += 6;
    }
    bits_ -= 8;
    ++read_;
    return static_cast<int>(held_ >> bits_ & 0xFF);
  }
  bool skip(std::int64_t bytes) {
    for (; bytes > 0; --bytes)
      if (next() == none) return false;
    return true;
  }
  // Of `bytes` bytes; none at the end.
  std::int64_t big(int bytes) {
    std::int64_t value = 0;
    for (; bytes > 0; --bytes) {
      const int byte = next();
      if (byte == none) return none;
      value = value << 8 | byte;
    }
    return value;
  }
  std::int64_t little(int bytes) {
    std::int64_t value = 0;
    for (int i = 0; i < bytes; ++i) {
      const int byte = next();
      if (byte == none) return none;
      value |= static_cast<std::int64_t>(byte) << (8 * i);
    }
    return value;
  }

 private:
  // JSON may escape a slash; line breaks come as "\n".
  int letter() {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\\') {
        if (at_ == text_.size()) return none;
        const char kind = text_[at_++];
        if (kind == '/') return 63;
        if (kind == 'n' || kind == 'r') continue;
        return none;
      }
      return base64_values[static_cast<unsigned char>(c)];
    }
    return none;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t held_ = 0;
  int bits_ = 0;
  int read_ = 0;
};

ImageSize sized(std::int64_t width, std::int64_t height) {
  if (width <= 0 || height <= 0 || width > INT32_MAX || height > INT32_MAX) return {};
  return {static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)};
}

// After "\x89PNG": the signature's rest, IHDR's length and name, then the size.
ImageSize png(Base64Bytes& bytes) {
  if (bytes.big(4) != 0x0D0A1A0A || !bytes.skip(4) || bytes.big(4) != 0x49484452) return {};
  const std::int64_t width = bytes.big(4);
  return sized(width, bytes.big(4));
}

// After FF D8: segments, until the one that starts a frame.
ImageSize jpeg(Base64Bytes& bytes) {
  for (;;) {
    int byte = bytes.next();
    while (byte != 0xFF) {
      if (byte == none) return {};
      byte = bytes.next();
    }
    while (byte == 0xFF) byte = bytes.next();
    if (byte == none || byte == 0xD9 || byte == 0xDA) return {};
    if (byte == 0x01 || (byte >= 0xD0 && byte <= 0xD8)) continue;  // no length
    const std::int64_t length = bytes.big(2);
    const bool frame = byte >= 0xC0 && byte <= 0xCF && byte != 0xC4 && byte != 0xC8 && byte != 0xCC;
    if (length < 2) return {};
    if (!frame) {
      if (!bytes.skip(length - 2)) return {};
      continue;
    }
    if (!bytes.skip(1)) return {};
    const std::int64_t height = bytes.big(2);
    return sized(bytes.big(2), height);
  }
}

// After "GIF8": "7a" or "9a".
ImageSize gif(Base64Bytes& bytes) {
  if (!bytes.skip(2)) return {};
  const std::int64_t width = bytes.little(2);
  return sized(width, bytes.little(2));
}

// After "RIFF": RFC 9649, the three kinds of first chunk.
ImageSize webp(Base64Bytes& bytes) {
  if (!bytes.skip(4) || bytes.big(4) != 0x57454250) return {};
  const std::int64_t chunk = bytes.big(4);
  if (!bytes.skip(4)) return {};
  if (chunk == 0x56503858) {  // VP8X
    if (!bytes.skip(4)) return {};
    const std::int64_t width = bytes.little(3), height = bytes.little(3);
    return height == none ? ImageSize{} : sized(width + 1, height + 1);
  }
  if (chunk == 0x5650384C) {  // VP8L
    if (bytes.next() != 0x2F) return {};
    const std::int64_t packed = bytes.little(4);
    return packed == none ? ImageSize{} : sized((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1);
  }
  if (chunk != 0x56503820 || !bytes.skip(3) || bytes.big(3) != 0x9D012A) return {};  // VP8
  const std::int64_t width = bytes.little(2), height = bytes.little(2);
  return height == none ? ImageSize{} : sized(width & 0x3FFF, height & 0x3FFF);
}

}  // namespace

ImageSize image_size(std::string_view raw) {
  if (raw.starts_with("data:")) {
    const std::size_t comma = raw.substr(0, 256).find(',');
    if (comma == std::string_view::npos) return {};
    if (raw.substr(0, comma).find("base64") == std::string_view::npos) return {};
    raw.remove_prefix(comma + 1);
  }
  Base64Bytes bytes(raw);
  const std::int64_t first = bytes.big(2);
  if (first == 0xFFD8) return jpeg(bytes);
  const std::int64_t second = bytes.big(2);
  if (first == 0x8950 && second == 0x4E47) return png(bytes);
  if (first == 0x4749 && second == 0x4638) return gif(bytes);
  if (first == 0x5249 && second == 0x4646) return webp(bytes);
  return {};
}

}  // namespace steelyard::dialect
