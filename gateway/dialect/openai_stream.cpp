#include "gateway/dialect/openai_stream.h"

#include <cstring>

#include "config/types/limits.h"
#include "gateway/dialect/chunk_scan.h"

namespace steelyard::dialect::openai {
namespace {

// A usage chunk is a few hundred bytes; nothing larger is ever held back or dropped.
constexpr std::size_t kHeldMax = 16u << 10;
// Held bytes' memory above this is given back: idle streams must stay small.
constexpr std::size_t kHeldKept = 2048;
// A read with more usage-only chunks than an output has parts is not from an honest provider: the
// rest passes.
constexpr std::size_t kPartsBeforeDrop = TapOutput::parts_max - 4;

// Bytes of the line end and the blank line that end an event here; 0: not there, or not all.
std::ptrdiff_t blank_line_at(const char* p, const char* end) {
  if (end - p >= 2 && p[0] == '\n' && p[1] == '\n') return 2;
  return end - p >= 4 && std::memcmp(p, "\r\n\r\n", 4) == 0 ? 4 : 0;
}

}  // namespace

std::size_t TapOutput::size() const {
  std::size_t total = 0;
  for (const std::string_view part : parts()) total += part.size();
  return total;
}

void TapOutput::push(std::string_view part) {
  if (part.empty()) return;
  if (count_ > 0) {
    std::string_view& last = parts_[count_ - 1];
    if (last.data() + last.size() == part.data()) {
      last = {last.data(), last.size() + part.size()};
      return;
    }
  }
  parts_[count_++] = part;
}

void StreamTap::begin_call(TapOutput& out) {
  out.clear();
  if (given_.capacity() > kHeldKept) std::string().swap(given_);
  given_.clear();
}

// Over the events that look like those before, whole and between others, as nearly all do.
const char* StreamTap::take_known(const char* p, const char* end) {
  constexpr std::string_view field = "data: ";
  if (event_open_ || line_begun_ || !lines_.at_rest()) return p;
  while (end - p > 16 && std::memcmp(p, field.data(), field.size()) == 0) {
    GapValues values;
    const AnswerShape* shape = watch_.recognise(p + field.size(), end, values);
    if (shape == nullptr) break;
    const std::ptrdiff_t blank = blank_line_at(values.end, end);
    if (blank == 0) break;
    watch_.take_known(*shape, values);
    p = values.end + blank;
  }
  return p;
}

void StreamTap::open_event(const char* from) {
  event_open_ = true;
  passes_ = !options_.drop_usage_chunk;
  event_from_ = from;
  event_bytes_ = 0;
}

void StreamTap::take(const SseLine& line) {
  const bool blank = line.complete && line.text.empty() && !line.skipped;
  const bool begins = !line_begun_;
  line_begun_ = !line.complete;
  if (blank) return;
  if (begins && !event_open_) {
    if (line.raw.front() != ':')
      open_event(line.raw.data());
    else
      event_bytes_ = 0;
  }
  event_bytes_ += line.raw.size();
  if (event_bytes_ > limits::sse_line_passed_bytes_max) {
    refused_ = true;
    return watch_.refuse_line();
  }
  if (!line.complete) return;
  if (line.skipped)
    watch_.skip_line();
  else
    watch_.take_line(line.text);
}

bool StreamTap::drops_event() {
  const bool usage_only = watch_.end_event();
  const bool drops = usage_only && event_open_ && !passes_ && event_bytes_ <= kHeldMax;
  event_open_ = false;
  return drops;
}

// At the end of a read, with an event open: may it still be a usage-only chunk?
bool StreamTap::must_hold() const {
  if (!event_open_ || passes_ || event_bytes_ > kHeldMax) return false;
  const std::string_view partial = lines_.rest();
  if (!watch_.has_data() && partial.starts_with("data")) {
    return empty_choices(partial) != EmptyChoices::no;
  }
  return watch_.may_be_usage_only();
}

void StreamTap::release(TapOutput& out) {
  if (held_.empty()) return;
  given_.swap(held_);
  out.push(given_);
}

void StreamTap::feed(std::string_view bytes, TapOutput& out) {
  begin_call(out);
  if (bytes.empty() || refused_) return;
  std::string_view in = bytes;
  const char* const end = bytes.data() + bytes.size();
  const char* pass_from = bytes.data();  // not yet handed out, held or dropped
  event_from_ = bytes.data();
  if (lines_.take_split_lf(in) != 0) {
    if (dropped_last_) pass_from = in.data();
    event_bytes_ += event_open_ ? 1 : 0;
  }
  dropped_last_ = false;
  in.remove_prefix(static_cast<std::size_t>(take_known(in.data(), end) - in.data()));

  SseLine line;
  while (!in.empty() && lines_.next(in, line) == SseLines::Status::line) {
    take(line);
    if (refused_) return release(out);
    const bool blank = line.complete && line.text.empty() && !line.skipped;
    if (!blank) continue;
    if (drops_event() && out.parts().size() < kPartsBeforeDrop) {
      out.push(pass_from, event_from_);
      held_.clear();
      pass_from = in.empty() ? end : in.data();
      dropped_last_ = in.empty();
      ++watch_.facts().dropped;
    } else {
      release(out);
    }
  }
  if (must_hold()) {
    out.push(pass_from, event_from_);
    held_.append(event_from_, static_cast<std::size_t>(end - event_from_));
    return;
  }
  passes_ = passes_ || event_open_;
  release(out);
  out.push(pass_from, end);
}

Result<void> StreamTap::finish(TapOutput& out) {
  begin_call(out);
  if (const std::string_view rest = lines_.rest(); !rest.empty()) watch_.take_line(rest);
  if (drops_event()) {
    held_.clear();
    ++watch_.facts().dropped;
  } else {
    release(out);
  }
  return watch_.verdict(options_.ends_without_done);
}

}  // namespace steelyard::dialect::openai
