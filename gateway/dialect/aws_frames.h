#pragma once
// Amazon's event stream (application/vnd.amazon.eventstream; research/wire 1.5): bytes in any
// pieces into frames. Both checksums of each frame are compared; what does not fit is refused,
// since nothing behind it can be trusted.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace steelyard::dialect {

// Views live until the next call. "" where the frame does not say.
struct AwsFrame {
  std::string_view message_type;  // "event", "exception", "error"
  std::string_view event_type, exception_type, error_code, error_message;
  std::string_view payload;
};

class AwsFrames {
 public:
  enum class Status : std::uint8_t { frame, need_more, broken };
  static constexpr std::size_t frame_bytes_max = 16u << 20;  // Amazon's own bound

  // Takes from the front of `bytes` up to the end of the next frame.
  Status next(std::string_view& bytes, AwsFrame& out);
  // Nothing of a frame that is not whole yet.
  bool at_rest() const { return held_.empty() || given_; }
  const char* fault() const { return fault_; }  // why it is broken

 private:
  Status broken(const char* why) {
    fault_ = why;
    return Status::broken;
  }
  bool fill(std::string_view& bytes, std::size_t size);
  Status read(std::string_view frame, AwsFrame& out);

  std::string held_;    // of a frame that came in pieces
  bool given_ = false;  // held_ was handed out
  const char* fault_ = nullptr;
};

// A frame of the given parts; for tests and the pretend provider. `names`: of the head, like
// ":event-type".
std::string aws_frame(std::initializer_list<std::pair<std::string_view, std::string_view>> names,
                      std::string_view payload);

}  // namespace steelyard::dialect
