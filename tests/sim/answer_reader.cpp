#include "tests/sim/answer_reader.h"

#include <algorithm>
#include <charconv>

#include "tests/sim/text.h"

namespace steelyard::sim {

void AnswerReader::complain(const std::string& what) {
  const std::string mark = answered_ < asked_.size() ? asked_[answered_].mark : "nothing asked";
  complain_("answer to " + mark + ": " + what);
  lost_ = true;
}

void AnswerReader::feed(std::string_view bytes) {
  in_ += bytes;
  while (!lost_ && step()) {
  }
  in_.erase(0, at_);
  at_ = 0;
}

bool AnswerReader::step() {
  const std::size_t have = in_.size() - at_;
  switch (state_) {
    case State::head: return take_head();
    case State::length:
    case State::chunk: {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, have));
      body_.append(in_, at_, n);
      at_ += n;
      left_ -= n;
      if (left_ != 0) return false;
      if (state_ == State::length) {
        body_over();
      } else {
        state_ = State::chunk_end;
      }
      return true;
    }
    case State::chunk_end:
      if (have < 2) return false;
      if (in_.compare(at_, 2, "\r\n") != 0) return complain("a chunk without an end"), false;
      at_ += 2;
      state_ = State::chunk_size;
      return true;
    case State::chunk_size: return take_chunk_size();
    case State::trailer: return take_trailer();
    case State::to_close:
      body_.append(in_, at_, have);
      at_ += have;
      return false;
  }
  return false;
}

bool AnswerReader::line(std::string_view& out) {
  const std::size_t end = in_.find("\r\n", at_);
  if (end == std::string::npos) return false;
  out = std::string_view(in_).substr(at_, end - at_);
  at_ = end + 2;
  return true;
}

bool AnswerReader::take_head() {
  const std::size_t end = in_.find("\r\n\r\n", at_);
  if (end == std::string::npos) {
    if (in_.size() - at_ > 0 && answered_ >= asked_.size() && !said_close_) complain("too much");
    return false;
  }
  fields_.clear();
  body_.clear();
  std::string_view text;
  line(text);
  take_status(text);
  while (!lost_ && line(text) && !text.empty()) {
    const std::size_t colon = text.find(": ");
    if (colon == std::string_view::npos) return complain("a bad head line"), false;
    const std::string name(text.substr(0, colon)), value(text.substr(colon + 2));
    for (const char c : name)
      if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-') complain("a bad name " + name);
    for (const char c : value)
      if (static_cast<unsigned char>(c) < 0x20) complain("a control byte in " + name);
    if (!fields_.emplace(name, value).second) complain("twice " + name);
  }
  if (lost_) return false;
  if (status_ == 100) return fields_.empty() ? true : (complain("fields in a 100"), false);
  choose_framing();
  return !lost_;
}

void AnswerReader::take_status(std::string_view text) {
  status_ = static_cast<int>(number_after(text, "HTTP/1.1 "));
  if (!text.starts_with("HTTP/1.1 ") || status_ < 100 || status_ > 599)
    complain("a bad status line: " + std::string(text.substr(0, 60)));
}

void AnswerReader::choose_framing() {
  if (said_close_) return complain("an answer behind the last one");
  if (answered_ < asked_.size()) {
    Asked& ask = asked_[answered_];
    ask.begun = true;
    ask.status = status_;
    ask.request_id = fields_["x-steelyard-request-id"];
    ask.cost = fields_["x-steelyard-cost-usd"];
    ask.model = fields_["x-steelyard-model"];
  }
  said_close_ = fields_["connection"] == "close";
  const auto length = fields_.find("content-length");
  const bool chunked = fields_["transfer-encoding"] == "chunked";
  if (chunked && length != fields_.end()) return complain("two framings");
  if (chunked && old_client_) return complain("chunks for HTTP/1.0");
  if (chunked) {
    state_ = State::chunk_size;
  } else if (length != fields_.end()) {
    left_ = static_cast<std::uint64_t>(number_after(length->second, ""));
    state_ = State::length;
  } else {
    if (!said_close_) complain("no framing and no close");
    state_ = State::to_close;
  }
}

bool AnswerReader::take_chunk_size() {
  std::string_view text;
  if (!line(text)) return false;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), left_, 16);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    return complain("a bad chunk size"), false;
  state_ = left_ == 0 ? State::trailer : State::chunk;
  return true;
}

bool AnswerReader::take_trailer() {
  std::string_view text;
  if (!line(text)) return false;
  if (text.empty()) return body_over(), true;
  if (!text.starts_with("x-steelyard-cost-usd: ")) return complain("a strange trailer"), false;
  if (answered_ < asked_.size()) asked_[answered_].cost = text.substr(22);
  return true;
}

void AnswerReader::body_over() {
  state_ = State::head;
  if (answered_ >= asked_.size()) return;
  Asked& ask = asked_[answered_];
  if (fields_["content-type"].starts_with("text/event-stream")) {
    check_stream(true);
  } else {
    check_json();
  }
  ask.complete = true;
  ++answered_;
}

void AnswerReader::end(bool broken) {
  if (lost_) return;
  const bool begun = state_ != State::head || in_.size() > at_;
  if (state_ == State::to_close) {
    check_stream(false);
    if (answered_ < asked_.size() && (asked_[answered_].done || asked_[answered_].error_event)) {
      asked_[answered_++].complete = true;
      return;
    }
  } else if (state_ != State::head && fields_["content-type"].starts_with("text/event-stream")) {
    check_stream(false);
  }
  if (begun && !broken && !lost_)
    complain("broke off, status " + std::to_string(status_) + ", " + std::to_string(body_.size()) +
             " bytes of its body");
}

}  // namespace steelyard::sim
