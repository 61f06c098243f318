#pragma once
// Hub events for an Anthropic client: a stream of named events, or one whole message.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::anthropic {

struct EncodeOptions {
  std::string_view model;  // what the client is told answered: a model token; "" the provider's
  std::string_view request_id;  // in error events
  UsageQuirks quirks;           // of the provider
};

// One per stream. Only choice 0 is shown: Anthropic has no others.
class StreamEncoder final : public hub::EventSink {
 public:
  // Appends to `out`, which the caller sends and clears as it likes.
  StreamEncoder(EncodeOptions options, std::string& out) : options_(options), out_(&out) {}
  void take(const hub::Event& event) override;

 private:
  void start(const hub::Event& event);
  void open(const hub::Event& event);
  void carrier(std::string_view signature);
  void delta(const hub::Event& event);
  void words(const hub::Event& event);
  void free_text(std::string_view json);
  void cite(const hub::Citation& citation);
  void close(const hub::Event& event);
  void end();
  void begin(std::string_view type);
  void finish();

  EncodeOptions options_;
  std::string* out_;
  ReportedUsage usage_;
  hub::StopReason stop_ = hub::StopReason::none;
  std::string stop_sequence_;
  std::uint32_t next_ = 0;
  bool started_ = false, shown_ = false, said_ = false, over_ = false;
  bool custom_ = false;  // the open block is a call with free text
  std::string
      words_before_;  // what stands before the words of the open block's deltas; "": not made
};

// Folds the events of one answer into the body of a whole one. body() is valid after `end`; after a
// fault there is none.
class MessageWriter final : public hub::EventSink {
 public:
  explicit MessageWriter(EncodeOptions options) : options_(options) {}
  void take(const hub::Event& event) override;
  bool complete() const { return complete_; }
  // Appends the document.
  void write(std::string& out) const;

 private:
  void open(const hub::Event& event);
  void close(const hub::Event& event);

  EncodeOptions options_;
  ReportedUsage usage_;
  hub::StopReason stop_ = hub::StopReason::none;
  std::string id_, model_, tier_, stop_sequence_;
  std::string content_;                       // elements of the array, commas between
  std::string text_, signature_, citations_;  // of the open block
  bool custom_ = false, complete_ = false;
};

}  // namespace steelyard::dialect::anthropic
