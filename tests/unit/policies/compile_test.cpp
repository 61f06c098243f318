#include <doctest/doctest.h>

#include <algorithm>

#include "specs.h"

using namespace steelyard;
using namespace steelyard::policies;

namespace {

const Problem* find(const Compiled& compiled, std::string_view code) {
  const auto found = std::find_if(compiled.problems.begin(), compiled.problems.end(),
                                  [&](const Problem& p) { return p.code == code; });
  return found == compiled.problems.end() ? nullptr : &*found;
}

// The one problem that a single policy causes.
Compiled compile_one(const PolicySpec& policy) {
  GatewaySpec spec = base_spec();
  spec.policies = {policy};
  return compile(spec);
}

}  // namespace

TEST_CASE("compile: a clean configuration has no problems") {
  GatewaySpec spec = base_spec();
  PolicySpec agents = rule_for_tier("agents", "premium");
  agents.when.team = globs({"platform"});
  agents.when.client = globs({"claude-code", "codex*"});
  PolicySpec named = rule("named");
  named.when.model = globs({"claude-*", "auto", "tier:premium"});
  named.use->models = globs({"claude-*"});
  named.use->exclude = globs({"*fable*"});
  spec.policies = {agents, named, rule_for_tier("default", "standard")};
  const Compiled compiled = compile(spec);
  for (const Problem& p : compiled.problems) MESSAGE(p.code, " ", p.message);
  CHECK(compiled.problems.empty());
  const Rule& second = compiled.rules.rules()[1];
  CHECK(second.model.automatic);
  CHECK(second.model.tiers == 4);
  CHECK(second.model.models.count() == 2);
  CHECK(second.only.count() == 2);
  CHECK(second.never.count() == 1);
  CHECK(second.never.test(3));
  CHECK(compiled.rules.default_tier() == 1);
}

TEST_CASE("compile: each mistake has its code, place and help") {
  struct Row {
    const char* why;
    const char* code;
    Severity severity;
    const char* help;
    PolicySpec policy;
  };
  std::vector<Row> rows;
  const auto add = [&](const char* why, const char* code, Severity severity, const char* help,
                       auto change) {
    PolicySpec policy = rule("p", 7);
    change(policy);
    rows.push_back({why, code, severity, help, policy});
  };
  using P = PolicySpec;
  add("tier misspelt", "P0302", Severity::error, "the closest is `standard`", [](P& p) {
    p.use->tier = Located<std::string>{"standart", {0, 7, 20, 8}};
  });
  add("model misspelt", "P0301", Severity::error, "the closest is `gpt-6-luna`", [](P& p) {
    p.use->models = {{"gpt-6-lune", {0, 7, 20, 8}}};
  });
  add("excluded model misspelt", "P0301", Severity::error, "", [](P& p) {
    p.use->exclude = {{"nothing-like-it", {0, 7, 20, 8}}};
  });
  add("glob without a model", "P0301", Severity::warning, "", [](P& p) {
    p.use->models = {{"llama-*", {0, 7, 20, 8}}};
  });
  add("condition on no model", "P0301", Severity::error, "the closest is `gpt-6-luna`", [](P& p) {
    p.when.model = {{"gpt-6-lunar", {0, 7, 20, 8}}};
  });
  add("team nobody has", "P0304", Severity::warning, "the closest is `search`", [](P& p) {
    p.when.team = {{"serach", {0, 7, 20, 8}}};
  });
  add("key nobody has", "P0304", Severity::warning, "", [](P& p) { p.when.key = globs({"zzz*"}); });
  add("weekday", "P0303", Severity::error, "", [](P& p) { p.when.weekdays = {"monday"}; });
  add("hours", "P0303", Severity::error, "", [](P& p) { p.when.hours = "8-18"; });
  add("hours past the day", "P0303", Severity::error, "",
      [](P& p) { p.when.hours = "08:00-24:01"; });
  add("empty hours", "P0303", Severity::error, "", [](P& p) { p.when.hours = "08:00-08:00"; });
  add("empty range", "P0412", Severity::error, "", [](P& p) {
    p.when.input_tokens = TokenRange{10, 10};
  });
  add("below zero", "P0412", Severity::error, "", [](P& p) {
    p.when.turns = TokenRange{0, std::nullopt};
  });
  add("neither use nor deny", "P0300", Severity::error, "", [](P& p) { p.use.reset(); });
  add("both", "P0300", Severity::error, "", [](P& p) { p.deny = "no"; });
  add("cap of nothing", "P0300", Severity::error, "", [](P& p) { p.use->output_tokens_max = 0; });
  add("nothing left", "P0307", Severity::error, "", [](P& p) {
    p.use->models = globs({"gpt-*"});
    p.use->exclude = globs({"gpt-6-*"});
  });
  add("too many tags", "P0305", Severity::error, "",
      [](P& p) { p.use->tags = {"1", "2", "3", "4", "5", "6", "7", "8", "9"}; });
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const Compiled compiled = compile_one(row.policy);
    const Problem* problem = find(compiled, row.code);
    REQUIRE(problem != nullptr);
    CHECK(problem->severity == row.severity);
    if (*row.help != 0) CHECK(problem->help == row.help);
    if (problem->code == std::string_view("P0302")) CHECK(problem->at.column == 20);
    if (row.code == std::string_view("P0300")) CHECK(problem->at.line == 7);
    CHECK(has_errors(compiled.problems) == (row.severity == Severity::error));
  }
}

