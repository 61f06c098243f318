// Providers as data: what a preset says, what the main file says, and the file that is shipped.
#include "config/presets.h"

#include <doctest/doctest.h>

#include "config/check_report.h"
#include "config/yaml_tree.h"
#include "support.h"

namespace steelyard::test {
namespace {

const ProviderSpec* find(const LoadResult& result, const std::string& name) {
  if (!result.ok()) return nullptr;
  for (const ProviderSpec& provider : result.spec->providers)
    if (provider.name == name) return &provider;
  return nullptr;
}

constexpr const char* head =
    "catalog: [models.yaml]\n"
    "presets: [own.yaml, more.yaml]\n"
    "providers:\n";

World world_with(const std::string& providers) {
  World world = world_of(head + providers);
  world.files["own.yaml"] =
      "providers:\n"
      "  acme: { dialect: anthropic, base_url: 'https://acme.example/v1', auth: bearer, models: "
      "['gpt-*'],\n"
      "          rename: { a: b }, quirks: { max_completion_tokens: true, include_usage: false } "
      "}\n"
      "  bare: { auth: api-key, models: ['gpt-*'] }\n";
  world.files["more.yaml"] = "providers:\n  acme: { base_url: 'https://second.example/v1' }\n";
  return world;
}

}  // namespace

TEST_CASE("presets: what the main file does not say") {
  const LoadResult result =
      world_with(
          "  acme: { keys: ['${env:OPENAI_API_KEY}'], quirks: { include_usage: true } }\n"
          "  other: { like: acme, base_url: 'https://other.example', dialect: gemini, auth: "
          "default "
          "}\n"
          "  res: { like: bare, base_url: 'https://res.example/openai/v1' }\n"
          "  alone: { base_url: 'https://alone.example', models: ['gpt-*'] }\n")
          .load();
  INFO(report_text(result, {}));
  const ProviderSpec* acme = find(result, "acme");
  REQUIRE(acme != nullptr);
  CHECK(acme->base_url.value == "https://acme.example/v1");
  CHECK(acme->dialect == "anthropic");
  CHECK(acme->key_field == KeyField::bearer);
  CHECK(acme->quirks.max_completion_tokens);
  CHECK(acme->quirks.include_usage);  // its own word counts
  CHECK(acme->rename.at("a") == "b");
  CHECK(acme->keys.size() == 1);
  const ProviderSpec* other = find(result, "other");
  REQUIRE(other != nullptr);
  CHECK(other->base_url.value == "https://other.example");
  CHECK(other->dialect == "gemini");
  CHECK(other->key_field == KeyField::by_dialect);
  CHECK_FALSE(other->quirks.include_usage);
  CHECK(find(result, "res")->key_field == KeyField::api_key);
  CHECK(find(result, "alone")->key_field == KeyField::by_dialect);
  CHECK(result.spec->files.size() == 4);
}

TEST_CASE("presets: what cannot be") {
  struct Row {
    const char *providers, *code;
  };
  const Row rows[] = {
      {"  x: { like: akme }\n", "C0422"},
      {"  x: { like: bare }\n", "C0104"},  // no base URL anywhere
      {"  x: { models: ['gpt-*'] }\n", "C0104"},
      {"  x: { like: acme, auth: basic }\n", nullptr},
      {"  x: { like: [acme] }\n", nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.providers);
    const LoadResult result = world_with(row.providers).load();
    CHECK_FALSE(result.ok());
    REQUIRE_FALSE(result.diagnostics.empty());
    if (row.code != nullptr) CHECK(std::string(result.diagnostics[0].code) == row.code);
  }
  World broken = world_with("  acme: {}\n");
  broken.files["own.yaml"] = "providers:\n  acme: { base_uri: x }\n";
  const LoadResult result = broken.load();
  CHECK_FALSE(result.ok());
  CHECK(std::string(result.diagnostics[0].code) == "C0102");
  broken.files.erase("own.yaml");
  CHECK_FALSE(broken.load().ok());
}

TEST_CASE("presets: every provider that is shipped needs a key and models, and nothing else") {
  World world = world_of("");
  world.files["providers.yaml"] = read_source("config/providers.yaml");
  DiagnosticSink sink;
  const auto tree = parse_yaml(world.files["providers.yaml"], 0, sink);
  REQUIRE(tree.has_value());
  std::string main = "catalog: [models.yaml]\npresets: [providers.yaml]\nproviders:\n";
  int count = 0, anthropic = 0;
  for (const YamlEntry& entry : tree->find("providers")->entries) {
    const bool needs_url = entry.value.find("base_url") == nullptr;
    main += "  " + entry.key + ": { keys: ['${env:OPENAI_API_KEY}'], models: ['*']";
    main +=
        needs_url ? ", like: " + entry.key + ", base_url: 'https://res.example/v1' }\n" : " }\n";
    ++count;
  }
  world.files["gateway.yaml"] = main;
  const LoadResult result = world.load();
  INFO(report_text(result, {}));
  REQUIRE(result.ok());
  CHECK(result.spec->providers.size() == static_cast<std::size_t>(count));
  // Ark's max_tokens leaves the chain of thought out.
  for (const char* name : {"ark", "byteplus", "ark-coding"})
    CHECK(find(result, name)->quirks.max_completion_tokens);
  for (const ProviderSpec& provider : result.spec->providers) {
    CAPTURE(provider.name);
    CHECK(provider.base_url.value.find("://") != std::string::npos);
    CHECK(provider.keys.size() == 1);
    anthropic += provider.dialect == "anthropic";
    if (provider.name.ends_with("-anthropic")) CHECK(provider.dialect == "anthropic");
  }
  CHECK(count >= 35);
  CHECK(anthropic >= 10);
}

}  // namespace steelyard::test
