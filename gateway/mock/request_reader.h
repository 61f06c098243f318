#pragma once
// HTTP/1.1 requests out of a growing buffer. Strict where it matters: the mock refuses what a
// provider's edge refuses (both framings, bad chunk sizes, bare CR), so that a gateway's mistakes
// show. Pure. Internal to gateway/mock.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace steelyard::mock {

inline constexpr std::size_t kHeadMax = 64u << 10;
inline constexpr std::size_t kBodyMax = 64u << 20;

// Views into the buffer given to feed(); valid until it changes.
struct RequestView {
  std::string_view head;  // request line and fields, with the empty line
  std::string_view method;
  std::string_view target;
  std::string_view authorization;
  std::string_view body;  // chunked framing removed
  bool keep_alive = true;
  bool http10 = false;
};

class RequestReader {
 public:
  enum class Status : std::uint8_t { more, complete, bad };

  // `data` holds all unread bytes since the start of this request; it may have moved since the last
  // call but not shrunk. Chunked bodies are compacted in place.
  Status feed(char* data, std::size_t size);

  // After `complete`:
  RequestView view(const char* data) const;
  std::size_t consumed() const { return end_; }  // bytes of this request in the buffer

  // After `bad`: 400, 413, 431 or 501.
  int error_status() const { return error_; }
  // After `more`: how many bytes the buffer should be able to hold; 0: unknown.
  std::size_t wanted() const;
  // The client waits for `100 Continue`; true once per request.
  bool take_expectation();

  void reset() { *this = RequestReader(); }

 private:
  struct Slice {
    std::uint32_t begin = 0;
    std::uint32_t length = 0;
  };
  enum class Chunk : std::uint8_t { size, data, data_end, trailer };

  Status refuse(int status);
  bool parse_head(const char* data);
  bool parse_request_line(std::string_view line, const char* data);
  bool parse_field(std::string_view line, const char* data);
  bool parse_length(std::string_view value);
  Status read_chunks(char* data, std::size_t size);
  bool read_chunk_size(std::string_view line);

  Slice method_, target_, authorization_;
  std::size_t scanned_ = 0;  // bytes known to hold no end of head; then, in chunks: position
  std::size_t head_ = 0;     // length of the head; 0: not complete
  std::size_t body_ = 0;     // length of the body as far as decoded
  std::size_t length_ = 0;   // content-length, or what is left of the open chunk
  std::size_t end_ = 0;
  Chunk chunk_ = Chunk::size;
  bool has_length_ = false;
  bool chunked_ = false;
  bool keep_alive_ = true;
  bool http10_ = false;
  bool has_host_ = false;
  bool expects_ = false;
  int error_ = 400;
};

}  // namespace steelyard::mock
