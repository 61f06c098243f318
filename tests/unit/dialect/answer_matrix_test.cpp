// The matrix of answers: what each provider's dialect can say in one, for a client of each other
// dialect, whole and streamed. A cell says `kept` (and where it then stands: of a stream, in the
// whole answer that a client makes of it), `told` (as lost, under which name) or `fails` (the last
// document that the client gets); nothing else may be told as lost. The rows are
// tests/golden/dialect/matrix_answers.json; every cell of every row is tried.
#include <doctest/doctest.h>

#include "gateway/dialect/hub_bridge.h"
#include "tests/unit/dialect/answer_frames.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
namespace dom = simdjson::dom;
using hub::Wire;

hub::BridgeOptions options_of(Wire provider, Wire client) {
  hub::BridgeOptions options = bridge_of(provider, client);
  options.include_usage = true;
  return options;
}

// What a cell says, taken apart.
struct Cell {
  std::vector<std::string> kept, folded, ends, fails;  // of whole answers; of streams
  std::string told, told_in_streams;
};
Cell cell_of(std::string_view text) {
  Cell cell;
  bool streams = false;
  for (const std::string& clause : clauses_of(text)) {
    if (clause.starts_with("kept ")) {
      cell.kept.emplace_back(clause.substr(5));
      cell.folded.emplace_back(clause.substr(5));
    } else if (clause.starts_with("whole kept ")) {
      cell.kept.emplace_back(clause.substr(11));
    } else if (clause.starts_with("stream kept ")) {
      cell.folded.emplace_back(clause.substr(12));
    } else if (clause.starts_with("stream ends ")) {  // of its last document
      cell.ends.emplace_back(clause.substr(12));
    } else if (clause.starts_with("fails ")) {
      cell.fails.emplace_back(clause.substr(6));
    } else if (clause.starts_with("streams tell ")) {
      streams = true;
      cell.told_in_streams = clause.substr(13);
    } else {
      REQUIRE(clause.starts_with("told "));
      cell.told.append(cell.told.empty() ? "" : ",").append(clause.substr(5));
    }
  }
  if (!streams) cell.told_in_streams = cell.told;
  return cell;
}

void check_whole(const Cell& cell, const std::string& given, const hub::BridgeOptions& options) {
  CAPTURE(given);
  hub::WholeBridge bridge;
  const bool good = bridge.read(given, options);
  CHECK(good == cell.fails.empty());
  if (!good) return;
  const std::string body(bridge.client_body());
  for (const std::string& clause : cell.kept) CHECK(check_kept(body, clause) == "");
  CHECK(names(bridge.lost()) == cell.told);
}

void check_stream(const Cell& cell, const std::string& given, const hub::BridgeOptions& options) {
  hub::StreamBridge bridge(options);
  openai::TapOutput out;
  bridge.feed(given, out);
  std::string told = text_of(out);
  out.clear();
  const bool good = bridge.finish(out).has_value();
  told += text_of(out);
  CAPTURE(told);
  CHECK(good == cell.fails.empty());
  std::vector<std::string> documents = documents_of(told);
  while (!documents.empty() && documents.back() == "[DONE]") documents.pop_back();
  REQUIRE_FALSE(documents.empty());
  for (const std::string& clause : cell.ends) CHECK(check_kept(documents.back(), clause) == "");
  for (const std::string& clause : cell.fails) CHECK(check_kept(documents.back(), clause) == "");
  if (!good) return;
  const std::string whole =
      cell.folded.empty() ? std::string() : whole_of(told, options.client, options.client);
  for (const std::string& clause : cell.folded) CHECK(check_kept(whole, clause) == "");
  CHECK(names(bridge.lost()) == cell.told_in_streams);
}

TEST_CASE("matrix: every cell of an answer is kept where it belongs, or told") {
  const std::string text =
      read_file(std::string(STEELYARD_SOURCE_DIR) + "/tests/golden/dialect/matrix_answers.json");
  dom::parser parser;
  dom::array rows;
  REQUIRE(parser.parse(text).get(rows) == simdjson::SUCCESS);
  int kept = 0, told = 0, failed = 0, absent = 0;
  for (const dom::element row : rows) {
    const std::string concept_name{std::string_view(row["concept"])};
    CAPTURE(concept_name);
    for (const Wire provider : provider_wires) {
      const std::string from(name_of(provider));
      CAPTURE(from);
      dom::object said;
      if (row["in"][from].get(said) != simdjson::SUCCESS) {
        bool known = false;  // its dialect has no such thing
        for (const dom::element name : dom::array(row["absent"]))
          known = known || std::string_view(name) == from;
        CHECK(known);
        ++absent;
        continue;
      }
      const Answers given = answers_of(provider, said);
      for (const Wire client : client_wires) {
        if (client == provider) continue;
        const std::string to(name_of(client));
        CAPTURE(to);
        std::string_view line = row["out"][to], other;
        if (row["but"][from + ">" + to].get(other) == simdjson::SUCCESS) line = other;
        CAPTURE(line);
        const Cell cell = cell_of(line);
        CHECK_FALSE(line.empty());
        check_whole(cell, given.whole, options_of(provider, client));
        check_stream(cell, given.stream, options_of(provider, client));
        ++(!cell.fails.empty() ? failed : cell.told.empty() ? kept : told);
      }
    }
  }
  MESSAGE("cells kept " << kept << ", told " << told << ", failed " << failed << "; not sayable "
                        << absent << "; each whole and streamed");
  CHECK(kept + told + failed > 300);
}

// What a Chat endpoint says, through each dialect's client and back: as much as the matrix keeps.
TEST_CASE("matrix: what every dialect keeps of a Chat answer comes back") {
  const std::string text =
      read_file(std::string(STEELYARD_SOURCE_DIR) + "/tests/golden/dialect/matrix_answers.json");
  dom::parser parser;
  dom::array rows;
  REQUIRE(parser.parse(text).get(rows) == simdjson::SUCCESS);
  int back = 0;
  for (const dom::element row : rows) {
    const std::string concept_name{std::string_view(row["concept"])};
    CAPTURE(concept_name);
    dom::object said;
    if (row["in"]["openai"].get(said) != simdjson::SUCCESS) continue;
    const std::string given = answers_of(Wire::openai_chat, said).whole;
    for (const Wire through : client_wires) {
      if (through == Wire::openai_chat) continue;
      const std::string to(name_of(through));
      CAPTURE(to);
      std::string_view line = row["out"][to], other, home = row["out"]["openai"];
      if (row["but"]["openai>" + to].get(other) == simdjson::SUCCESS) line = other;
      if (row["back"][to].get(other) == simdjson::SUCCESS) home = other;
      const Cell there = cell_of(line);
      if (!there.told.empty() || !there.fails.empty() || home.empty()) continue;
      hub::WholeBridge out, again;
      REQUIRE(out.read(given, options_of(Wire::openai_chat, through)));
      const std::string answer(out.client_body());
      CAPTURE(answer);
      REQUIRE(again.read(answer, options_of(through, Wire::openai_chat)));
      for (const std::string& clause : cell_of(home).kept)
        CHECK(check_kept(std::string(again.client_body()), clause) == "");
      ++back;
    }
  }
  MESSAGE("answers of Chat there and back: " << back);
  CHECK(back > 60);
}

}  // namespace
}  // namespace steelyard::dialect
