#pragma once
// Counts what a stream has said against what its hold has room for, without looking at its bytes
// again: the facts that are kept anyway say how many there were. Of an honest provider the limit in
// the request is reached first; this is for the others.
#include <algorithm>
#include <cstdint>

#include "gateway/dialect/openai_watch.h"

namespace steelyard {

class StreamGuard {
 public:
  enum class State : std::uint8_t {
    ample,  // go on
    near,   // four fifths are used: ask for more
    over,   // all is used, and there is no more
  };

  // `room`: output tokens, all choices, that the hold has money for. `token_bytes`: that a token of
  // this model's answers stands for at most, in sixteenths. Without begin() nothing is ever due.
  void begin(std::int64_t room, std::int64_t token_bytes) {
    room_ = room;
    token_bytes_ = std::max<std::int64_t>(token_bytes, least_token_bytes);
    final_ = false;
    aim();
    bytes_due_ = least_bytes(tokens_due_);
  }
  void end() { bytes_due_ = tokens_due_ = INT64_MAX; }

  // Once a read: may look() have something to say? Never false when it has.
  bool due(const dialect::openai::StreamFacts& facts) const {
    return facts.output_bytes >= bytes_due_ || facts.usage.completion >= tokens_due_;
  }
  State look(const dialect::openai::StreamFacts& facts) {
    const std::int64_t tokens = counted(facts);
    if (tokens >= tokens_due_) return final_ ? State::over : State::near;
    // A piece has a byte at least, so no count can reach the mark with fewer further bytes.
    const std::int64_t far = tokens_due_ - std::max<std::int64_t>(tokens, facts.pieces);
    bytes_due_ =
        std::max(least_bytes(tokens_due_), facts.output_bytes + std::max<std::int64_t>(far, 1));
    return State::ample;
  }
  // The hold has grown by this many tokens.
  void grew(std::int64_t tokens) {
    room_ += tokens;
    final_ = false;
    aim();
    bytes_due_ = 0;
  }
  // There is no more to be had.
  void refused() {
    final_ = true;
    aim();
    bytes_due_ = 0;
  }
  std::int64_t room() const { return room_; }
  // What the next extension should be for: a quarter again.
  std::int64_t wanted() const { return std::max<std::int64_t>(room_ / 4, 64); }

  // Output tokens, at least: what the provider says; the bytes there are, by the largest tokens
  // known; a piece of a stream is a token or more, unless somebody cuts text into letters.
  std::int64_t counted(const dialect::openai::StreamFacts& facts) const {
    const std::int64_t by_bytes = facts.output_bytes * 16 / token_bytes_;
    const std::int64_t pieces = facts.pieces;
    const bool letters = facts.output_bytes < least_token_bytes / 16 * pieces;
    return std::max({facts.usage.completion, by_bytes, letters ? by_bytes : pieces});
  }

  // A whole answer teaches: `known` as begin() takes it, afterwards.
  static std::uint16_t learn(std::uint16_t known, std::int64_t bytes, std::int64_t tokens) {
    if (tokens < 32) return known;
    const std::int64_t seen = std::min<std::int64_t>(bytes * 16 / tokens, most_token_bytes);
    return static_cast<std::uint16_t>(std::max<std::int64_t>(seen, known - known / 128));
  }
  // Of a model that nothing is known of: more than any answer has on the average, for to end an
  // honest one is worse.
  static constexpr std::uint16_t first_token_bytes = 16 * 16;

 private:
  static constexpr std::int64_t least_token_bytes = 2 * 16, most_token_bytes = 32 * 16;
  // Fewer bytes than these are never counted as that many tokens.
  static std::int64_t least_bytes(std::int64_t tokens) {
    constexpr std::int64_t bytes = least_token_bytes / 16;
    return tokens > INT64_MAX / bytes ? INT64_MAX : bytes * tokens;
  }
  void aim() { tokens_due_ = final_ ? room_ + 1 : room_ - room_ / 5; }

  std::int64_t room_ = 0, token_bytes_ = least_token_bytes;
  std::int64_t tokens_due_ = INT64_MAX, bytes_due_ = INT64_MAX;
  bool final_ = false;
};

}  // namespace steelyard
