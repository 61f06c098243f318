#pragma once
// Reads HTTP/1.1 answers as they come, in any pieces: status, framing, body. Strict: what is not
// understood is an error, never skipped.
#include <cstdint>
#include <string>
#include <string_view>

namespace steelyard::bench {

// Who takes the body.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual bool body(std::string_view piece) = 0;  // false: it is wrong
  virtual bool end() = 0;                         // false: it stopped too early
};

class ResponseReader {
 public:
  enum class State : std::uint8_t {
    head,
    sized,
    chunk_size,
    chunk_data,
    chunk_end,
    trailer,
    done,
    failed
  };

  explicit ResponseReader(BodySink& sink) : sink_(&sink) {}

  // Takes bytes up to the end of the answer; returns how many. Look at state() afterwards.
  std::size_t feed(std::string_view bytes);
  void next();  // another answer on the same connection

  State state() const { return state_; }
  int status() const { return status_; }
  bool close_after() const { return close_after_; }
  const char* why() const { return why_; }  // when failed
  const std::string& head() const { return head_; }

 private:
  std::size_t take_head(std::string_view bytes);
  std::size_t take_line(std::string_view bytes);
  std::size_t take_data(std::string_view bytes);
  bool read_head();
  void read_field(std::string_view name, std::string_view value);
  void line_complete();
  void finish();
  void fail(const char* why);

  BodySink* sink_;
  State state_ = State::head;
  std::string head_;  // also the unfinished line of a chunk's size
  std::string line_;
  std::uint64_t left_ = 0;
  int status_ = 0;
  bool chunked_ = false, sized_ = false, close_after_ = false;
  const char* why_ = "";
};

}  // namespace steelyard::bench
