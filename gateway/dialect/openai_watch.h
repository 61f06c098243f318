#pragma once
// What the lines of a chat completions stream say. Fed complete lines; knows nothing of the bytes
// that are passed on.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/result.h"
#include "gateway/dialect/answer.h"
#include "gateway/dialect/answer_gaps.h"
#include "gateway/dialect/answer_shape.h"
#include "gateway/dialect/fault.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::openai {

struct AnswerDocument;

// How far the answer has come. Only grows, but `failed` wins over all others.
enum class StreamPhase : std::uint8_t {
  silent,    // no event yet (comments do not count)
  preamble,  // events, but nothing a user would see: role chunk, Azure's filter results
  content,   // text, reasoning, a tool call or a finish reason: the commit point, and time to first
             // token
  done,      // [DONE]
  failed,    // an error object: before content the request may go elsewhere
};

struct StreamFacts {
  ReportedUsage usage;                       // the last one reported
  FinishReason finish = FinishReason::none;  // last one of choice 0 (or of a chunk without index)
  FinishSet finishes;                        // all choices
  UpstreamFault fault;                       // the first error; set when phase is `failed`
  bool content_seen = false;  // also when it failed later: the commit point was passed
  bool done_seen = false;
  std::int64_t output_bytes =
      0;                     // raw bytes inside the delta strings: text, reasoning, tool arguments
  std::uint32_t pieces = 0;  // events with such bytes
  std::uint32_t events = 0;  // with data, [DONE] not counted
  std::uint32_t tool_calls = 0;
  std::uint32_t dropped = 0;  // usage-only events kept from the client
  std::uint32_t unparsed =
      0;                   // events that should have been JSON and were not, and lines over the cap
  std::string tool_names;  // one a line, unescaped; at most tool_names_bytes_max
  std::string model, service_tier;  // as the provider last reported them; at most 128 bytes
  static constexpr std::size_t tool_names_bytes_max = 4096;
  std::vector<std::uint64_t> states;  // signed or encrypted parts since they were last taken away
};

class StreamWatch {
 public:
  // `shapes`: the memory of where the stream comes from; nullptr: every event is parsed.
  explicit StreamWatch(ShapeMemory* shapes) : shapes_(shapes) {}

  // The shape of the document that begins at p; nullptr if it looks like none before. Only between
  // events; take_known() then takes it for the event's only data line.
  const AnswerShape* recognise(const char* p, const char* end, GapValues& values) {
    return shapes_ != nullptr ? shapes_->match(p, end, values) : nullptr;
  }
  void take_known(const AnswerShape& shape, const GapValues& values);
  void take_line(std::string_view line);  // complete, not blank
  void skip_line();                       // a line over the cap went by unread
  void refuse_line();                     // it went on beyond what is passed unread
  // A blank line, or the end. True: the event was one usage-only chunk and nothing else.
  bool end_event();
  // Could the open event still turn out to be a usage-only chunk, given its complete lines?
  bool may_be_usage_only() const { return data_lines_ == 0 || (data_lines_ == 1 && usage_only_); }
  bool has_data() const { return data_lines_ > 0; }

  // Ok if the stream said that it was over.
  Result<void> verdict(bool ends_without_done) const;
  StreamPhase phase() const { return phase_; }
  const StreamFacts& facts() const { return facts_; }
  StreamFacts& facts() { return facts_; }

 private:
  void take_data(std::string_view data);
  void inspect(std::string_view data);
  void parse(std::string_view json);
  void learn(std::string_view json, const AnswerDocument& document, const AnswerGaps& gaps);
  void fail_with(std::string_view json);
  void raise(StreamPhase phase);

  StreamFacts facts_;
  ShapeMemory* shapes_;
  std::uint64_t last_known_ = 0;  // id of the shape whose model and tier are already in the facts
  std::string joined_;            // data of an event with several data lines
  std::uint32_t data_lines_ = 0;
  StreamPhase phase_ = StreamPhase::silent;
  bool usage_only_ = false;   // the first data line of the open event is a usage-only chunk
  bool error_event_ = false;  // "event: error"
};

}  // namespace steelyard::dialect::openai
