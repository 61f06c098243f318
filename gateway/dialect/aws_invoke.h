#pragma once
// InvokeModelWithResponseStream of Claude on Bedrock: Anthropic's own events, one a frame, in
// base64 (research/wire 1.5). Given back as the server-sent events Anthropic would have sent, so
// that readers, and clients of the same dialect, need not know.
#include <string>
#include <string_view>

#include "gateway/dialect/aws_frames.h"

namespace steelyard::dialect {

class InvokeFrames {
 public:
  // What `bytes` hold; valid until the next call. An exception, or damage, is an `error` event.
  std::string_view feed(std::string_view bytes);

 private:
  void take(const AwsFrame& frame);
  AwsFrames frames_;
  std::string text_, json_;
  bool failed_ = false;
};

}  // namespace steelyard::dialect
