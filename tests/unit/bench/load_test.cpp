// The load generator sees every lie: wrong, lost, doubled, swapped, cut, late events.
#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "tests/bench/load/checks.h"
#include "tests/bench/load/response_reader.h"

using namespace steelyard::bench;

namespace {

constexpr std::int64_t sent = 1'000'000'000, now = sent + 3'000'000;

std::vector<std::string> events_of(std::uint32_t contents, bool usage) {
  const StreamScript script(contents, usage);
  std::vector<std::string> events;
  for (std::uint32_t i = 0; i < script.events(); ++i) {
    char text[StreamScript::event_bytes_max];
    events.emplace_back(text, script.write(i, sent, text));
  }
  return events;
}

std::string chunked(const std::vector<std::string>& events, const std::string& trailer = "") {
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& event : events) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", event.size());
    text += size + event + "\r\n";
  }
  return text + "0\r\n" + trailer + "\r\n";
}

// Whether the whole answer is good, fed in pieces of `step` bytes.
bool good(const std::string& answer, StreamTotals& totals, std::size_t step,
          std::int64_t held_back = 0) {
  StreamCheck check(StreamScript(4, true), held_back, totals);
  ResponseReader reader(check);
  check.start(sent);
  for (std::size_t at = 0; at < answer.size(); at += step) {
    check.arrived(now);
    const std::string_view piece = std::string_view(answer).substr(at, step);
    if (reader.feed(piece) != piece.size()) return false;
    if (reader.state() == ResponseReader::State::failed) return false;
  }
  return reader.state() == ResponseReader::State::done;
}

}  // namespace

TEST_CASE("a true stream passes in pieces of any size, each event counted once") {
  const std::string answer = chunked(events_of(4, true), "x-cost: 1\r\n");
  for (const std::size_t step : {1u, 2u, 7u, 100u, 193u, 4096u}) {
    StreamTotals totals;
    CAPTURE(step);
    CHECK(good(answer, totals, step));
    CHECK(totals.events == 8);
    CHECK(totals.age.count() == 3);
  }
}

TEST_CASE("a stream that is not what was sent fails") {
  using Events = std::vector<std::string>;
  const struct {
    const char* why;
    std::function<void(Events&)> lie;
  } rows[] = {
      {"lost", [](Events& e) { e.erase(e.begin() + 2); }},
      {"doubled", [](Events& e) { e.insert(e.begin() + 2, e[2]); }},
      {"swapped", [](Events& e) { std::swap(e[2], e[3]); }},
      {"one byte changed", [](Events& e) { e[3][60] ^= 1; }},
      {"a byte too many", [](Events& e) { e[3].insert(10, "x"); }},
      {"no usage", [](Events& e) { e.erase(e.end() - 2); }},
      {"no [DONE]", [](Events& e) { e.pop_back(); }},
      {"cut event", [](Events& e) { e.back().resize(5); }},
      {"an error event", [](Events& e) { e[2] = "data: {\"error\":{}}\n\n"; }},
      {"from the future", [](Events& e) { e[2][26] = '9'; }},
      {"one after the end", [](Events& e) { e.push_back(e[1]); }},
  };
  for (const auto& row : rows) {
    CAPTURE(row.why);
    Events events = events_of(4, true);
    row.lie(events);
    StreamTotals totals;
    CHECK_FALSE(good(chunked(events), totals, 4096));
  }
}

TEST_CASE("merged and late events are counted, comments are not events") {
  std::vector<std::string> events = events_of(4, true);
  events.insert(events.begin() + 1, ": still there\n\n");
  StreamTotals totals;
  CHECK(good(chunked(events), totals, 4096, 2'000'000));
  CHECK(totals.comments == 1);
  CHECK(totals.merged == 3);     // four content events in one read
  CHECK(totals.held_back == 3);  // 3 ms old, 2 ms allowed; the first may wait for the head
  StreamTotals apart;
  CHECK(good(chunked(events), apart, 60, 4'000'000));
  CHECK(apart.merged == 0);
  CHECK(apart.held_back == 0);
}

TEST_CASE("completions are compared byte by byte, and only whole answers count") {
  const std::string body = completion(500);
  const std::string head = "HTTP/1.1 200 OK\r\ncontent-length: ";
  std::string changed = body;
  changed[250] ^= 1;
  const struct {
    const char* why;
    std::string answer;
    ResponseReader::State state;
  } rows[] = {
      {"as sent", head + "500\r\n\r\n" + body, ResponseReader::State::done},
      {"a byte changed", head + "500\r\n\r\n" + changed, ResponseReader::State::failed},
      {"shorter", head + "499\r\n\r\n" + body.substr(0, 499), ResponseReader::State::failed},
      {"longer", head + "501\r\n\r\n" + body + "x", ResponseReader::State::failed},
      {"not all there", head + "500\r\n\r\n" + body.substr(0, 499), ResponseReader::State::sized},
      {"empty", head + "0\r\n\r\n", ResponseReader::State::failed},
      {"no length", "HTTP/1.1 200 OK\r\n\r\n", ResponseReader::State::failed},
      {"two framings", head + "500\r\ntransfer-encoding: chunked\r\n\r\n",
       ResponseReader::State::failed},
      {"length twice", head + "5\r\ncontent-length: 5\r\n\r\n", ResponseReader::State::failed},
      {"bad chunk size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
       ResponseReader::State::failed},
      {"a chunk longer than it says",
       "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n" + body.substr(0, 5) + "\r\n",
       ResponseReader::State::failed},
      {"not HTTP", "SSH-2.0-x\r\n\r\n", ResponseReader::State::failed},
  };
  for (const auto& row : rows) {
    CAPTURE(row.why);
    AnswerCheck check(body);
    ResponseReader reader(check);
    reader.feed(row.answer);
    CHECK(reader.state() == row.state);
  }
}
