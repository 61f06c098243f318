#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "specs.h"

using namespace steelyard;
using namespace steelyard::policies;

namespace {

RuleSet rules_of(std::vector<PolicySpec> policies) {
  GatewaySpec spec = base_spec();
  spec.policies = std::move(policies);
  Compiled compiled = compile(spec);
  for (const Problem& p : compiled.problems) {
    INFO(p.code << " " << p.message);
    CHECK(p.severity == Severity::warning);
  }
  return std::move(compiled.rules);
}

constexpr std::int32_t economy = 0, standard = 1, premium = 2;

}  // namespace

TEST_CASE("evaluate: what the client asks for, without any policy") {
  const RuleSet rules = rules_of({});
  struct Row {
    const char *model, *header;
    Outcome outcome;
    std::int32_t tier, pinned;
  };
  for (const Row& row : {Row{"auto", "", Outcome::route, standard, no_model},
                         Row{"", "", Outcome::route, standard, no_model},
                         Row{"tier:premium", "", Outcome::route, premium, no_model},
                         Row{"tier:gold", "", Outcome::unknown_tier, no_tier, no_model},
                         Row{"claude-opus-5-5", "", Outcome::route, no_tier, 2},
                         Row{"claude-opus-5-5", "economy", Outcome::route, economy, no_model},
                         Row{"auto", "gold", Outcome::unknown_tier, no_tier, no_model},
                         Row{"gpt-3.5-turbo", "", Outcome::unknown_model, no_tier, no_model},
                         Row{"gpt-3.5-turbo", "economy", Outcome::route, economy, no_model},
                         Row{"Auto", "", Outcome::unknown_model, no_tier, no_model}}) {
    CAPTURE(row.model);
    CAPTURE(row.header);
    RequestFacts facts = facts_for(row.model);
    facts.tier_header = row.header;
    const Verdict verdict = evaluate(rules, facts);
    CHECK(verdict.outcome == row.outcome);
    CHECK(verdict.tier == row.tier);
    CHECK(verdict.model == row.pinned);
    CHECK(verdict.policy.empty());
    CHECK(verdict.trace.empty());
  }
}

