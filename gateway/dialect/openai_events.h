#pragma once
// Answers of OpenAI Chat Completions and everything compatible as hub events: a stream's chunks
// one by one, and a whole answer at once (research/wire 2.6.1). Chat interleaves; the hub does not:
// what would have to be inside another block waits until that one is over.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/result.h"
#include "gateway/dialect/delta_memo.h"
#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/openai_chunk.h"
#include "gateway/dialect/sse.h"

namespace steelyard::dialect::openai {

hub::StopReason stop_named(std::string_view name);  // "" is none
std::string_view name_of(hub::StopReason stop);     // as Chat says it; "stop" for none

// The blocks of one choice.
class ChoiceBlocks {
 public:
  explicit ChoiceBlocks(std::uint32_t choice) : choice_(choice) {}
  std::uint32_t choice() const { return choice_; }

  void take(const ChunkReader& chunk, const ChunkChoice& choice, hub::EventSink& sink);
  // A chunk that has nothing but words of that kind.
  void words(hub::BlockKind kind, std::string_view text, hub::EventSink& sink) {
    words(kind, text, {}, sink);
  }
  // The end of the choice: whatever waited is sent, then `stop` if the choice was finished or
  // `anyway`. Once.
  void finish(bool anyway, hub::EventSink& sink);
  bool finished() const { return !finish_.empty(); }
  // The finish reason says that the provider broke off: none of the model's.
  bool broken() const { return stop_named(finish_) == hub::StopReason::error; }
  std::string_view finish_name() const { return finish_; }  // escaped
  bool nameless() const { return nameless_; }               // it has a call without its name
  // Of what it says beside its text; also what is not understood of it.
  hub::Dropped lost() const { return lost_; }
  // Pages that the whole answer was taken from: a raw array of URLs.
  void cite(std::string_view pages, hub::EventSink& sink);

 private:
  struct Call {
    std::int64_t key = 0;
    std::string id, name, arguments;  // escaped; arguments are all there were so far
    std::string signature;            // escaped
    std::size_t sent = 0;             // bytes of arguments
    bool custom = false, opened = false, closed = false;
  };
  void words(hub::BlockKind kind, std::string_view text, std::string_view logprobs,
             hub::EventSink& sink);
  void thought(const ThoughtPiece& piece, bool with_text, hub::EventSink& sink);
  void sign(std::string_view signature, hub::EventSink& sink);
  void call_piece(const CallPiece& piece, hub::EventSink& sink);
  Call& find(const CallPiece& piece);
  void advance(bool last, hub::EventSink& sink);
  void send_more(Call& call, hub::EventSink& sink);
  bool whole(const Call& call);
  void ensure_open(hub::BlockKind kind, hub::EventSink& sink);
  void close(hub::EventSink& sink);
  void open(hub::BlockKind kind, hub::EventSink& sink, const Call* call = nullptr);

  std::uint32_t choice_, next_ = 0;
  hub::BlockKind kind_ = hub::BlockKind::text;
  bool open_ = false, stopped_ = false, nameless_ = false;
  bool plain_thoughts_ = false;  // reasoning_content was shown
  std::vector<Call> calls_;
  std::size_t current_ = 0;               // first call that is not closed
  std::string late_text_;                 // escaped: words that came while calls were open
  std::vector<std::string> late_states_;  // escaped: signatures that did
  std::string finish_, scratch_;
  hub::Dropped lost_;
};

// A whole answer. An error object becomes a fault event. False: the body is no JSON object, or has
// neither choices nor an error; then nothing was sent.
bool read_completion(std::string_view body, hub::EventSink& sink);

struct ChatDecoderOptions {
  bool ends_without_done = false;  // provider quirk: a finish reason ends the stream
};

// One per stream. Any split of the bytes gives the same events.
class ChatStreamDecoder {
 public:
  explicit ChatStreamDecoder(ChatDecoderOptions options = {}) : options_(options) {}
  void feed(std::string_view bytes, hub::EventSink& sink);
  // The provider closed: takes a last event without its blank line, sends what waited, and `end`
  // where the options allow it. Fails with upstream_protocol if the stream did not say that it was
  // over, with upstream_status if it said an error.
  Result<void> finish(hub::EventSink& sink);

  // The stream is translated: an object that is no JSON fails it, as its part would be missing.
  void be_strict() { strict_ = true; }
  std::uint32_t unparsed() const { return unparsed_; }

 private:
  void take(std::string_view data, bool error_event, hub::EventSink& sink);
  bool take_known(std::string_view data, hub::EventSink& sink);
  void learn(std::string_view data);
  void end(hub::EventSink& sink);
  void fail(UpstreamFault fault, hub::EventSink& sink);

  DeltaMemo memo_;
  std::size_t memo_choice_ = 0;  // in choices_
  hub::BlockKind memo_kind_ = hub::BlockKind::text;
  ChatDecoderOptions options_;
  SseDecoder sse_;
  ChunkReader reader_;
  std::vector<ChoiceBlocks> choices_;
  std::string pages_;  // raw array: a stream's citations, which come with every chunk or the last
  hub::Dropped lost_;
  UpstreamFault fault_;
  std::uint32_t unparsed_ = 0;
  bool started_ = false, ended_ = false, failed_ = false, strict_ = false;
};

}  // namespace steelyard::dialect::openai
