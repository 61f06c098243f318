// What stands beside an answer's text, citations and log probabilities: goldens of what clients of
// each other dialect get, streamed and whole, and of what is told as lost. Then positions.
#include <doctest/doctest.h>

#include <filesystem>

#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_citation.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
using hub::Wire;

Wire provider_of(const std::string& folder) {
  Wire found = Wire::openai_chat;
  for (const Wire wire : {Wire::anthropic, Wire::openai_responses, Wire::gemini, Wire::converse})
    if (folder.find("_" + std::string(name_of(wire))) != std::string::npos) found = wire;
  return found;
}

void check_stream(const std::string& folder, std::string_view given, Wire provider, Wire client) {
  hub::StreamBridge bridge(bridge_of(provider, client));
  openai::TapOutput out;
  bridge.feed(given, out);
  std::string told = text_of(out);
  out.clear();
  CHECK(bridge.finish(out));
  told += text_of(out);
  const std::string name(name_of(client));
  check_golden(folder, "client_" + name + ".sse", told);
  check_golden(folder, "lost_" + name + ".txt", names(bridge.lost()) + "\n");
}

void check_whole(const std::string& folder, std::string_view given, Wire provider, Wire client) {
  hub::WholeBridge bridge;
  REQUIRE(bridge.read(given, bridge_of(provider, client)));
  const std::string name(name_of(client));
  check_golden(folder, "client_" + name + ".json", std::string(bridge.client_body()) + "\n");
  check_golden(folder, "lost_" + name + ".txt", names(bridge.lost()) + "\n");
}

TEST_CASE("beside the text: citations and logprobs of each provider for each client") {
  for (const char* prefix : {"citations_", "logprobs_"}) {
    each_golden(
        prefix,
        [](const std::string& folder) {
          const Wire provider = provider_of(folder);
          const std::string stream = read_file(folder + "/upstream.sse");
          const std::string whole = read_file(folder + "/upstream.json");
          REQUIRE(stream.empty() != whole.empty());
          for (const Wire client : client_wires) {
            if (client == provider) continue;
            if (!stream.empty())
              check_stream(folder, stream, provider, client);
            else
              check_whole(folder, whole, provider, client);
          }
        },
        "beside");
  }
}

TEST_CASE("beside the text: there and back through each dialect that has a place") {
  const auto place = [](const char* name) {
    return std::string(STEELYARD_SOURCE_DIR) + "/tests/golden/dialect/beside/" + name;
  };
  struct Row {
    const char *given, *kept;  // the second: must be in the answer that came back
    Wire provider, through;
  };
  const std::string probs = R"("token":"llo","logprob":-0.0078125,"bytes":[108,108,111])";
  const std::string page = R"("title":"Heights","url":"https://kb.example/42")";
  const std::string at = R"("start_index":10,"end_index":14)";
  const Row rows[] = {
      {"logprobs_openai", probs.c_str(), Wire::openai_chat, Wire::openai_responses},
      {"logprobs_openai", probs.c_str(), Wire::openai_chat, Wire::gemini},
      {"citations_openai", page.c_str(), Wire::openai_chat, Wire::anthropic},
      {"citations_openai", at.c_str(), Wire::openai_chat, Wire::openai_responses},
      {"citations_openai", page.c_str(), Wire::openai_chat, Wire::openai_responses},
      {"citations_openai", at.c_str(), Wire::openai_chat, Wire::gemini},
      {"citations_openai", page.c_str(), Wire::openai_chat, Wire::gemini},
  };
  for (const Row& row : rows) {
    CAPTURE(row.given);
    CAPTURE(row.kept);
    CAPTURE(hub::name_of(row.through));
    const std::string given = read_file(place(row.given) + "/upstream.sse");
    const std::string there = whole_of(given, row.provider, row.through);
    hub::WholeBridge back;
    REQUIRE(back.read(there, bridge_of(row.through, row.provider)));
    CHECK(back.client_body().find(row.kept) != std::string_view::npos);
  }
}

