#include "tests/bench/load/checks.h"

namespace steelyard::bench {

bool AnswerCheck::body(std::string_view piece) {
  if (expected_.empty()) return true;
  const bool good =
      at_ + piece.size() <= expected_.size() && expected_.substr(at_, piece.size()) == piece;
  at_ += piece.size();
  return good;
}

bool AnswerCheck::end() {
  const bool whole = at_ == expected_.size();
  at_ = 0;
  return whole;
}

bool AnyBody::body(std::string_view piece) {
  for (const char c : piece) {
    if (c == '\n' && after_lf_) ++events_;
    after_lf_ = c == '\n' ? !after_lf_ : false;
  }
  return true;
}

void StreamCheck::start(std::int64_t sent_ns) {
  sent_ns_ = sent_ns;
  last_content_ns_ = 0;
  next_ = 0;
  partial_.clear();
}

void StreamCheck::arrived(std::int64_t now_ns) {
  now_ns_ = now_ns;
  in_read_ = 0;
}

// Whole events are looked at where they lie; only a cut one is kept.
bool StreamCheck::body(std::string_view piece) {
  totals_->bytes += piece.size();
  std::string joined;
  if (!partial_.empty()) {
    joined = partial_;
    joined += piece;
    partial_.clear();
    piece = joined;
  }
  while (!piece.empty()) {
    const std::size_t end = piece.find("\n\n");
    if (end == piece.npos) break;
    if (!event(piece.substr(0, end + 2))) return false;
    piece.remove_prefix(end + 2);
  }
  partial_ = piece;
  return partial_.size() <= 4 * StreamScript::event_bytes_max;
}

bool StreamCheck::event(std::string_view text) {
  if (text.front() == ':') {
    ++totals_->comments;
    return true;
  }
  if (next_ >= script_.events()) return false;
  const std::int64_t sent = script_.is_done(next_) ? 0 : StreamScript::sent_at(text);
  if (sent < 0 || sent > now_ns_) return false;
  char expected[StreamScript::event_bytes_max];
  const std::size_t size = script_.write(next_, sent, expected);
  if (text != std::string_view(expected, size)) return false;
  ++totals_->events;
  if (script_.is_content(next_)) time_content(sent);
  ++next_;
  return true;
}

// A gateway may hold the head of a stream until the first content, so ages count from the second.
void StreamCheck::time_content(std::int64_t sent) {
  if (++in_read_ > 1) ++totals_->merged;
  if (last_content_ns_ == 0) {
    totals_->first_content.add(now_ns_ - sent_ns_);
  } else {
    totals_->age.add(now_ns_ - sent);
    if (held_back_ns_ > 0 && now_ns_ - sent > held_back_ns_) ++totals_->held_back;
    if (in_read_ == 1) totals_->gap.add(now_ns_ - last_content_ns_);
  }
  last_content_ns_ = now_ns_;
}

}  // namespace steelyard::bench
