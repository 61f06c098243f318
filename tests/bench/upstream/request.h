#pragma once
// What the bench upstream reads of a request: just enough, and cheaply.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace steelyard::bench {

enum class Completeness : std::uint8_t { partial, whole, refused };

struct Request {
  Completeness state = Completeness::partial;
  std::size_t bytes = 0;  // of head and body; known once the head is complete
  std::string_view body;
};

// The first request in `received`. Refused: no Content-Length (bodies come with one), or a number
// out of range.
Request read_request(std::string_view received);

// What a streaming request asks for. `max_tokens` (or `max_completion_tokens`) is how many content
// events come; `"user":"pace=MICROSECONDS"` how far apart, over the program's own defaults.
// `"user":"delay=MICROSECONDS"` is how long a whole answer takes.
struct StreamWish {
  bool stream = false;
  bool include_usage = false;
  std::uint32_t contents = 0;
  std::int64_t pace_ns = 0;
  std::int64_t delay_ns = 0;  // of a whole answer
};
StreamWish read_wish(std::string_view body, StreamWish defaults);

}  // namespace steelyard::bench
