// The matrix of the translation: what each dialect's client can say, for a provider of each other
// dialect. A cell says `kept` (and where it then stands), `told` (as lost, under which name),
// `refused` or `stored`; nothing else may be told as lost. The rows are
// tests/golden/dialect/matrix_requests.json; every cell of every row is tried.
#include <doctest/doctest.h>
#include <simdjson.h>

#include <map>

#include "gateway/dialect/converse_models.h"
#include "gateway/dialect/converse_write.h"
#include "gateway/dialect/gemini_write.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/responses_write.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
namespace dom = simdjson::dom;
using hub::Wire;

// A request of that dialect that says no more than it must, and what the row adds or replaces.
std::string request_of(Wire client, const dom::object& fields) {
  const std::map<std::string_view, std::string_view> least =
      client == Wire::gemini
          ? std::map<std::string_view,
                     std::string_view>{{"contents", R"([{"role":"user","parts":[{"text":"x"}]}])"}}
      : client == Wire::openai_responses
          ? std::map<std::string_view, std::string_view>{{"model", R"("m")"}, {"input", R"("x")"}}
          : std::map<std::string_view, std::string_view>{
                {"model", R"("m")"}, {"messages", R"([{"role":"user","content":"x"}])"}};
  std::string body = "{";
  const auto add = [&body](std::string_view key, std::string_view value) {
    if (body.size() > 1) body += ',';
    body.append("\"").append(key).append("\":").append(value);
  };
  for (const auto& [key, value] : least)
    if (fields[key].error() != simdjson::SUCCESS) add(key, value);
  if (client == Wire::anthropic && fields["max_tokens"].error() != simdjson::SUCCESS)
    add("max_tokens", "100");
  for (const auto field : fields) add(field.key, simdjson::minify(field.value));
  return body + "}";
}

// The provider's body, or "!" and why there is none.
std::string translated(const std::string& given, Wire client, Wire provider,
                       hub::Dropped& dropped) {
  hub::RequestReaders readers;
  hub::Request request;
  Result<void> done = readers.parse(client, given, request);
  if (done && !request.needs_store.empty()) return "!" + std::string(request.needs_store);
  if (done) done = readers.make_portable(request);
  if (!done) return "!" + done.error().context;
  std::string out;
  switch (provider) {
    case Wire::anthropic: return as_messages(request, dropped, usual_messages());
    case Wire::openai_responses: return as_responses(request, dropped);
    case Wire::converse:
      return as_converse(request, dropped, "us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    case Wire::gemini:
      done = gemini::RequestWriter().write(request, {}, out, dropped);
      return done ? out : "!" + done.error().context;
    case Wire::openai_chat: break;
  }
  return as_chat(request, dropped, usual_chat());
}

struct Counts {
  int kept = 0, told = 0, refused = 0, absent = 0;
};

void check_cell(std::string_view cell, const std::string& given, Wire client, Wire provider,
                Counts& counts) {
  hub::Dropped dropped;
  const std::string body = translated(given, client, provider, dropped);
  CAPTURE(cell);
  CAPTURE(body);
  REQUIRE_FALSE(cell.empty());
  std::string told;
  bool kept = false;
  for (const std::string& clause : clauses_of(cell)) {
    if (clause.starts_with("refused ") || clause.starts_with("stored ")) {
      CHECK(body.starts_with("!"));
      CHECK(body.find(clause.substr(clause.find(' ') + 1)) != std::string::npos);
      ++counts.refused;
      return;
    }
    if (clause.starts_with("told ")) {
      told.append(told.empty() ? "" : ",").append(clause.substr(5));
    } else if (clause == "path") {  // says it in its path
      kept = true;
    } else {
      REQUIRE(clause.starts_with("kept "));
      CHECK(check_kept(body, std::string_view(clause).substr(5)) == "");
      kept = true;
    }
  }
  CHECK_FALSE(body.starts_with("!"));
  CHECK(names(dropped) == told);
  ++(kept && told.empty() ? counts.kept : counts.told);
}

TEST_CASE("matrix: every cell of a request is kept where it belongs, or told") {
  const std::string text =
      read_file(std::string(STEELYARD_SOURCE_DIR) + "/tests/golden/dialect/matrix_requests.json");
  dom::parser parser;
  dom::array rows;
  REQUIRE(parser.parse(text).get(rows) == simdjson::SUCCESS);
  Counts counts;
  for (const dom::element row : rows) {
    const std::string concept_name{std::string_view(row["concept"])};
    CAPTURE(concept_name);
    for (const Wire client : client_wires) {
      const std::string from(name_of(client));
      CAPTURE(from);
      dom::object fields;
      if (row["in"][from].get(fields) != simdjson::SUCCESS) {
        bool said = false;  // its dialect has no such thing
        for (const dom::element name : dom::array(row["absent"]))
          said = said || std::string_view(name) == from;
        CHECK(said);
        ++counts.absent;
        continue;
      }
      const std::string given = request_of(client, fields);
      CAPTURE(given);
      for (const Wire provider : provider_wires) {
        if (provider == client) continue;
        const std::string to(name_of(provider));
        CAPTURE(to);
        std::string_view cell = row["out"][to];
        std::string_view other;
        if (row["but"][from + ">" + to].get(other) == simdjson::SUCCESS) cell = other;
        check_cell(cell, given, client, provider, counts);
      }
    }
  }
  MESSAGE("cells kept " << counts.kept << ", told " << counts.told << ", refused " << counts.refused
                        << "; not sayable " << counts.absent);
  CHECK(counts.kept + counts.told + counts.refused > 600);
}

// What a Chat client says, through each dialect and back: as much as the matrix keeps.
TEST_CASE("matrix: what every dialect keeps of a Chat request comes back") {
  const std::string text =
      read_file(std::string(STEELYARD_SOURCE_DIR) + "/tests/golden/dialect/matrix_requests.json");
  dom::parser parser;
  dom::array rows;
  REQUIRE(parser.parse(text).get(rows) == simdjson::SUCCESS);
  int back = 0;
  for (const dom::element row : rows) {
    const std::string concept_name{std::string_view(row["concept"])};
    CAPTURE(concept_name);
    dom::object fields;
    if (row["in"]["openai"].get(fields) != simdjson::SUCCESS) continue;
    const std::string given = request_of(Wire::openai_chat, fields);
    for (const Wire through : client_wires) {
      if (through == Wire::openai_chat) continue;
      const std::string to(name_of(through));
      CAPTURE(to);
      std::string_view line = row["out"][to], other, home = row["out"]["openai"];
      if (row["but"]["openai>" + to].get(other) == simdjson::SUCCESS) line = other;
      if (row["back"][to].get(other) == simdjson::SUCCESS) home = other;
      if (line.find("told ") != line.npos || !line.starts_with("kept ")) continue;
      hub::Dropped dropped;
      const std::string there = translated(given, Wire::openai_chat, through, dropped);
      const std::string again = translated(there, through, Wire::openai_chat, dropped);
      CAPTURE(there);
      for (const std::string& clause : clauses_of(home))
        if (clause.starts_with("kept "))
          CHECK(check_kept(again, std::string_view(clause).substr(5)) == "");
      ++back;
    }
  }
  MESSAGE("requests of Chat there and back: " << back);
  CHECK(back > 60);
}

}  // namespace
}  // namespace steelyard::dialect
