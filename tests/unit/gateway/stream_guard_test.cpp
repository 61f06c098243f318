#include "gateway/stream_guard.h"

#include <doctest/doctest.h>

#include <random>

namespace steelyard {
namespace {

using State = StreamGuard::State;

dialect::openai::StreamFacts facts(std::int64_t bytes, std::uint32_t pieces,
                                   std::int64_t reported = 0) {
  dialect::openai::StreamFacts out;
  out.output_bytes = bytes;
  out.pieces = pieces;
  out.usage.completion = reported;
  return out;
}

TEST_CASE("stream guard: what counts as a token") {
  struct Row {
    const char* why;
    std::int64_t bytes;
    std::uint32_t pieces;
    std::int64_t reported, tokens;
  };
  StreamGuard guard;
  guard.begin(1'000, 8 * 16);
  for (const Row& row :
       {Row{"the largest tokens known", 800, 3, 0, 100},
        Row{"a piece is a token or more", 400, 90, 0, 90}, Row{"letters are none", 100, 90, 0, 12},
        Row{"two letters a piece are", 180, 90, 0, 90},
        Row{"what the provider says", 400, 90, 120, 120}, Row{"nothing", 0, 0, 0, 0}}) {
    CAPTURE(row.why);
    CHECK(guard.counted(facts(row.bytes, row.pieces, row.reported)) == row.tokens);
  }
}

TEST_CASE("stream guard: near at four fifths, over only beyond the room") {
  StreamGuard guard;
  CHECK_FALSE(guard.due(facts(1 << 30, 1 << 20)));  // not begun: nobody is watched
  guard.begin(100, 4 * 16);
  CHECK(guard.look(facts(4 * 79, 1)) == State::ample);
  CHECK(guard.look(facts(4 * 80, 1)) == State::near);
  guard.grew(25);
  CHECK(guard.room() == 125);
  CHECK(guard.look(facts(4 * 99, 1)) == State::ample);
  CHECK(guard.look(facts(4 * 100, 1)) == State::near);
  guard.refused();
  CHECK(guard.look(facts(4 * 125, 1)) == State::ample);  // all of it may be used
  CHECK(guard.look(facts(4 * 126, 1)) == State::over);
  guard.end();
  CHECK_FALSE(guard.due(facts(1 << 30, 1 << 20)));
}

TEST_CASE("stream guard: whatever comes, due() misses nothing that look() would say") {
  std::mt19937_64 random(1);
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
  };
  int said = 0;
  for (int stream = 0; stream < 500; ++stream) {
    StreamGuard guard;
    std::int64_t room = between(1, 5'000);
    guard.begin(room, between(1, 20 * 16));
    dialect::openai::StreamFacts seen;
    bool refused = false;
    for (int read = 0; read < 400; ++read) {
      seen.output_bytes += between(0, 200);
      seen.pieces += static_cast<std::uint32_t>(between(0, 30));
      if (between(0, 9) == 0) seen.usage.completion = between(0, 6'000);
      StreamGuard copy = guard;
      const State state = copy.look(seen);
      if (state != State::ample) REQUIRE(guard.due(seen));
      if (!guard.due(seen)) continue;
      guard = copy;
      const std::int64_t tokens = guard.counted(seen);
      if (state == State::near) {
        CHECK_FALSE(refused);
        CHECK(tokens >= guard.room() - guard.room() / 5);
        refused = between(0, 3) == 0;
        refused ? guard.refused() : guard.grew(guard.wanted());
        ++said;
      } else if (state == State::over) {
        CHECK(refused);
        CHECK(tokens > guard.room());
        break;
      }
    }
  }
  CHECK(said > 1'000);
}

TEST_CASE("stream guard: the largest tokens are learned and slowly forgotten") {
  std::uint16_t known = StreamGuard::first_token_bytes;
  known = StreamGuard::learn(known, 100, 10);
  CHECK(known == StreamGuard::first_token_bytes);  // too short to say anything
  known = StreamGuard::learn(known, 1'800, 100);
  CHECK(known == 18 * 16);
  for (int i = 0; i < 1'000; ++i) known = StreamGuard::learn(known, 400, 100);
  CHECK(known < 18 * 16);
  CHECK(known >= 4 * 16);
  CHECK(StreamGuard::learn(known, 1 << 30, 100) == 32 * 16);
}

}  // namespace
}  // namespace steelyard
