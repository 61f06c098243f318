#include "gateway/dialect/aws_invoke.h"

#include "gateway/dialect/anthropic_errors.h"
#include "gateway/dialect/converse_errors.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect {
namespace {

template <std::size_t N>
std::string_view text_of(std::string_view json, const KeyTable<N>& keys) {
  std::string_view found;
  LenientReader reader(json);
  reader.object(
      keys, [&](int key) { return key == 0 ? reader.text(found) : reader.cursor.skip_value(); });
  return found;
}

constexpr KeyTable kBytes(key_names("bytes"));
constexpr KeyTable kType(key_names("type"));

}  // namespace

std::string_view InvokeFrames::feed(std::string_view bytes) {
  text_.clear();
  AwsFrame frame;
  while (!failed_) {
    const AwsFrames::Status status = frames_.next(bytes, frame);
    if (status == AwsFrames::Status::need_more) break;
    if (status == AwsFrames::Status::frame) {
      take(frame);
      continue;
    }
    failed_ = true;
    const std::string why = std::string("the provider's stream is damaged: ") + frames_.fault();
    anthropic::write_sse_fault(text_, {FaultClass::server, why, {}, {}}, {});
  }
  return text_;
}

void InvokeFrames::take(const AwsFrame& frame) {
  if (frame.message_type != "event") {
    failed_ = true;
    const bool named = frame.message_type == "exception";
    UpstreamFault fault = named ? converse::stream_fault(frame.exception_type, frame.payload)
                                : UpstreamFault{FaultClass::server,
                                                std::string(frame.error_message),
                                                {},
                                                std::string(frame.error_code)};
    anthropic::write_sse_fault(text_, fault, {});
    return;
  }
  json_.clear();
  if (!hub::decode_base64(json_, text_of(frame.payload, kBytes)) || json_.empty()) return;
  text_.append("event: ").append(text_of(json_, kType)).append("\ndata: ");
  for (const char c : json_)
    if (c != '\n' && c != '\r') text_ += c;  // white space, in JSON
  text_.append("\n\n");
}

}  // namespace steelyard::dialect
