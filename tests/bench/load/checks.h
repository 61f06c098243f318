#pragma once
// Compares what arrives with what the bench upstream sends.
#include <cstdint>
#include <string>

#include "tests/bench/common/answers.h"
#include "tests/bench/common/histogram.h"
#include "tests/bench/load/response_reader.h"

namespace steelyard::bench {

// A completion, byte for byte; with an empty `expected`, anything.
class AnswerCheck final : public BodySink {
 public:
  explicit AnswerCheck(std::string_view expected) : expected_(expected) {}
  bool body(std::string_view piece) override;
  bool end() override;

 private:
  std::string_view expected_;
  std::size_t at_ = 0;
};

// The body of an answer that says no, and what is not to be compared.
class AnyBody final : public BodySink {
 public:
  bool body(std::string_view piece) override;
  bool end() override { return true; }
  // Blank lines: events of a stream.
  std::uint64_t events() const { return events_; }

 private:
  std::uint64_t events_ = 0;
  bool after_lf_ = false;
};

// What all streams together saw.
struct StreamTotals {
  std::uint64_t events = 0;     // comments not counted
  std::uint64_t merged = 0;     // arrived in one read with the event before, content only
  std::uint64_t held_back = 0;  // older on arrival than allowed, from the second content event on
  std::uint64_t comments = 0;   // `: keep-alive` and the like
  std::uint64_t bytes = 0;
  Histogram first_content;  // since the request was sent
  Histogram gap;            // between reads that brought content
  Histogram age;            // of content events on arrival, from the second on
};

// An event stream, event by event. A wrong, lost, doubled or swapped event fails the answer.
class StreamCheck final : public BodySink {
 public:
  StreamCheck(const StreamScript& script, std::int64_t held_back_ns, StreamTotals& totals)
      : script_(script), held_back_ns_(held_back_ns), totals_(&totals) {}

  void start(std::int64_t sent_ns);   // a request was sent
  void arrived(std::int64_t now_ns);  // a read follows
  bool body(std::string_view piece) override;
  bool end() override { return next_ == script_.events() && partial_.empty(); }

 private:
  bool event(std::string_view text);
  void time_content(std::int64_t sent);

  StreamScript script_;
  std::int64_t held_back_ns_;
  StreamTotals* totals_;
  std::string partial_;
  std::uint32_t next_ = 0;
  std::uint32_t in_read_ = 0;  // content events of the current read
  std::int64_t sent_ns_ = 0, now_ns_ = 0, last_content_ns_ = 0;
};

}  // namespace steelyard::bench
