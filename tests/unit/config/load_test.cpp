// From text to specification: every value where it belongs, every default in place, no secret in
// sight.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <chrono>
#include <filesystem>

#include "config/check_report.h"
#include "config/types/sha256.h"
#include "support.h"

namespace steelyard::test {

TEST_CASE("the least configuration has every default of the specification") {
  const LoadResult result = world_of(minimal).load();
  REQUIRE(result.ok());
  const GatewaySpec& spec = *result.spec;
  const GatewaySpec standard;
  CHECK(spec.listen.host == standard.listen.host);
  CHECK(spec.admin.listen.port == 8081);
  CHECK(spec.timeouts.first_byte == standard.timeouts.first_byte);
  CHECK(spec.retry.attempts == standard.retry.attempts);
  CHECK(spec.ledger.lease_ms == standard.ledger.lease_ms);
  CHECK_FALSE(spec.tls.has_value());
  CHECK(spec.files == std::vector<std::string>{"gateway.yaml", "models.yaml"});
  CHECK(spec.digest.size() == 64);
  CHECK(spec.catalog_as_of == "2026-11-01");
  // Named after a vendor: serves that vendor's models and no other's.
  CHECK(spec.providers.at(0).models == std::vector<std::string>{"gpt-6-luna", "gpt-6-sol"});
  CHECK(spec.models.at(1).output_tokens_max == 1'050'000);
}

TEST_CASE("every value arrives") {
  const LoadResult result =
      world_of(
          "listen: 127.0.0.2:81\n"
          "tls: { certificate: c.pem, key: /k.pem }\n"
          "admin: { listen: \"[::1]:82\", token: \"${env:TEAM_KEY}\" }\n"
          "workers: 3\nbody_max: 1MiB\noutput_tokens_default: 2k\n"
          "timeouts: { head: 1s, body: 2s, keep_alive: 3s, connect: 4s, first_byte: 5s, "
          "stream_idle: 6s, stream_ping: 10s, stream_commit: 11s, total: 7s, write_stall: 8s, "
          "drain: 9s }\n"
          "retry: { attempts: 2, retry_after_max: 1s }\nbreaker: { failures: 7, open: 250ms }\n"
          "overload: { in_flight: 1200, queue_delay: 40ms }\n"
          "log: { decisions: \"-\", level: debug }\n"
          "ledger: { directory: \"\", durability: strict, lease: 1m, refusal_status: 402 }\n"
          "catalog: [models.yaml]\n"
          "providers:\n  one:\n    dialect: anthropic\n    base_url: https://a.example/\n    keys: "
          "[\"${env:OPENAI_API_KEY}\", \"${file:/run/secrets/good}\"]\n"
          "    models: [\"gpt-*\"]\n    rename: { gpt-6-sol: theirs }\n    body: { a: [1, x, "
          "null], b: { c: \"1\" } }\n    ca_file: ca.pem\n    "
          "connections_max: 9\n"
          "    quirks: { include_usage: false, max_completion_tokens: true, "
          "reasoning_exclusive: true, ends_without_done: true }\n"
          "tiers: { high: { min_score: 51.5, confidence: 0.75 }, low: { min_score: 40 } "
          "}\ndefault_tier: low\n"
          "organisations:\n  acme:\n    budgets: [{ limit: $20,000, per: month, time_zone: "
          "Europe/Berlin }]\n    teams:\n      search:\n"
          "        keys: [{ id: k, key: \"${env:TEAM_KEY}\", explain: true, models: { deny: "
          "gpt-6-sol }, budgets: [{ limit: $0.05, per: lifetime }] }]\n"
          "        budgets: [{ limit: 150 USD, per: day, at: { 100%: warn, 80%: { max_tier: low }, "
          "50%: warn }, pace: { 300%: { max_tier: low }, 120%: { max_tier: high } } }]\n"
          "        plan: { seats: 3, seat_fee: $20, per: quarter, time_zone: Europe/Berlin, "
          "included: "
          "[{ packs: { tokens: 5k, price: $2.50, most: 4 }, tokens: 2M },\n"
          "          { uses: 50, tier: high, per: day, then: { max_tier: low } }, { money: $5 }] "
          "}\n"
          "        models: { allow: [\"gpt-*\"] }\n"
          "policies:\n  - name: p\n    when: { team: search, client: [a, b], tools: false, "
          "input_tokens: { below: 4k }, turns: { at_least: 3 },\n"
          "            weekdays: [mon-tue, sun], hours: \"08:00-18:00\", time_zone: UTC }\n"
          "    use: { tier: high, models: \"gpt-*\", exclude: [gpt-6-sol], output_tokens_max: 100, "
          "escalate_on: [empty, malformed_tool_call], session: sticky, on_loss: reject, "
          "over_budget: lower,\n"
          "           override_model: true, tags: [x] }\n    then: continue\n  - { name: q, deny: "
          "no }\n")
          .load();
  INFO(report_text(result, {}));
  REQUIRE(result.ok());
  CHECK(result.diagnostics.empty());
  const GatewaySpec& spec = *result.spec;
  CHECK(spec.listen.host == "127.0.0.2");
  CHECK(spec.tls->certificate == "c.pem");
  CHECK(spec.tls->key == "/k.pem");
  CHECK(spec.admin.token->reveal() == "sk-team-0123456789abcdef");
  CHECK(spec.workers == 3);
  CHECK(spec.body_bytes_max == 1 << 20);
  CHECK(spec.output_tokens_default == 2'000);
  CHECK(spec.timeouts.head == 1'000);
  CHECK(spec.timeouts.body == 2'000);
  CHECK(spec.timeouts.keep_alive == 3'000);
  CHECK(spec.timeouts.connect == 4'000);
  CHECK(spec.timeouts.first_byte == 5'000);
  CHECK(spec.timeouts.stream_idle == 6'000);
  CHECK(spec.timeouts.stream_ping == 10'000);
  CHECK(spec.timeouts.stream_commit == 11'000);
  CHECK(spec.timeouts.total == 7'000);
  CHECK(spec.timeouts.write_stall == 8'000);
  CHECK(spec.timeouts.drain == 9'000);
  CHECK(spec.retry.attempts == 2);
  CHECK(spec.retry.retry_after_max_ms == 1'000);
  CHECK(spec.breaker.failures == 7);
  CHECK(spec.breaker.open_ms == 250);
  CHECK(spec.overload.in_flight == 1200);
  CHECK(spec.overload.queue_delay_ms == 40);
  CHECK(spec.log.decisions == "-");
  CHECK(spec.log.level == "debug");
  CHECK(spec.ledger.directory.empty());
  CHECK(spec.ledger.durability == Durability::strict);
  CHECK(spec.ledger.lease_ms == 60'000);
  CHECK(spec.ledger.refusal_status == 402);
  const ProviderSpec& one = spec.providers.at(0);
  CHECK(one.name == "one");
  CHECK(one.dialect == "anthropic");
  CHECK(one.base_url.value == "https://a.example");
  REQUIRE(one.keys.size() == 2);
  CHECK(one.keys[0].reveal() == "sk-openai");
  CHECK(one.keys[1].reveal() == "sk-from-a-file");
  CHECK(one.rename.at("gpt-6-sol") == "theirs");
  REQUIRE(one.body.size() == 2);
  CHECK(one.body[0] == std::pair<std::string, std::string>("a", R"([1,"x",null])"));
  CHECK(one.body[1] == std::pair<std::string, std::string>("b", R"({"c":"1"})"));
  CHECK(one.ca_file == "ca.pem");
  CHECK(one.connections_max == 9);
  CHECK_FALSE(one.quirks.include_usage);
  CHECK(one.quirks.max_completion_tokens);
  CHECK(one.quirks.reasoning_exclusive);
  CHECK(one.quirks.ends_without_done);
  REQUIRE(spec.tiers.size() == 2);
  CHECK(spec.tiers[0].name == "low");  // ascending
  CHECK(spec.tiers[1].min_score == 51.5);
  CHECK(spec.tiers[1].confidence == 0.75);
  const OrganisationSpec& acme = spec.organisations.at(0);
  CHECK(acme.budgets.at(0).limit.v == 20'000'000'000'000);
  CHECK(acme.budgets.at(0).time_zone == "Europe/Berlin");
  const TeamSpec& team = acme.teams.at(0);
  CHECK(team.allow == std::vector<std::string>{"gpt-*"});
  REQUIRE(team.budgets.at(0).thresholds.size() == 3);
  CHECK(team.budgets[0].thresholds[0].percent == 50);
  CHECK(team.budgets[0].thresholds[1].max_tier == "low");
  CHECK_FALSE(team.budgets[0].hard());
  REQUIRE(team.budgets[0].pace.size() == 2);
  CHECK(team.budgets[0].pace[0].percent == 120);
  CHECK(team.budgets[0].pace[1].max_tier == "low");
  CHECK(team.plan.seats == 3);
  CHECK(team.plan.seat_fee.v == 20'000'000'000);
  CHECK(team.plan.per == PlanWindow::quarter);
  CHECK(team.plan.time_zone == "Europe/Berlin");
  REQUIRE(team.plan.included.size() == 3);
  const QuotaSpec& tokens = team.plan.included[0];
  CHECK(tokens.unit == QuotaUnit::tokens);
  CHECK(tokens.amount == 2'000'000);
  CHECK(tokens.per == PlanWindow::month);
  CHECK(tokens.packs.adds == 5'000);
  CHECK(tokens.packs.price.v == 2'500'000'000);
  CHECK(tokens.packs.most == 4);
  const QuotaSpec& uses = team.plan.included[1];
  CHECK(uses.unit == QuotaUnit::uses);
  CHECK(uses.tier == "high");
  CHECK(uses.per == PlanWindow::day);
  CHECK(uses.then_tier == "low");
  CHECK(uses.packs.adds == 0);
  CHECK(team.plan.included[2].amount == 5'000'000'000);
  const KeySpec& key = team.keys.at(0);
  CHECK(key.sha256 == sha256("sk-team-0123456789abcdef"));
  CHECK(key.may_explain);
  CHECK(key.deny == std::vector<std::string>{"gpt-6-sol"});
  CHECK(key.budgets.at(0).limit.v == 50'000'000);
  CHECK(key.budgets.at(0).per == WindowKind::lifetime);
  const PolicySpec& policy = spec.policies.at(0);
  CHECK(policy.when.client.size() == 2);
  CHECK(policy.when.tools == false);
  CHECK_FALSE(policy.when.images.has_value());
  CHECK(policy.when.input_tokens->below == 4'000);
  CHECK(policy.when.turns->at_least == 3);
  CHECK(policy.when.weekdays == std::vector<std::string>{"mon", "tue", "sun"});
  CHECK(policy.when.hours == "08:00-18:00");
  CHECK(policy.use->tier->value == "high");
  CHECK(policy.use->output_tokens_max == 100);
  CHECK(policy.use->escalate_on == 17);
  CHECK(policy.use->sticky);
  CHECK(policy.use->reject_losses);
  CHECK(policy.use->lower_output);
  CHECK(policy.use->override_model);
  CHECK(policy.then_continue);
  CHECK(spec.policies.at(1).deny == "no");
}

TEST_CASE("the digest names the contents, not the secrets and not the folder") {
  World world = world_of(minimal);
  const std::string first = world.load().spec->digest;
  world.env["OPENAI_API_KEY"] = "another";
  CHECK(world.load().spec->digest == first);
  world.files["moved/gateway.yaml"] = world.files["gateway.yaml"];
  world.files["moved/models.yaml"] = world.files["models.yaml"];
  CHECK(world.load("moved/gateway.yaml").spec->digest == first);
  world.files["models.yaml"] += "# a comment\n";
  CHECK(world.load().spec->digest != first);
}

TEST_CASE("no secret reaches a diagnostic") {
  World world = world_of(std::string(minimal) +
                         "admin: { token: \"tell-no-one-0123456789\" }\nworkers: "
                         "${env:TEAM_KEY}\nlisten: \"${env:TEAM_KEY}\"\n");
  const LoadResult result = world.load();
  const std::string all = report_text(result, {}) + report_json(result) + report_github(result);
  CHECK(has_code(result, "C0304"));
  CHECK(all.find("tell-no-one") == std::string::npos);
  CHECK(all.find("sk-team") == std::string::npos);
  for (const SourceText& source : result.sources)
    CHECK(source.text.find("tell-no-one") == std::string::npos);
}

TEST_CASE("shipped files are valid") {
  const auto env = [](const std::string& name) -> std::optional<std::string> {
    if (name == "STEELYARD_MOCK_PORT") return "9800";
    return "secret-of-" + name;
  };
  const auto expand = [](const std::string& pattern) -> Result<std::vector<std::string>> {
    std::vector<std::string> found;
    const std::filesystem::path path(pattern);
    for (const auto& entry : std::filesystem::directory_iterator(path.parent_path())) {
      if (glob_match(path.filename().string(), entry.path().filename().string()))
        found.push_back(entry.path().string());
    }
    return found;
  };
  for (const char* file :
       {"config/gateway.yaml", "config/demo/demo.yaml", "config/examples/minimal.yaml",
        "config/examples/self-hosted.yaml", "config/examples/clouds.yaml"}) {
    CAPTURE(file);
    const LoadResult result = load(source_path(file), {read_disk, expand, env});
    INFO(report_text(result, {}));
    CHECK(result.ok());
    CHECK(result.diagnostics.empty());
  }
  World world = world_of(std::string(minimal) +
                         "tiers: { economy: { min_score: 40 } }\npolicies: [p.yaml]\n");
  world.files["p.yaml"] = read_source("config/examples/office-hours.yaml");
  const LoadResult office = world.load();
  CHECK(office.ok());
}

TEST_CASE("the demo keys are the ones its comments promise") {
  const std::string demo = read_source("config/demo/demo.yaml");
  CHECK(demo.find(to_hex(sha256("sk-steelyard-demo"))) != std::string::npos);
  CHECK(demo.find(to_hex(sha256("sk-steelyard-demo-tiny"))) != std::string::npos);
}

TEST_CASE("a file that is too large, and too many files") {
  World world = world_of(std::string(minimal) + "policies: [\"p/*.yaml\"]\n");
  world.files["models.yaml"].append((4u << 20) + 1, '#');
  CHECK(has_code(world.load(), "C0003"));
  world = world_of(std::string(minimal) + "policies: [\"p/*.yaml\"]\n");
  for (int i = 0; i < 300; ++i) world.files["p/" + std::to_string(i) + ".yaml"] = "policies: []\n";
  CHECK(has_code(world.load(), "C0003"));
}

TEST_CASE("cost grows with the size of a file, not with its square") {
  // 4 MiB on one line: seconds when every value scans the line, milliseconds when none does.
  std::string wide = "a: [";
  while (wide.size() + 3 < (4u << 20)) wide += "x,";
  std::string deep(4u << 20, '[');
  std::string anchors;
  for (int i = 0; i < 100'000; ++i) anchors += "&a" + std::to_string(i) + " ";
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& text : {wide + "]", deep, anchors, std::string(4u << 20, '\'')}) {
    CHECK_FALSE(world_of(text).load().ok());
  }
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(took < std::chrono::seconds(20));  // about 2 s; quadratic was 60 s for the first alone
}

TEST_CASE("property: no change of a byte makes the loader throw, hang or lose its errors") {
  const std::string whole = read_source("tests/golden/config/valid_everything.yaml");
  const std::string main = whole.substr(0, whole.find("#### "));
  CHECK(rc::check("mutated files", [&] {
    std::string text = main;
    const int changes = *rc::gen::inRange(1, 6);
    for (int i = 0; i < changes; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
      switch (*rc::gen::inRange(0, 4)) {
        case 0: text[at] = static_cast<char>(*rc::gen::inRange(0, 256)); break;
        case 1: text.erase(at, *rc::gen::inRange<std::size_t>(1, 20)); break;
        case 2:
          text.insert(at, *rc::gen::elementOf(std::vector<std::string>{
                              "{", "]", ": ", "\n", "- ", "${", "*p", "&p ", "\"", "<<: ", "'",
                              "|\n", "---\n", "!x "}));
          break;
        default: text.insert(at, text.substr(at, *rc::gen::inRange<std::size_t>(1, 60))); break;
      }
      if (text.empty()) text = "a";
    }
    const LoadResult result = world_of(text).load();
    const std::string report = report_text(result, {});
    RC_ASSERT(result.ok() == (count_diagnostics(result).errors == 0));
    RC_ASSERT(result.diagnostics.size() <= diagnostics_max);
    RC_ASSERT(!report_json(result).empty());
  }));
}

}  // namespace steelyard::test