TEST_CASE("evaluate: every condition, met and missed") {
  struct Row {
    const char* why;
    bool yes;
    WhenSpec when;
    RequestFacts facts;
  };
  std::vector<Row> rows;
  const auto add = [&](const char* why, bool yes, auto change) {
    Row row{why, yes, {}, facts_for("auto")};
    change(row.when, row.facts);
    rows.push_back(row);
  };
  using W = WhenSpec;
  using F = RequestFacts;
  add("empty when", true, [](W&, F&) {});
  add("team", true, [](W& w, F&) { w.team = globs({"x", "sea*"}); });
  add("other team", false, [](W& w, F&) { w.team = globs({"platform"}); });
  add("organisation", false, [](W& w, F&) { w.organisation = globs({"umbrella"}); });
  add("key", true, [](W& w, F&) { w.key = globs({"*-prod"}); });
  add("client", true, [](W& w, F& f) {
    w.client = globs({"claude-code"});
    f.client = "claude-code";
  });
  add("client unknown", false, [](W& w, F&) { w.client = globs({"claude-code"}); });
  add("client version", true, [](W& w, F& f) {
    w.client_version = globs({"2.0.*", "2.1.*"});
    f.client_version = "2.1.330";
  });
  add("client version unknown", false, [](W& w, F&) { w.client_version = globs({"2.*"}); });
  add("request class", true, [](W& w, F& f) {
    w.request_class = globs({"auxiliary", "compaction"});
    f.request_class = "compaction";
  });
  add("other request class", false, [](W& w, F& f) {
    w.request_class = globs({"auxiliary"});
    f.request_class = "main";
  });
  add("agent", true, [](W& w, F& f) {
    w.agent = globs({"Expl*"});
    f.agent = "Explore";
  });
  add("no agent", false, [](W& w, F&) { w.agent = globs({"Explore"}); });
  add("tool loop", true, [](W& w, F& f) { w.tool_loop = f.tool_loop = true; });
  add("no tool loop", false, [](W& w, F&) { w.tool_loop = true; });
  add("signed blocks", true, [](W& w, F& f) { w.signed_blocks = f.signed_blocks = true; });
  add("no signed blocks wanted", false, [](W& w, F& f) {
    w.signed_blocks = false;
    f.signed_blocks = true;
  });
  add("warm", true, [](W& w, F& f) {
    w.warm = true;
    f.warm_tokens = 1;
  });
  add("cold", true, [](W& w, F&) { w.warm = false; });
  add("warm wanted", false, [](W& w, F&) { w.warm = true; });
  add("user turns", false, [](W& w, F& f) {
    w.user_turns = TokenRange{{}, 3};
    f.turns = 9;
    f.user_turns = 2;
  });
  add("tag", true, [](W& w, F& f) {
    w.tag = globs({"batch"});
    f.tags = "eu, batch ,x";
  });
  add("tag is not a substring", false, [](W& w, F& f) {
    w.tag = globs({"batch"});
    f.tags = "batches";
  });
  add("no tags", false, [](W& w, F&) { w.tag = globs({"*"}); });
  add("below is strict", false, [](W& w, F&) { w.input_tokens = TokenRange{1000, {}}; });
  add("below", true, [](W& w, F&) { w.input_tokens = TokenRange{1001, {}}; });
  add("at least", true, [](W& w, F&) { w.input_tokens = TokenRange{{}, 1000}; });
  add("turns", false, [](W& w, F& f) {
    w.turns = TokenRange{{}, 5};
    f.turns = 4;
  });
  add("output", true, [](W& w, F& f) {
    w.output_tokens = TokenRange{501, {}};
    f.output_tokens_max = 500;
  });
  add("tools wanted", false, [](W& w, F&) { w.tools = true; });
  add("tools unwanted", true, [](W& w, F&) { w.tools = false; });
  add("images", true, [](W& w, F& f) {
    w.images = true;
    f.images = true;
  });
  add("stream unwanted", false, [](W& w, F& f) {
    w.stream = false;
    f.stream = true;
  });
  add("model auto", true, [](W& w, F&) { w.model = globs({"auto"}); });
  add("model glob", true, [](W& w, F& f) {
    w.model = globs({"claude-*"});
    f.requested_model = "claude-opus-5-5";
  });
  add("model other", false, [](W& w, F& f) {
    w.model = globs({"claude-*"});
    f.requested_model = "gpt-6-luna";
  });
  add("model tier", true, [](W& w, F& f) {
    w.model = globs({"tier:*"});
    f.requested_model = "tier:economy";
  });
  add("hours", true, [](W& w, F&) { w.hours = "09:00-18:00"; });
  add("end of hours is out", false, [](W& w, F&) { w.hours = "08:00-09:00"; });
  add("past midnight", true, [](W& w, F&) { w.hours = "22:00-09:01"; });
  add("weekday", true, [](W& w, F&) { w.weekdays = {"mon-fri"}; });
  add("weekend", false, [](W& w, F&) { w.weekdays = {"sat", "sun"}; });
  add("all must hold", false, [](W& w, F&) {
    w.tools = false;
    w.team = globs({"platform"});
  });
  for (const Row& row : rows) {
    CAPTURE(row.why);
    PolicySpec policy = rule_for_tier("r", "premium");
    policy.when = row.when;
    const RuleSet rules = rules_of({policy});
    const Verdict verdict = evaluate(rules, row.facts, Trace::yes);
    CHECK((verdict.policy == "r") == row.yes);
    REQUIRE(verdict.trace.size() == 1);
    CHECK(verdict.trace[0].matched == row.yes);
    CHECK_FALSE(verdict.trace[0].because.empty());
  }
}

