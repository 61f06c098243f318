#pragma once
// A limit on everything, in one place, with the reason. What an operator may change is in
// config/spec; these are the bounds within which they may change it, and the sizes nobody needs to
// change.
#include <cstddef>
#include <cstdint>

namespace steelyard::limits {

inline constexpr std::size_t head_bytes_max =
    16u << 10;  // request head; nginx and Envoy allow 8-60 KiB
inline constexpr std::size_t head_line_bytes_max = 8u << 10;  // one field or the request line
inline constexpr std::size_t head_fields_max = 100;           // real clients send 15-30
inline constexpr std::size_t request_body_bytes_max =
    32u << 20;  // a 20 MB image, base64, and change (Anthropic's own cap)
inline constexpr std::size_t large_body_bytes =
    64u << 10;  // a request this large waits its turn among others of its kind
inline constexpr std::size_t chunk_extension_bytes_max = 256;  // nobody sends any
inline constexpr std::size_t trailer_bytes_max = 8u << 10;
inline constexpr std::size_t sse_line_bytes_max =
    1u << 20;  // longest tool-call delta on record: 180 KB
inline constexpr std::size_t sse_line_passed_bytes_max =
    32u << 20;  // one that is passed on unread; an image in base64 is a few MB
inline constexpr std::size_t response_body_bytes_max = 64u << 20;
inline constexpr std::size_t relay_window_bytes =
    64u << 10;  // unsent bytes per stream before the upstream is paused
inline constexpr int json_depth_max = 64;
inline constexpr int attempts_max = 4;  // first try and three more
inline constexpr std::size_t model_name_bytes_max = 128;
inline constexpr std::size_t candidates_max = 64;  // models one plan may compare
inline constexpr std::size_t scope_chain_max =
    8;  // organisation > team > project > user > key > model
inline constexpr std::size_t windows_per_request_max = 24;

}  // namespace steelyard::limits
