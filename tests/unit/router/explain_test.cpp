#include <doctest/doctest.h>

#include "config/types/json_writer.h"
#include "router/explain.h"
#include "specs.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

struct Case : Bench {
  Case() {
    facts.organisation = "acme";
    facts.team = "search";
    facts.key = "search-prod";
    facts.requested_model = "auto";
    facts.input_tokens = 1'240;
    facts.input_tokens_upper = 1'300;
    facts.output_tokens_max = 500;
    verdict.policy = "default";
    verdict.trace = {{"agents", false, true, "team search is not platform"},
                     {"default", true, true, "tier standard"},
                     {"never", false, false, "default has decided"}};
  }
  ExplainInput input() {
    run();
    return {catalog, health, facts, verdict, plan, budgets, now, "calibrated", "3f9a2c1d0e5b77"};
  }
  std::string json() {
    const ExplainInput in = input();
    std::string out;
    JsonWriter writer(out);
    explain_json(writer, in);
    return out;
  }
  BudgetLine budgets[1] = {{"acme/search", WindowKind::month, 50_usd, NanoUsd{12'400'000'000}}};
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("explain: money for humans") {
  struct Row {
    std::int64_t nano;
    const char* text;
  };
  for (const Row& row :
       {Row{0, "$0.00"}, Row{486'000, "$0.000486"}, Row{12'400'000'000, "$12.40"},
        Row{1, "$0.000000001"}, Row{1'000'000'000'000, "$1,000.00"}, Row{-1'500'000'000, "-$1.50"},
        Row{INT64_MIN, "-$9,223,372,036.854775808"}}) {
    std::string out;
    append_usd(out, {row.nano});
    CHECK(out == row.text);
  }
}

TEST_CASE("explain: the whole story as text") {
  Case c;
  c.health.on_success(c.target(luna), 310'000'000, 900'000'000);
  c.health.on_failure(c.target(flash), FailureClass::rate_limited, c.now, c.now.plus_ms(100));
  const ExplainInput in = c.input();
  const std::string text = explain_text(in, Colour::no);
  INFO(text);
  for (const char* part :
       {"model `auto`, 1,240 tokens in (calibrated, at most 1,300), up to 500 out",
        "search-prod  ›  search  ›  acme", "acme/search  $12.40 of $50.00 this month",
        "configuration 3f9a2c1d0e5b\n", "–  agents    skipped   team search is not platform",
        "✓  default   matched   tier standard", "–  never     not read  default has decided",
        "tier standard: score 50 or better, 50 % sure", "1 gpt-6-luna @ openai", "310 ms",
        "◄ chosen", "on failure", "parked: its provider asked to be left alone",
        "instead of  claude-opus at $",
        "reserve     $0.0004125 until settled; answer limited to 500 tokens",
        "nothing was sent.\n"}) {
    CAPTURE(part);
    CHECK(has(text, part));
  }
  CHECK_FALSE(has(text, "\x1b["));
  CHECK(has(explain_text(in, Colour::yes), "\x1b[32m◄ chosen\x1b[0m"));
}

TEST_CASE("explain: endings that send nothing") {
  Case c;
  c.verdict.outcome = policies::Outcome::denied;
  c.verdict.deny_reason = "outside office hours";
  CHECK(has(explain_text(c.input(), Colour::no), "denied by `default`: outside office hours"));
  c.verdict.outcome = policies::Outcome::unknown_model;
  CHECK(has(explain_text(c.input(), Colour::no), "no such model: `auto`"));
  c.verdict.outcome = policies::Outcome::route;
  c.facts.output_tokens_max = 900'000;
  const std::string text = explain_text(c.input(), Colour::no);
  CHECK(has(text, "output_limit: cannot answer at the length asked for"));
  CHECK(has(text, "no route: nothing would be sent.\n"));
}

TEST_CASE("explain: the same as JSON") {
  Case c;
  c.verdict.escalate_on = 1;
  c.facts.session = "quote\" and \x01";
  const std::string json = c.json();
  INFO(json);
  for (const char* part :
       {R"("schema":"steelyard.explain/1")", R"("model":"auto")",
        R"("limit_nano_usd":50000000000,"spent_nano_usd":12400000000)",
        R"({"rule":"default","matched":true,"reached":true,"because":"tier standard"})",
        R"("attempts":[{"model":"gpt-6-luna","provider":"openai","upstream_name":"gpt-6-luna")",
        R"("worst_case_nano_usd":412500)", R"("escalation":{"model":"gpt-6-terra")",
        R"("baseline_model":"claude-opus")", R"("place":1,"reason":"ok")",
        R"(quote\" and \u0001)"}) {
    CAPTURE(part);
    CHECK(has(json, part));
  }
  int depth = 0, deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (quoted && json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (json[i] == '{' || json[i] == '[')) {
      deepest = std::max(deepest, ++depth);
    } else if (!quoted && (json[i] == '}' || json[i] == ']')) {
      --depth;
    }
  }
  CHECK(depth == 0);
  CHECK(deepest >= 4);
  c.verdict.outcome = policies::Outcome::denied;
  CHECK_FALSE(has(c.json(), "\"plan\""));
}
