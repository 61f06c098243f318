#include <doctest/doctest.h>

#include <algorithm>

#include "specs.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {
std::size_t count(const CompiledCatalog& compiled, std::string_view code) {
  return static_cast<std::size_t>(std::count_if(compiled.problems.begin(), compiled.problems.end(),
                                                [&](const auto& p) { return p.code == code; }));
}
}  // namespace

TEST_CASE("catalog: targets are pairs of model and provider, grouped by model") {
  GatewaySpec spec = market();
  spec.providers[1].rename["gpt-6-luna"] = "luna-eu";
  const CompiledCatalog compiled = compile_catalog(spec);
  CHECK(compiled.problems.empty());
  const Catalog& catalog = compiled.catalog;
  REQUIRE(catalog.targets().size() == 5);
  CHECK(catalog.model(luna).target_count == 2);
  CHECK(catalog.target(catalog.find_target(luna, 1)).upstream_name == "luna-eu");
  CHECK(catalog.target(catalog.find_target(luna, 0)).upstream_name == "gpt-6-luna");
  CHECK(catalog.find_target(flash, 0) == no_target);
  CHECK(catalog.target(catalog.find_target(opus, 3)).marked_cache);
  CHECK(catalog.find_model("claude-opus") == opus);
  CHECK(catalog.find_model("claude") == -1);
  CHECK(catalog.served().count() == 4);
}

TEST_CASE("catalog: a tier is a promise held with confidence") {
  CHECK(z_of(0.5) == doctest::Approx(0).epsilon(1e-12));
  CHECK(z_of(0.90) == doctest::Approx(1.2815515655446004).epsilon(1e-12));
  CHECK(z_of(0.95) == doctest::Approx(1.6448536269514722).epsilon(1e-12));
  CHECK(z_of(0.05) == doctest::Approx(-1.6448536269514722).epsilon(1e-12));
  struct Row {
    double score, error, confidence;
    bool meets;
  };
  for (const Row& row :
       {Row{50, 2, 0.5, true}, Row{49.999, 2, 0.5, false}, Row{52, 2, 0.90, false},
        Row{52.6, 2, 0.90, true}, Row{52.6, 2, 0.95, false}, Row{50, 0, 0.99, true}}) {
    CAPTURE(row.score);
    GatewaySpec spec = market();
    spec.tiers = {tier_spec("only", 50, row.confidence)};
    spec.models[0].score = Score{row.score, row.error, "", ""};
    spec.models[1].score.reset();  // no evidence: not eligible
    const Catalog catalog = compile_catalog(spec).catalog;
    CHECK(catalog.model(luna).meets(0) == row.meets);
    CHECK_FALSE(catalog.model(flash).meets(0));
    CHECK_FALSE(catalog.model(luna).meets(policies::no_tier));
  }
}

TEST_CASE("catalog: who may use what") {
  const Catalog catalog = compile_catalog(market()).catalog;
  TeamSpec team;
  KeySpec key;
  CHECK(catalog.access_of(team, key).count() == 4);
  team.deny = {"*opus*"};
  key.allow = {"claude-*", "gpt-6-luna"};
  CHECK(catalog.access_of(team, key) == ModelMask::only(luna));
  key.allow = {};
  CHECK(catalog.access_of(team, key).empty());
}

TEST_CASE("catalog: what is wrong with it, and where") {
  GatewaySpec spec = market();
  spec.models.push_back(spec.models[0]);  // R0302
  spec.models[1].prices.clear();          // R0306 warning
  spec.models[2].prices[0].cliffs = {{5, CliffKind::marginal, {}},
                                     {5, CliffKind::marginal, {}}};  // R0306
  spec.models[3].prices.push_back(spec.models[3].prices[0]);         // overlaps: R0306
  spec.providers[0].models.push_back("llama-*");                     // R0305
  spec.tiers.push_back(tier_spec("impossible", 99));                 // R0304
  spec.tiers.push_back(tier_spec("backwards", 1, 1.0));              // R0307 twice
  const CompiledCatalog compiled = compile_catalog(spec);
  CHECK(count(compiled, "R0302") == 1);
  CHECK(count(compiled, "R0306") == 3);
  CHECK(count(compiled, "R0305") == 1);
  CHECK(count(compiled, "R0304") >= 1);
  CHECK(count(compiled, "R0307") == 2);
  CHECK(policies::has_errors(compiled.problems));
}

TEST_CASE("catalog: parameters that models refuse become bits") {
  GatewaySpec spec = market();
  spec.models[0].refuses = {"temperature", "top_p"};
  spec.models[1].refuses = {"top_p"};
  const CompiledCatalog compiled = compile_catalog(spec);
  REQUIRE(compiled.catalog.parameters().size() == 2);
  CHECK(compiled.catalog.model(luna).refuses == 3);
  CHECK(compiled.catalog.model(flash).refuses == 2);
  for (int i = 0; i < 40; ++i) spec.models[0].refuses.push_back("p" + std::to_string(i));
  CHECK(count(compile_catalog(spec), "R0301") > 0);
}

TEST_CASE("catalog: a provider's own names, by name and by pattern") {
  GatewaySpec spec;
  for (const char* name :
       {"claude-opus-5", "claude-haiku-4-5", "nova-pro", "nova-2-lite", "other"}) {
    ModelSpec model;
    model.name = name;
    spec.models.push_back(model);
  }
  ProviderSpec provider;
  provider.name = "bedrock";
  provider.dialect = "converse";
  provider.models = {"*"};
  provider.rename = {{"claude-*", "global.anthropic.claude-*"},
                     {"claude-haiku-4-5", "dated"},
                     {"nova-*", "us.amazon.nova-*-v1:0"},
                     {"nova-2-*", "two"}};
  spec.providers = {provider};
  const CompiledCatalog made = compile_catalog(spec);
  std::string names;
  for (const Model& model : made.catalog.models())
    names += made.catalog.target(model.target_first).upstream_name + " ";
  CHECK(names == "global.anthropic.claude-opus-5 dated us.amazon.nova-pro-v1:0 two other ");
}

TEST_CASE("catalog: empty, and over every limit") {
  CHECK(compile_catalog(GatewaySpec{}).catalog.models().empty());
  GatewaySpec spec;
  for (std::size_t i = 0; i < policies::models_max + 1; ++i)
    spec.models.push_back(model_spec(("m" + std::to_string(i)).c_str(), rates(1, 1), 1));
  for (int i = 0; i < 5; ++i) spec.providers.push_back(provider_spec("p", {"*"}));
  const CompiledCatalog compiled = compile_catalog(spec);
  CHECK(count(compiled, "R0301") == 2);
  CHECK(compiled.catalog.models().size() == policies::models_max);
  CHECK(compiled.catalog.targets().size() == targets_max);
}
