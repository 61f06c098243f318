#pragma once
// Server-sent events, bytes in, lines or events out; any split of the bytes gives the same result
// (WHATWG HTML 9.2.6; research/reliability 5.1). Line ends are LF, CRLF or a lone CR; one leading
// BOM is dropped.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/limits.h"

namespace steelyard::dialect {

// First CR or LF in [begin, end), or end.
const char* find_line_end(const char* begin, const char* end);

// One line, or the piece of one that was in this read.
struct SseLine {
  std::string_view raw;   // bytes of this read that belong to it, terminator included
  std::string_view text;  // whole line without terminator and BOM; only when complete
  bool complete = false;
  bool skipped = false;  // over the cap: text is empty, and that does not mean a blank line
};

// Cuts a byte stream into lines. Zero-copy unless a line straddles reads.
class SseLines {
 public:
  // What a line longer than the cap means: `stop` makes next() return too_long for ever (a decoder
  // must not truncate), and its cap is that of a whole event; `skip` hands its pieces on and
  // completes it as skipped (a relay forwards them anyway).
  enum class Overlong : std::uint8_t { stop, skip };
  enum class Status : std::uint8_t { line, need_more, too_long };

  explicit SseLines(Overlong policy = Overlong::stop) : policy_(policy) {}

  // A read may begin with the LF of a CRLF whose CR ended the read before: 1 if so, and it is taken
  // off `in`. Call once at the start of each read.
  std::size_t take_split_lf(std::string_view& in);
  // Takes one line, or the rest, off `in`. `text` is valid until the next call.
  Status next(std::string_view& in, SseLine& line);
  // The unterminated last line, at the end of the stream; "" if none.
  std::string_view rest() const;
  // Between two lines, and nothing of earlier reads matters.
  bool at_rest() const { return carry_.empty() && !first_line_ && !after_cr_ && !overlong_; }
  std::uint32_t skipped() const { return skipped_; }  // lines over the cap

 private:
  std::size_t line_bytes_max() const {
    return policy_ == Overlong::stop ? limits::sse_line_passed_bytes_max
                                     : limits::sse_line_bytes_max;
  }
  std::string_view finish_line(std::string_view last_piece);
  std::string carry_;  // pieces of the current line from earlier reads
  Overlong policy_;
  bool first_line_ = true, after_cr_ = false, overlong_ = false, used_carry_ = false;
  std::uint32_t skipped_ = 0;
};

// A field line taken apart: name up to the colon, value without one leading space.
struct SseField {
  enum class Name : std::uint8_t { comment, data, event, id, retry, unknown };
  Name name = Name::unknown;
  std::string_view value;
};
SseField parse_sse_field(std::string_view line);

struct SseEvent {
  std::string_view type;  // "" means "message"
  std::string_view data;  // data lines joined with LF
  std::string_view last_id;
};

// The full decoder, for translating between dialects. Pull-style: call next() until it says
// need_more.
class SseDecoder {
 public:
  enum class Status : std::uint8_t { event, need_more, too_long };
  // Takes bytes off `in`; the event's views are valid until the next call.
  Status next(std::string_view& in, SseEvent& event);
  std::int64_t retry_ms() const { return retry_ms_; }  // -1: never sent

  // An image in base64 is a few MB, and the last event of Responses repeats all that came.
  static constexpr std::size_t event_bytes_max = limits::sse_line_passed_bytes_max;

 private:
  bool take(const SseField& field);  // false: the event is over the cap
  SseLines lines_;
  std::string data_, type_, id_;
  std::int64_t retry_ms_ = -1;
  bool has_data_ = false, dispatched_ = false, stopped_ = false;
};

}  // namespace steelyard::dialect
