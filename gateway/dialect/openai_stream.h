#pragma once
// Watches an OpenAI Chat Completions stream on its way to the client: every byte passes as it came,
// except one usage-only event the client did not ask for. Finds usage, finish reasons, errors, and
// whether the stream really ended.
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/openai_watch.h"
#include "gateway/dialect/sse.h"

namespace steelyard::dialect::openai {

struct TapOptions {
  bool drop_usage_chunk = false;  // the gateway asked for usage, the client did not
  bool ends_without_done =
      false;  // provider quirk: a finish reason ends the stream (Perplexity, some TGI)
};

// Bytes to write to the client, in order: views over the bytes fed and over the tap's own carry.
// Valid until the next call of the tap or until the input goes.
class TapOutput {
 public:
  std::span<const std::string_view> parts() const { return {parts_.data(), count_}; }
  std::size_t size() const;
  bool empty() const { return count_ == 0; }
  void clear() { count_ = 0; }
  // For who translates: `part` must live as the others do.
  void push_text(std::string_view part) {
    if (!part.empty() && count_ < parts_max) parts_[count_++] = part;
  }
  static constexpr std::size_t parts_max = 16;

 private:
  friend class StreamTap;
  void push(std::string_view part);
  void push(const char* begin, const char* end) {
    push({begin, static_cast<std::size_t>(end - begin)});
  }
  std::array<std::string_view, parts_max> parts_;
  std::size_t count_ = 0;
};

// One per stream. `shapes` is the memory of where the stream comes from; it may be shared by all
// streams of one thread, and must outlive the tap.
class StreamTap {
 public:
  explicit StreamTap(TapOptions options, ShapeMemory* shapes = nullptr)
      : options_(options), watch_(shapes) {}

  // Any split of the stream gives the same facts and the same passed bytes. Bytes are held back
  // only while their event may still turn out to be the usage-only chunk to drop, 16 KiB at most.
  // An event of more than limits::sse_line_passed_bytes_max bytes fails the stream: the rest of it
  // is nobody's.
  void feed(std::string_view bytes, TapOutput& out);
  // The provider closed, cleanly as HTTP sees it. `out` gets what was held back. Fails with
  // upstream_protocol if the stream did not say that it was over, with upstream_status if it said
  // an error (which the client has then got, unless the phase never reached content).
  Result<void> finish(TapOutput& out);

  StreamPhase phase() const { return watch_.phase(); }
  const StreamFacts& facts() const { return watch_.facts(); }
  std::vector<std::uint64_t>& states() { return watch_.facts().states; }

 private:
  void begin_call(TapOutput& out);
  const char* take_known(const char* p, const char* end);
  void open_event(const char* from);
  void take(const SseLine& line);
  bool drops_event();
  bool must_hold() const;
  void release(TapOutput& out);

  TapOptions options_;
  SseLines lines_{SseLines::Overlong::skip};
  StreamWatch watch_;
  std::string held_;                  // bytes of the open event from earlier reads
  std::string given_;                 // held bytes that the last call handed out
  const char* event_from_ = nullptr;  // where the open event begins in the read at hand
  std::size_t event_bytes_ = 0;       // of the open event, its blank line not counted
  bool event_open_ = false;           // a line that is not a comment came since the last blank one
  bool line_begun_ = false;           // the last piece did not end its line
  bool passes_ = false;               // it is settled that the open event is not dropped
  bool refused_ = false;              // an event went on for ever
  bool dropped_last_ =
      false;  // an LF at the start of the next read belongs to a dropped blank line
};

}  // namespace steelyard::dialect::openai