TEST_CASE("compile: a rule that can never match is named with the one that hides it") {
  struct Row {
    const char* why;
    bool hidden;
    PolicySpec first, second;
  };
  std::vector<Row> rows;
  const auto add = [&](const char* why, bool hidden, auto change) {
    PolicySpec a = rule("first", 3), b = rule("second", 12);
    change(a, b);
    rows.push_back({why, hidden, a, b});
  };
  using P = PolicySpec;
  add("catch-all first", true, [](P&, P& b) { b.when.tools = true; });
  add("catch-all continues", false, [](P& a, P&) { a.then_continue = true; });
  add("catch-all denies", true, [](P& a, P&) {
    a.use.reset();
    a.deny = "no";
  });
  add("catch-all last", false, [](P& a, P&) { a.when.tools = true; });
  add("glob covers literal", true, [](P& a, P& b) {
    a.when.team = globs({"sea*"});
    b.when.team = globs({"search"});
  });
  add("literal does not cover glob", false, [](P& a, P& b) {
    a.when.team = globs({"search"});
    b.when.team = globs({"sea*"});
  });
  add("wider range", true, [](P& a, P& b) {
    a.when.input_tokens = TokenRange{4000, std::nullopt};
    b.when.input_tokens = TokenRange{2000, 100};
  });
  add("narrower range", false, [](P& a, P& b) {
    a.when.input_tokens = TokenRange{2000, std::nullopt};
    b.when.input_tokens = TokenRange{4000, std::nullopt};
  });
  add("opposite flags", false, [](P& a, P& b) {
    a.when.tools = true;
    b.when.tools = false;
  });
  add("extra condition on the first", false, [](P& a, P& b) {
    a.when.tools = true;
    a.when.client = globs({"codex"});
    b.when.tools = true;
  });
  add("shorter hours inside", true, [](P& a, P& b) {
    a.when.hours = "08:00-18:00";
    b.when.hours = "09:00-12:00";
  });
  add("same hours, other zone", false, [](P& a, P& b) {
    a.when.hours = "08:00-18:00";
    b.when.hours = "09:00-12:00";
    b.when.time_zone = "Europe/Berlin";
  });
  add("models within", true, [](P& a, P& b) {
    a.when.model = globs({"claude-*"});
    b.when.model = globs({"claude-opus-5-5"});
  });
  for (const Row& row : rows) {
    CAPTURE(row.why);
    GatewaySpec spec = base_spec();
    spec.policies = {row.first, row.second};
    const Compiled compiled = compile(spec);
    const Problem* problem = find(compiled, "P0412");
    CHECK((problem != nullptr) == row.hidden);
    if (problem == nullptr) continue;
    CHECK(problem->at.line == 12);
    CHECK(problem->note_at.line == 3);
    CHECK(problem->message.find("second") != std::string::npos);
  }
}

TEST_CASE("compile: names twice, unknown default tier, too many of everything") {
  GatewaySpec spec = base_spec();
  PolicySpec once = rule("same", 1), twice = rule("same", 2);
  once.when.tools = true;
  spec.policies = {once, twice};
  spec.default_tier = "gold";
  const Compiled compiled = compile(spec);
  REQUIRE(find(compiled, "P0306") != nullptr);
  CHECK(find(compiled, "P0306")->note_at.line == 1);
  REQUIRE(find(compiled, "P0302") != nullptr);

  GatewaySpec huge = base_spec();
  huge.models.resize(models_max + 1);
  for (std::size_t i = 0; i < huge.models.size(); ++i)
    huge.models[i].name = "m" + std::to_string(i);
  for (std::size_t i = 0; i < tiers_max; ++i)
    huge.tiers.push_back({"t" + std::to_string(i), 1, 0.5, {}});
  const Compiled limits = compile(huge);
  CHECK(std::count_if(limits.problems.begin(), limits.problems.end(),
                      [](const Problem& p) { return p.code == std::string_view("P0305"); }) == 2);
}

TEST_CASE("compile: without tiers and policies everything still stands") {
  const Compiled compiled = compile(GatewaySpec{});
  CHECK(compiled.problems.empty());
  CHECK(compiled.rules.default_tier() == no_tier);
  CHECK(compiled.rules.rules_for("any").empty());
}
