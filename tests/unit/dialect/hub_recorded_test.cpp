// Every recorded request of one dialect, as the other dialect would have to send it.
#include <doctest/doctest.h>

#include <map>

#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/openai_request.h"
#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;

// Requests the provider itself would refuse, or that are not chat at all: judged by the same rules.
TEST_CASE("hub recorded: chat requests become Messages requests nothing is known against") {
  int made = 0, refused = 0;
  std::map<std::string, int> faults;
  hub::Request request;
  for (const Recorded& r : recorded_chat()) {
    if (r.status >= 400 || r.request.empty()) continue;
    CAPTURE(r.id);
    if (!read_chat(r.request, request).empty()) {
      ++refused;
      continue;
    }
    hub::Dropped dropped;
    const std::string body = as_messages(request, dropped, usual_messages());
    if (body.starts_with('!')) {
      CHECK(request.choices > 1);
      continue;
    }
    const std::string fault = fault_of_messages(body);
    if (!fault.empty()) {
      MESSAGE(r.id << ": " << fault);
      ++faults[fault];
    }
    hub::Request back;
    CHECK(read_messages(body, back) == "");
    ++made;
  }
  if (recorded_chat().empty()) return;
  CHECK(made > 2'000);
  CHECK(refused < 40);
  CHECK(faults.empty());
}

TEST_CASE("hub recorded: Messages requests become chat requests nothing is known against") {
  int made = 0, refused = 0;
  std::map<std::string, int> faults;
  hub::Request request;
  for (const Recorded& r : recorded_messages()) {
    if (r.status >= 400 || r.request.empty()) continue;
    CAPTURE(r.id);
    const std::string refusal = read_messages(r.request, request);
    if (!refusal.empty()) {
      // Vertex has the model in the path.
      refused += refusal != "`/model` is missing" ? 1 : 0;
      continue;
    }
    hub::Dropped dropped;
    const std::string body = as_chat(request, dropped, usual_chat());
    // Answers a call that its history does not hold: the provider's to refuse.
    if (r.id == "79f1d9365368672d") continue;
    const std::string fault = fault_of_chat(body);
    if (!fault.empty()) {
      MESSAGE(r.id << ": " << fault);
      ++faults[fault];
    }
    hub::Request back;
    CHECK(read_chat(body, back) == "");
    ++made;
  }
  if (recorded_messages().empty()) return;
  CHECK(made > 800);
  CHECK(refused == 0);
  CHECK(faults.empty());
}

TEST_CASE("hub recorded: the facts of a chat request are those of the direct way") {
  openai::RequestParser direct;
  hub::Request request;
  hub::FactsRoom room;
  int same = 0;
  for (const Recorded& r : recorded_chat()) {
    ChatRequest wanted, facts;
    if (!read_chat(r.request, request).empty()) continue;
    REQUIRE(direct.parse(r.request, wanted).has_value());
    hub::fill_facts(request, room, facts);
    CAPTURE(r.id);
    CHECK(facts.model == wanted.model);
    CHECK(facts.stream == wanted.stream);
    CHECK(facts.output_tokens_max() == wanted.output_tokens_max());
    CHECK(facts.messages.size() == wanted.messages.size());
    CHECK(facts.tool_count == wanted.tool_count);
    CHECK(facts.tools.of(r.request) == wanted.tools.of(r.request));
    CHECK(facts.has_images == wanted.has_images);
    CHECK(facts.has_tool_results == wanted.has_tool_results);
    CHECK(facts.tool_loop() == wanted.tool_loop());
    CHECK(facts.fields.bits() == wanted.fields.bits());
    for (std::size_t i = 0; i < facts.messages.size(); ++i) {
      CHECK(facts.messages[i].raw.begin == wanted.messages[i].raw.begin);
      CHECK(facts.messages[i].raw.size == wanted.messages[i].raw.size);
    }
    ++same;
  }
  CHECK((recorded_chat().empty() || same > 2'000));
}

}  // namespace
}  // namespace steelyard::dialect
