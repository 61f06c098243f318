#include "gateway/dialect/aws_frames.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace steelyard::dialect {
namespace {

constexpr std::size_t kPrelude = 12;  // length, length of the head, checksum of both
constexpr std::size_t kFrameMin = kPrelude + 4;
constexpr std::uint8_t kString = 7;  // type of a head value
// Bytes of the values of the other types; 255: two bytes of length stand before it.
constexpr std::uint8_t kSizes[] = {0, 0, 1, 2, 4, 8, 255, 255, 8, 16};

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size = 4) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::string_view* place_of(std::string_view name, AwsFrame& out) {
  if (name == ":message-type") return &out.message_type;
  if (name == ":event-type") return &out.event_type;
  if (name == ":exception-type") return &out.exception_type;
  if (name == ":error-code") return &out.error_code;
  if (name == ":error-message") return &out.error_message;
  return nullptr;
}

bool read_head(std::string_view head, AwsFrame& out) {
  while (!head.empty()) {
    const std::size_t name_size = static_cast<unsigned char>(head[0]);
    if (head.size() < name_size + 2) return false;
    const std::string_view name = head.substr(1, name_size);
    const auto type = static_cast<std::uint8_t>(head[name_size + 1]);
    head.remove_prefix(name_size + 2);
    if (type >= std::size(kSizes)) return false;
    std::size_t size = kSizes[type];
    if (size == 255) {
      if (head.size() < 2) return false;
      size = number(head, 0, 2);
      head.remove_prefix(2);
    }
    if (head.size() < size) return false;
    std::string_view* const place = place_of(name, out);
    if (place != nullptr && type == kString) *place = head.substr(0, size);
    head.remove_prefix(size);
  }
  return true;
}

void append_number(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

}  // namespace

// Moves bytes into held_ until it has `size`. False: they are not there yet.
bool AwsFrames::fill(std::string_view& bytes, std::size_t size) {
  if (held_.size() >= size) return true;
  const std::size_t taken = std::min(size - held_.size(), bytes.size());
  held_.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  return held_.size() == size;
}

AwsFrames::Status AwsFrames::next(std::string_view& bytes, AwsFrame& out) {
  if (fault_ != nullptr) return Status::broken;
  if (given_) {
    held_.clear();
    given_ = false;
  }
  // Usually frames come whole.
  const bool here = held_.empty() && bytes.size() >= kPrelude;
  if (!here && !fill(bytes, kPrelude)) return Status::need_more;
  const std::string_view prelude = here ? bytes : std::string_view(held_);
  const std::size_t size = number(prelude, 0);
  if (checksum(prelude.substr(0, 8)) != number(prelude, 8)) return broken("a checksum is wrong");
  if (size < kFrameMin || size > frame_bytes_max || number(prelude, 4) > size - kFrameMin)
    return broken("a frame has an impossible size");
  if (here && bytes.size() >= size) {
    const std::string_view frame = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return read(frame, out);
  }
  if (!fill(bytes, size)) return Status::need_more;
  given_ = true;
  return read(held_, out);
}

AwsFrames::Status AwsFrames::read(std::string_view frame, AwsFrame& out) {
  const std::size_t body = frame.size() - 4;
  if (checksum(frame.substr(0, body)) != number(frame, body)) return broken("a checksum is wrong");
  const std::size_t head_size = number(frame, 4);
  out = {};
  if (!read_head(frame.substr(kPrelude, head_size), out))
    return broken("the head of a frame is malformed");
  out.payload = frame.substr(kPrelude + head_size, body - kPrelude - head_size);
  return Status::frame;
}

std::string aws_frame(std::initializer_list<std::pair<std::string_view, std::string_view>> names,
                      std::string_view payload) {
  std::string head;
  for (const auto& [name, value] : names) {
    head += static_cast<char>(name.size());
    head.append(name);
    head += static_cast<char>(kString);
    head += static_cast<char>(value.size() >> 8);
    head += static_cast<char>(value.size());
    head.append(value);
  }
  std::string out;
  append_number(out, static_cast<std::uint32_t>(kFrameMin + head.size() + payload.size()));
  append_number(out, static_cast<std::uint32_t>(head.size()));
  append_number(out, checksum(out));
  out.append(head).append(payload);
  append_number(out, checksum(out));
  return out;
}

}  // namespace steelyard::dialect
