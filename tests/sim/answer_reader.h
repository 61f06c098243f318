#pragma once
// Reads what the gateway sends to one client, strictly and by its own rules: well-formed heads,
// exact framing, answers in the order of the requests, one terminal event a stream.
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/records.h"

namespace steelyard::sim {

class AnswerReader {
 public:
  using Complain = std::function<void(const std::string&)>;
  AnswerReader(std::vector<Asked>& asked, Complain complain)
      : asked_(asked), complain_(std::move(complain)) {}

  void feed(std::string_view bytes);
  // The gateway ended the connection. `broken`: something the client or the network did excuses a
  // half answer.
  void end(bool broken);
  std::size_t answered() const { return answered_; }
  bool last_said_close() const { return said_close_; }

 private:
  enum class State : std::uint8_t { head, length, chunk_size, chunk, chunk_end, trailer, to_close };
  bool step();
  bool line(std::string_view& out);
  bool take_head();
  void take_status(std::string_view status_line);
  void choose_framing();
  bool take_chunk_size();
  bool take_trailer();
  void body_over();
  void check_json();
  void check_stream(bool whole);
  void check_event(std::string_view data, Asked& ask);
  void see_text(std::string_view text, Asked& ask);
  void complain(const std::string& what);

  std::vector<Asked>& asked_;  // in order of sending; grows
  Complain complain_;
  std::string in_;
  std::size_t at_ = 0, answered_ = 0;
  State state_ = State::head;
  std::uint64_t left_ = 0;
  int status_ = 0;
  std::map<std::string, std::string> fields_;
  std::string body_;
  bool said_close_ = false, old_client_ = false;
  bool half_event_ = false;
  std::string half_text_;
  bool lost_ = false;  // after a violation nothing more is read

 public:
  void speak_http_1_0() { old_client_ = true; }
};

}  // namespace steelyard::sim
