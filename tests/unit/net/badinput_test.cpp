// The 126 hostile or borderline requests: each gets an allowed answer, and the same one however it
// was cut.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/unit/net/badinput_rows.h"
#include "tests/unit/net/mini_server.h"

using namespace steelyard::net;
using namespace steelyard::net::test;

namespace {

constexpr std::size_t rows_expected = 126;

std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < size; ++i) cuts.push_back(i);
  return cuts;
}

std::string told(const Conversation& talk) {
  std::string text;
  for (const Answer& answer : talk.answers) {
    text += std::to_string(answer.status) +
            (answer.refusal.empty() ? "" : " (" + answer.refusal + ")") + ", ";
  }
  return text + (talk.closed ? "closed" : "open");
}

// "" if the conversation is what the row asks for.
std::string judge(const BadInputRow& row, const Conversation& talk) {
  if (talk.answers.empty()) return row.may_be_silent ? "" : "no answer";
  const std::size_t common = std::min(talk.answers.size(), row.answers.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (!row.answers[i].allows(talk.answers[i].status))
      return "answer " + std::to_string(i + 1) + " not allowed";
  }
  const bool refused = talk.answers.back().status >= 400 && talk.answers.back().status != 404;
  if (refused && !talk.closed) return "refused but not closed";
  if (talk.answers.size() > row.answers.size() && !row.more_allowed) return "too many answers";
  if (talk.answers.size() < row.answers.size() && !row.may_close_early) return "too few answers";
  if (row.must_close && !talk.closed) return "not closed";
  return "";
}

// Closed by the server's own will, not by the end of the input.
bool closes_itself(const BadInputRow& row) {
  return row.must_close && !row.may_be_silent;
}

}  // namespace

TEST_CASE("126 bad inputs are answered as they must be") {
  std::string problem;
  const std::vector<BadInputRow> rows = read_bad_inputs(shared_path("data/badinput.tsv"), problem);
  if (rows.empty()) {
    MESSAGE("SKIPPED: " << problem);
    return;
  }
  REQUIRE(problem == "");
  REQUIRE(rows.size() == rows_expected);
  std::size_t passed = 0;
  for (const BadInputRow& row : rows) {
    const Conversation talk = serve(row.bytes, {});
    std::string fault = judge(row, talk);
    if (closes_itself(row) && fault.empty()) {
      // The refusal must not wait for the end: with one more byte to come the answer is the same.
      const Conversation again = serve(row.bytes + "G", {row.bytes.size()});
      if (again != talk) fault = "depends on what follows: " + told(again);
    }
    CHECK_MESSAGE(fault == "",
                  row.id << " (" << row.what << "): must " << row.must << "; was " << told(talk));
    passed += fault.empty();
  }
  MESSAGE(passed << " of " << rows_expected << " bad inputs passed");
  CHECK(passed == rows_expected);
}

TEST_CASE("what a request means does not depend on how it was cut") {
  std::string problem;
  const std::vector<BadInputRow> rows = read_bad_inputs(shared_path("data/badinput.tsv"), problem);
  if (rows.empty()) {
    MESSAGE("SKIPPED: " << problem);
    return;
  }
  std::mt19937 random(7);
  for (const BadInputRow& row : rows) {
    const Conversation whole = serve(row.bytes, {});
    CHECK_MESSAGE(serve(row.bytes, every_byte(row.bytes.size()), {32u << 20, false}) == whole,
                  row.id << " one byte at a time");
    if (row.bytes.size() < 1000) {
      for (std::size_t cut = 1; cut < row.bytes.size(); ++cut) {
        CHECK_MESSAGE(serve(row.bytes, {cut}) == whole, row.id << " cut at " << cut);
      }
    }
    for (int round = 0; round < 20; ++round) {
      std::vector<std::size_t> cuts;
      for (int i = 0; i < 3 + round; ++i) cuts.push_back(random() % (row.bytes.size() + 1));
      std::sort(cuts.begin(), cuts.end());
      CHECK_MESSAGE(serve(row.bytes, cuts) == whole, row.id << " cut at random");
    }
  }
}

TEST_CASE("trailers and Connection options never change what was read") {
  std::string problem;
  for (const BadInputRow& row : read_bad_inputs(shared_path("data/badinput.tsv"), problem)) {
    const Conversation talk = serve(row.bytes, {});
    if (row.id.rfind("TR", 0) == 0 && talk.answers[0].status == 200) {
      CHECK(talk.answers[0].head == "POST /;Host=a;Transfer-Encoding=chunked;");
      CHECK(talk.answers[0].body == "hello");
      CHECK(serve(row.bytes + "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", {}).answers.size() == 2);
    }
    if (row.id == "KA04")
      CHECK(talk.answers[0].head == "GET /;Host=a;Connection=close, x-real-ip;");
    if (row.id == "UP01")
      CHECK(talk.answers[0].head == "GET /;Host=a;Connection=Upgrade, HTTP2-Settings;");
    if (row.id == "TE11" || row.id == "TE12" || row.id == "CH01")
      CHECK(talk.answers[0].body == "hello");
  }
}