TEST_CASE("beside the text: code points and bytes of escaped text") {
  struct Row {
    const char* text;
    std::int64_t points, bytes;
  };
  const Row rows[] = {{"", 0, 0},
                      {"abc", 3, 3},
                      {"h\xC3\xB6he", 4, 5},
                      {R"(h\u00f6he)", 4, 5},
                      {R"(\ud83d\uddfc!)", 2, 5},
                      {"\xF0\x9F\x97\xBC!", 2, 5},
                      {R"(\n\"\\)", 3, 3},
                      {R"(\u20AC\/)", 2, 4}};
  using enum hub::TextUnit;
  for (const Row& row : rows) {
    const std::string_view text = row.text;
    CAPTURE(text);
    CHECK(hub::length_in(code_points, text) == row.points);
    CHECK(hub::length_in(bytes, text) == row.bytes);
    CHECK(hub::offset_after(code_points, row.points, text) == text.size());
    CHECK(hub::offset_after(bytes, row.bytes, text) == text.size());
    CHECK(hub::offset_after(code_points, 0, text) == 0);
    CHECK(hub::offset_after(bytes, row.bytes + 5, text) == text.size());
    // What is cut off is never half a character.
    for (std::int64_t n = 0; n <= row.points; ++n) {
      const std::size_t cut = hub::offset_after(code_points, n, text);
      CHECK(hub::length_in(code_points, text.substr(0, cut)) == n);
    }
  }
  for (const char* broken : {"\\", "\\u", "\\u12", "a\\u00g"})
    CHECK(hub::length_in(code_points, broken) >= 0);
}

class Count final : public hub::EventSink {
 public:
  void take(const hub::Event& event) override {
    if (event.kind != hub::EventKind::citation) return;
    ++citations;
    last = *event.citation;
  }
  int citations = 0;
  hub::Citation last;
};

TEST_CASE("beside the text: what the placer keeps, and what it tells") {
  const auto run = [](Wire client, auto&& script) {
    Count count;
    hub::Placer placer(client, count);
    script(placer);
    return std::pair(count, placer.lost());
  };
  const auto event = [](hub::EventKind kind, std::string_view text = {}) {
    hub::Event e;
    e.kind = kind;
    e.text = text;
    return e;
  };
  const auto cite = [&](hub::Placer& placer, hub::Citation citation) {
    hub::Event e = event(hub::EventKind::citation);
    e.citation = &citation;
    placer.take(e);
  };
  using enum hub::EventKind;
  hub::Citation page;
  page.url = "https://a.test";
  SUBCASE("the same said twice is one") {
    const auto [count, lost] = run(Wire::openai_chat, [&](hub::Placer& placer) {
      placer.take(event(open));
      placer.take(event(delta, "words"));
      cite(placer, page);
      cite(placer, page);
      placer.take(event(close));
    });
    CHECK(count.citations == 1);
    CHECK(count.last.end == 5);
    CHECK(lost.empty());
  }
  SUBCASE("of a text that is over: told late where that can be") {
    const auto late = [&](hub::Placer& placer) {
      placer.take(event(open));
      placer.take(event(delta, "words"));
      placer.take(event(close));
      cite(placer, page);
      placer.take(event(stop));
    };
    for (const Wire client : client_wires) {
      const auto [count, lost] = run(client, late);
      const bool told = client == Wire::openai_chat || client == Wire::gemini;
      CHECK(count.citations == (told ? 1 : 0));
      CHECK(lost.has(hub::Loss::citations) == !told);
    }
  }
  SUBCASE("more than there may be") {
    const auto [count, lost] = run(Wire::gemini, [&](hub::Placer& placer) {
      placer.take(event(open));
      placer.take(event(delta, "words"));
      for (std::size_t i = 0; i < hub::Placer::citations_max + 9; ++i) {
        page.url = "https://a.test/" + std::to_string(i);
        cite(placer, page);
      }
      placer.take(event(close));
    });
    CHECK(count.citations == hub::Placer::citations_max);
    CHECK(lost.has(hub::Loss::citations));
  }
  SUBCASE("behind more text than is kept") {
    const std::string much(hub::Placer::text_max, 'x');
    const auto [count, lost] = run(Wire::openai_chat, [&](hub::Placer& placer) {
      placer.take(event(open));
      placer.take(event(delta, much));
      placer.take(event(delta, "more"));
      cite(placer, page);
      placer.take(event(close));
      placer.take(event(stop));
    });
    CHECK(count.citations == 0);
    CHECK(lost.has(hub::Loss::citations));
  }
}

}  // namespace
}  // namespace steelyard::dialect
