#pragma once
// Strict decoder of the chunked transfer coding (RFC 9112 7.1), for client bodies and for provider
// answers. Works on the caller's bytes and yields views into them; any cut of the stream into
// pieces gives the same payload and verdict. Sizes are 1 to 16 hexadecimal digits; lines end in
// CRLF; trailers are checked, counted and thrown away, so they can never become header fields.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "gateway/net/head_reader_fields.h"

namespace steelyard::net {

enum class ChunkStatus : std::uint8_t {
  need_more,  // all input was consumed, the body goes on
  data,       // `data` holds payload; call again with the rest of the input
  done,       // last chunk and trailers are over; the rest of the input belongs to the next message
  refused,    // see refusal(): 400 malformed, 413 above the limit, 431 trailers too long
};

enum class ChunkSource : std::uint8_t {
  client,    // extensions must be well formed: at most 256 bytes a chunk and 8 KiB in all
  provider,  // any visible text after ';' or blanks after the size: at most 256 bytes a chunk
};

struct ChunkStep {
  ChunkStatus status = ChunkStatus::need_more;
  std::size_t consumed = 0;    // bytes of the input that are dealt with
  std::string_view data = {};  // part of the consumed input
};

class ChunkDecoder {
 public:
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  // `limit`: payload bytes allowed; a chunk that would pass it is refused (413) when its size line
  // is read.
  explicit ChunkDecoder(ChunkSource source = ChunkSource::client, std::uint64_t limit = unlimited);

  // Deals with the front of `input`, up to the end of the next piece of payload.
  ChunkStep next(std::string_view input);

  // Decodes all of `bytes` in place: payload is moved to its front. `consumed` < bytes.size() only
  // when done or refused.
  struct InPlace {
    ChunkStatus status = ChunkStatus::need_more;  // never `data`
    std::size_t consumed = 0, produced = 0;
  };
  InPlace feed(std::span<char> bytes) { return feed(bytes, bytes.data()); }
  // The same, payload written to `to`, which may lie before `bytes` and reach into it (to <=
  // bytes.data()).
  InPlace feed(std::span<const char> bytes, char* to);

  const Refusal& refusal() const { return refusal_; }
  std::uint64_t decoded() const { return decoded_; }  // payload bytes yielded so far
  bool done() const { return state_ == State::done; }

 private:
  enum class State : std::uint8_t {
    size_first,
    size,
    size_blank,
    extension_name_first,
    extension_name,
    extension_value_first,
    extension_token,
    extension_quoted,
    extension_escape,
    extension_end,
    extension_any,
    size_lf,
    payload,
    payload_cr,
    payload_lf,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
    refused,
  };
  ChunkStep whole_chunk(std::string_view input);
  bool step(unsigned char byte);  // false: refused
  bool on_size(unsigned char byte);
  bool on_extension(unsigned char byte);
  bool on_trailer(unsigned char byte);
  bool end_of_size_line();
  bool refuse(std::uint16_t status, const char* text);

  State state_ = State::size_first;
  ChunkSource source_;
  std::uint8_t digits_ = 0;
  std::uint16_t extension_bytes_ = 0;  // of this chunk
  std::uint32_t extension_bytes_all_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  std::uint64_t left_ = 0;  // of this chunk
  std::uint64_t decoded_ = 0;
  std::uint64_t limit_;
  Refusal refusal_;
};

}  // namespace steelyard::net