TEST_CASE("evaluate: hours are read on the wall of the rule's zone") {
  PolicySpec night = rule_for_tier("night", "economy");
  night.when.hours = "00:00-01:00";
  night.when.weekdays = {"tue"};
  night.when.time_zone = "Asia/Tokyo";
  const RuleSet rules = rules_of({night});
  REQUIRE(rules.zones().size() == 2);
  CHECK(rules.zones()[1] == "Asia/Tokyo");
  const std::int32_t offsets[] = {0, 9 * 3600};
  RequestFacts facts = facts_for("auto");  // Monday 09:00 UTC
  facts.zone_offsets = offsets;
  CHECK(evaluate(rules, facts).policy.empty());
  facts.now = Instant::from_seconds(1'772'442'000 + 6 * 3600);  // Tuesday 00:00 in Tokyo
  CHECK(evaluate(rules, facts).policy == "night");
  facts.zone_offsets = {};  // nobody said: UTC
  CHECK(evaluate(rules, facts).policy.empty());
  facts.now = Instant::from_seconds(-1);  // a Wednesday in 1969; no crash, a plain answer
  CHECK(evaluate(rules, facts).policy.empty());
}

TEST_CASE("evaluate: the first match decides, continue adds, deny ends") {
  PolicySpec tag = rule("tag");
  tag.then_continue = true;
  tag.use->tags = {"seen"};
  tag.use->exclude = globs({"*fable*"});
  tag.use->output_tokens_max = 800;
  tag.use->escalate_on = 1;
  PolicySpec first = rule_for_tier("first", "premium");
  first.use->models = globs({"claude-*"});
  first.use->output_tokens_max = 900;
  first.use->escalate_on = 4;
  first.use->sticky = true;
  tag.use->reject_losses = true;
  first.use->lower_output = true;
  first.when.team = globs({"search"});
  PolicySpec second = rule_for_tier("second", "economy");
  const RuleSet rules = rules_of({tag, first, second});
  const Verdict verdict = evaluate(rules, facts_for("auto"), Trace::yes);
  CHECK(verdict.policy == "first");
  CHECK(verdict.route == stable_hash("first"));
  CHECK(verdict.tier == premium);
  CHECK(verdict.output_tokens_max == 800);
  CHECK(verdict.escalate_on == 5);
  CHECK(verdict.sticky);
  CHECK(verdict.reject_losses);
  CHECK(verdict.lower_output);
  CHECK(verdict.tag_count == 1);
  CHECK(verdict.tags[0] == "seen");
  CHECK(verdict.allowed == ModelMask::only(2));
  REQUIRE(verdict.trace.size() == 3);
  CHECK_FALSE(verdict.trace[2].reached);

  RequestFacts other = facts_for("auto");
  other.team = "platform";
  CHECK(evaluate(rules, other).policy == "second");

  PolicySpec no = rule("no");
  no.use.reset();
  no.deny = "outside office hours";
  const RuleSet denying = rules_of({tag, no});
  const Verdict denied = evaluate(denying, facts_for("auto"));
  CHECK(denied.outcome == Outcome::denied);
  CHECK(denied.deny_reason == "outside office hours");
  CHECK(denied.policy == "no");
}

TEST_CASE("evaluate: a named model stands unless a rule overrides it") {
  PolicySpec plain = rule_for_tier("plain", "economy");
  plain.use->exclude = globs({"*fable*"});
  plain.use->models = globs({"gpt-*"});
  const RuleSet rules = rules_of({plain});
  const Verdict named = evaluate(rules, facts_for("claude-opus-5-5"));
  CHECK(named.model == 2);
  CHECK(named.tier == no_tier);
  CHECK(named.allowed.test(2));
  CHECK_FALSE(evaluate(rules, facts_for("claude-fable-5-1")).allowed.test(3));
  CHECK(evaluate(rules, facts_for("tier:premium")).tier == premium);

  PolicySpec retired = rule_for_tier("retired", "economy");
  retired.when.model = globs({"gpt-3.5*", "claude-opus-*"});
  retired.use->override_model = true;
  const RuleSet rerouting = rules_of({retired});
  const Verdict moved = evaluate(rerouting, facts_for("claude-opus-5-5"));
  CHECK(moved.model == no_model);
  CHECK(moved.asked_model == 2);
  CHECK(moved.tier == economy);
  const Verdict old = evaluate(rerouting, facts_for("gpt-3.5-turbo"));
  CHECK(old.outcome == Outcome::route);
  CHECK(old.tier == economy);
  CHECK(evaluate(rerouting, facts_for("gpt-3")).outcome == Outcome::unknown_model);
}

TEST_CASE("evaluate: the index by team never changes the answer") {
  std::vector<PolicySpec> policies;
  for (int i = 0; i < 60; ++i) {
    PolicySpec policy = rule(("r" + std::to_string(i)).c_str());
    policy.name = "r" + std::to_string(i);
    if (i % 3 == 0) policy.when.team = globs({"search", "platform"});
    if (i % 3 == 1) policy.when.team = globs({"plat*"});
    policy.when.input_tokens = TokenRange{{}, 60 - i};
    policies.push_back(policy);
  }
  GatewaySpec spec = base_spec();
  spec.policies = policies;
  const RuleSet rules = compile(spec).rules;
  for (const char* team : {"search", "platform", "platypus", "nobody", ""}) {
    for (std::int64_t tokens = 0; tokens < 64; ++tokens) {
      RequestFacts facts = facts_for("auto");
      facts.team = team;
      facts.input_tokens = tokens;
      std::string_view expected;  // by walking all rules in order
      for (const Rule& r : rules.rules())
        if ((r.team.empty() || r.team.matches(team)) && r.input_tokens.holds(tokens)) {
          expected = r.name;
          break;
        }
      CHECK(evaluate(rules, facts).policy == expected);
    }
  }
}

TEST_CASE("evaluate: for a known key the verdict is the same") {
  std::mt19937_64 dice(7);
  const auto one_in = [&](std::uint64_t n) { return dice() % n == 0; };
  const char* const names[] = {"auto", "claude-opus-5-5", "tier:premium", "gpt-3", "tier:gold"};
  Verdict known;  // used again and again, as the gateway does
  int denied = 0, joined = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<PolicySpec> policies;
    for (int i = 0; i < 8; ++i) {
      PolicySpec policy = rule("r");
      policy.name = "r" + std::to_string(i);
      if (one_in(3)) policy.when.team = globs({one_in(2) ? "search" : "plat*"});
      if (one_in(5)) policy.when.organisation = globs({one_in(2) ? "acme" : "other"});
      if (one_in(5)) policy.when.key = globs({one_in(2) ? "k*" : "x*"});
      if (one_in(3)) policy.when.input_tokens = TokenRange{2, {}};
      if (one_in(6)) {
        policy.use.reset();
        policy.deny = "no";
      } else {
        policy.then_continue = one_in(2);
        if (one_in(2)) policy.use->models = globs({one_in(2) ? "gpt-*" : "*"});
        if (one_in(3)) policy.use->exclude = globs({"claude-opus-5-5"});
        policy.use->override_model = one_in(4);
        policy.use->sticky = one_in(4);
        policy.use->lower_output = one_in(4);
        if (one_in(3)) policy.use->output_tokens_max = 1 + static_cast<int>(dice() % 99);
        policy.use->tags = {"a"};
      }
      policies.push_back(policy);
    }
    GatewaySpec spec = base_spec();
    spec.policies = policies;
    const RuleSet rules = compile(spec).rules;  // unreachable rules are welcome here
    for (const char* team : {"search", "platform", "nobody"}) {
      RequestFacts facts = facts_for(names[dice() % 5]);
      facts.organisation = "acme";
      facts.team = team;
      facts.key = "k1";
      facts.input_tokens = static_cast<std::int64_t>(dice() % 4);
      const Verdict plain = evaluate(rules, facts);
      const KeyRules key = rules.rules_of(facts.organisation, facts.team, facts.key);
      evaluate(rules, key, facts, Trace::no, known);
      CHECK(known.outcome == plain.outcome);
      CHECK(known.policy == plain.policy);
      CHECK(known.route == plain.route);
      CHECK(known.tier == plain.tier);
      CHECK(known.model == plain.model);
      CHECK(known.asked_model == plain.asked_model);
      CHECK(known.allowed == plain.allowed);
      CHECK(known.output_tokens_max == plain.output_tokens_max);
      CHECK(known.sticky == plain.sticky);
      CHECK(known.lower_output == plain.lower_output);
      REQUIRE(known.tag_count == plain.tag_count);
      CHECK(
          std::equal(known.tags.begin(), known.tags.begin() + known.tag_count, plain.tags.begin()));
      CHECK(known.deny_reason == plain.deny_reason);
      denied += plain.outcome == Outcome::denied;
      joined += plain.tag_count > 1;
    }
  }
  CHECK(denied > 50);
  CHECK(joined > 200);
}

TEST_CASE("evaluate: 300 rules cost microseconds") {
  std::vector<PolicySpec> policies;
  for (int i = 0; i < 300; ++i) {
    PolicySpec policy = rule("r");
    policy.name = "r" + std::to_string(i);
    policy.when.client = globs({"nobody-*", "codex"});
    if (i % 2 == 0) policy.when.team = {{"team-" + std::to_string(i), {}}};
    policy.when.input_tokens = TokenRange{5000 + i, {}};
    policies.push_back(policy);
  }
  GatewaySpec spec = base_spec();
  spec.policies = policies;
  const RuleSet rules = compile(spec).rules;
  RequestFacts facts = facts_for("auto");
  facts.client = "openai-python";
  std::int64_t sum = 0;
  const auto start = std::chrono::steady_clock::now();
  constexpr int rounds = 2000;
  for (int i = 0; i < rounds; ++i) sum += evaluate(rules, facts).tier;
  const auto ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start)
          .count() /
      rounds;
  MESSAGE("evaluate, 300 rules: ", ns, " ns");
  CHECK(sum == rounds * standard);
  CHECK(ns < 100'000);  // generous: sanitizers and busy machines
}
