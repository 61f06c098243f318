#pragma once
// Hub events for an OpenAI Responses client: a stream of numbered events, or one whole response
// (research/wire 1.3, 2.6.3). Every item has its own index and one id; the last event holds the
// whole answer, for clients that look at nothing else.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/responses_output.h"

namespace steelyard::dialect::responses {

// One per stream. Only choice 0 is shown: Responses has no others.
class StreamEncoder final : public hub::EventSink {
 public:
  // Appends to `out`, which the caller sends and clears as it likes.
  StreamEncoder(const EncodeOptions& options, std::string& out) : output_(options), out_(&out) {}
  void take(const hub::Event& event) override;

  // For who must tell a failure of its own: the next number, and the id that was told.
  std::int64_t sequence() const { return sequence_; }
  std::string_view id() const { return output_.id(); }

 private:
  void start();
  void open();
  void delta(const hub::Event& event);
  void cite(const hub::Event& event);
  void frame_deltas();
  void close();
  void end(Status status, const UpstreamFault* fault);
  hub::PieceWriter begin(std::string_view type);
  void begin_part(std::string_view type);
  void finish();
  void part(hub::PieceWriter& json, bool whole) const;
  void close_text();
  void close_call();

  Output output_;
  std::string* out_;
  std::int64_t sequence_ = 0;
  bool started_ = false, over_ = false;
  bool part_open_ = false;  // of a reasoning item: a summary was begun
  bool said_ = false;       // the open item had a delta
  // Around the number and the words of the open item's deltas; before_ empty: not made yet.
  std::string delta_before_, delta_middle_;
  std::string_view delta_behind_;
};

// Folds the events of one answer into the body of a whole one; complete() after `end`.
class ResponseWriter final : public hub::EventSink {
 public:
  explicit ResponseWriter(const EncodeOptions& options) : output_(options) {}
  void take(const hub::Event& event) override;
  bool complete() const { return complete_; }
  // Appends the document.
  void write(std::string& out) const;

 private:
  Output output_;
  bool complete_ = false;
};

}  // namespace steelyard::dialect::responses
