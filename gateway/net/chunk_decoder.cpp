#include "gateway/net/chunk_decoder.h"

#include <algorithm>
#include <cstring>

#include "config/types/limits.h"
#include "gateway/net/head_reader_bytes.h"

namespace steelyard::net {
namespace {

constexpr std::uint8_t size_digits_max = 16;  // 2^64 - 1

int hex_value(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const unsigned char folded = c | 0x20;
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

bool is_token(unsigned char c) {
  return bytes::is_token(static_cast<char>(c));
}
bool is_text(unsigned char c) {
  return bytes::is_text(static_cast<char>(c));
}

}  // namespace

ChunkDecoder::ChunkDecoder(ChunkSource source, std::uint64_t limit)
    : source_(source), limit_(limit) {}

ChunkStep ChunkDecoder::next(std::string_view input) {
  std::size_t at = 0;
  while (at < input.size()) {
    if (state_ == State::payload) {
      const std::size_t take =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
      left_ -= take;
      decoded_ += take;
      if (left_ == 0) state_ = State::payload_cr;
      return {ChunkStatus::data, at + take, input.substr(at, take)};
    }
    if (state_ == State::done) return {ChunkStatus::done, at, {}};
    if (state_ == State::refused || !step(static_cast<unsigned char>(input[at]))) {
      return {ChunkStatus::refused, at, {}};
    }
    ++at;
  }
  if (state_ == State::refused) return {ChunkStatus::refused, at, {}};
  return {state_ == State::done ? ChunkStatus::done : ChunkStatus::need_more, at, {}};
}

// The usual case at once: a chunk of at most four digits, without extension, that is there whole.
// consumed 0: it is something else, and next() must look at it.
ChunkStep ChunkDecoder::whole_chunk(std::string_view input) {
  constexpr std::size_t digits_most = 4;
  std::size_t at = 0;
  std::uint32_t size = 0;
  for (; at < digits_most && at < input.size(); ++at) {
    const int digit = hex_value(static_cast<unsigned char>(input[at]));
    if (digit < 0) break;
    size = size << 4 | static_cast<std::uint32_t>(digit);
  }
  if (size == 0 || input.size() < at + size + 4 || size > limit_ - decoded_) return {};
  const char* const line_end = input.data() + at;
  const char* const chunk_end = line_end + 2 + size;
  if (line_end[0] != '\r' || line_end[1] != '\n' || chunk_end[0] != '\r' || chunk_end[1] != '\n')
    return {};
  decoded_ += size;
  return {ChunkStatus::data, at + size + 4, {line_end + 2, size}};
}

ChunkDecoder::InPlace ChunkDecoder::feed(std::span<const char> bytes, char* to) {
  InPlace result;
  std::string_view rest(bytes.data(), bytes.size());
  for (;;) {
    ChunkStep piece;
    if (state_ == State::size_first && !rest.empty()) piece = whole_chunk(rest);
    if (piece.consumed == 0) piece = next(rest);
    rest.remove_prefix(piece.consumed);
    result.consumed += piece.consumed;
    result.status = piece.status;
    if (piece.status != ChunkStatus::data) return result;
    if (to + result.produced != piece.data.data())
      std::memmove(to + result.produced, piece.data.data(), piece.data.size());
    result.produced += piece.data.size();
  }
}

// One byte of framing.
bool ChunkDecoder::step(unsigned char byte) {
  switch (state_) {
    case State::size_first:
    case State::size:
    case State::size_blank: return on_size(byte);
    case State::extension_name_first:
    case State::extension_name:
    case State::extension_value_first:
    case State::extension_token:
    case State::extension_quoted:
    case State::extension_escape:
    case State::extension_end:
    case State::extension_any: return on_extension(byte);
    case State::size_lf:
      return byte == '\n' ? end_of_size_line() : refuse(400, "CR without LF in a chunk line");
    case State::payload_cr:
      state_ = State::payload_lf;
      return byte == '\r' || refuse(400, "chunk longer than its size");
    case State::payload_lf:
      state_ = State::size_first;
      digits_ = 0;
      return byte == '\n' || refuse(400, "CR without LF behind a chunk");
    case State::trailer_first:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_lf:
    case State::end_lf: return on_trailer(byte);
    case State::payload:
    case State::done:
    case State::refused: break;
  }
  return refuse(400, "bytes behind the last chunk");
}

bool ChunkDecoder::on_size(unsigned char byte) {
  const int digit = state_ == State::size_blank ? -1 : hex_value(byte);
  if (digit >= 0) {
    if (digits_ == size_digits_max) return refuse(400, "chunk size of more than 16 digits");
    left_ = (digits_ == 0 ? 0 : left_ << 4) | static_cast<std::uint64_t>(digit);
    ++digits_;
    state_ = State::size;
    return true;
  }
  extension_bytes_ = 0;
  if (digits_ == 0) return refuse(400, "chunk without a size");
  if (byte == '\r') {
    state_ = State::size_lf;
    return true;
  }
  if (byte == ';') {
    state_ = source_ == ChunkSource::client ? State::extension_name_first : State::extension_any;
    return true;
  }
  if (source_ == ChunkSource::provider && bytes::is_blank(static_cast<char>(byte))) {
    state_ = State::size_blank;  // some servers pad the size to a fixed width
    return ++extension_bytes_all_ <= limits::trailer_bytes_max ||
           refuse(400, "chunk size line too long");
  }
  return refuse(400, "malformed chunk size");
}

// RFC 9112 7.1.1: *( ";" token [ "=" ( token / quoted-string ) ] ); read and dropped.
bool ChunkDecoder::on_extension(unsigned char byte) {
  const bool value_over = state_ == State::extension_name || state_ == State::extension_token ||
                          state_ == State::extension_end || state_ == State::extension_any;
  if (byte == '\r' && value_over) {
    state_ = State::size_lf;
    return true;
  }
  if (++extension_bytes_ > limits::chunk_extension_bytes_max)
    return refuse(400, "chunk extension too long");
  if (++extension_bytes_all_ > limits::trailer_bytes_max && source_ == ChunkSource::client) {
    return refuse(400, "too many chunk extensions");
  }
  if (state_ == State::extension_any)
    return is_text(byte) || refuse(400, "malformed chunk extension");
  if (byte == ';' && value_over) {
    state_ = State::extension_name_first;
    return true;
  }
  switch (state_) {
    case State::extension_name_first:
    case State::extension_name:
      if (state_ == State::extension_name && byte == '=') {
        state_ = State::extension_value_first;
        return true;
      }
      state_ = State::extension_name;
      return is_token(byte) || refuse(400, "malformed chunk extension");
    case State::extension_value_first:
      state_ = byte == '"' ? State::extension_quoted : State::extension_token;
      return byte == '"' || is_token(byte) || refuse(400, "malformed chunk extension");
    case State::extension_token: return is_token(byte) || refuse(400, "malformed chunk extension");
    case State::extension_quoted:
      if (byte == '"') state_ = State::extension_end;
      if (byte == '\\') state_ = State::extension_escape;
      return is_text(byte) || refuse(400, "malformed chunk extension");
    case State::extension_escape:
      state_ = State::extension_quoted;
      return is_text(byte) || refuse(400, "malformed chunk extension");
    default: return refuse(400, "malformed chunk extension");
  }
}

bool ChunkDecoder::end_of_size_line() {
  if (left_ == 0) {
    state_ = State::trailer_first;
    return true;
  }
  if (left_ > limit_ - decoded_) return refuse(413, "the body is too large");
  state_ = State::payload;
  return true;
}

bool ChunkDecoder::on_trailer(unsigned char byte) {
  if (++trailer_bytes_ > limits::trailer_bytes_max + 2) return refuse(431, "trailers too long");
  switch (state_) {
    case State::trailer_first:
      if (byte == '\r') {
        state_ = State::end_lf;
        return true;
      }
      state_ = State::trailer_name;
      return is_token(byte) || refuse(400, "malformed trailer name");
    case State::trailer_name:
      if (byte == ':') {
        state_ = State::trailer_value;
        return true;
      }
      return is_token(byte) || refuse(400, "malformed trailer name");
    case State::trailer_value:
      if (byte == '\r') {
        state_ = State::trailer_lf;
        return true;
      }
      return is_text(byte) || refuse(400, "forbidden byte in a trailer");
    case State::trailer_lf:
      state_ = State::trailer_first;
      return byte == '\n' || refuse(400, "CR without LF in a trailer");
    default:
      state_ = State::done;
      return byte == '\n' || refuse(400, "CR without LF behind the trailers");
  }
}

bool ChunkDecoder::refuse(std::uint16_t status, const char* text) {
  state_ = State::refused;
  refusal_ = {status, text};
  return false;
}

}  // namespace steelyard::net
