// Providers in a cloud: what their region says, and credentials instead of keys.
#include <doctest/doctest.h>

#include "config/check_report.h"
#include "support.h"

namespace steelyard::test {
namespace {

constexpr const char* head = "catalog: [models.yaml]\nproviders:\n  p: { models: ['gpt-*'], ";
constexpr const char* aws = "credentials: { type: aws, id: A, secret: '${env:OPENAI_API_KEY}' }";

}  // namespace

TEST_CASE("clouds: a region says where") {
  struct Row {
    const char *said, *url;
    Platform platform;
  };
  const std::string bedrock = std::string("dialect: converse, region: eu-west-1, ") + aws;
  const Row rows[] = {
      {bedrock.c_str(), "https://bedrock-runtime.eu-west-1.amazonaws.com", Platform::bedrock},
      {"dialect: anthropic, platform: bedrock, region: us-east-1, keys: '${env:OPENAI_API_KEY}'",
       "https://bedrock-runtime.us-east-1.amazonaws.com", Platform::bedrock},
      {"dialect: gemini, platform: vertex, region: europe-west1, project: p-1",
       "https://europe-west1-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west1",
       Platform::vertex},
      {"dialect: anthropic, platform: vertex, region: global, project: p-1, credentials: { type: "
       "google-metadata }",
       "https://aiplatform.googleapis.com/v1/projects/p-1/locations/global", Platform::vertex},
      {"platform: azure, base_url: 'https://r.openai.azure.com', api_version: 2024-10-21",
       "https://r.openai.azure.com", Platform::azure},
      {"platform: bedrock, dialect: converse, region: eu-west-1, base_url: 'http://localhost:1'",
       "http://localhost:1", Platform::bedrock},
  };
  for (const Row& row : rows) {
    CAPTURE(row.said);
    const LoadResult result = world_of(std::string(head) + row.said + " }\n").load();
    INFO(report_text(result, {}));
    REQUIRE(result.ok());
    const ProviderSpec& provider = result.spec->providers.at(0);
    CHECK(provider.base_url.value == row.url);
    CHECK(provider.platform == row.platform);
    CHECK(provider.betas == std::vector<std::string>{"*"});
  }
}

TEST_CASE("clouds: what every kind of credentials holds") {
  const LoadResult result =
      world_of(
          std::string(head) +
          "dialect: converse, region: eu-west-1, betas: [a-*, b], credentials: { type: aws-file, "
          "file: f.ini, profile: work } }\n"
          "  q: { models: ['gpt-*'], platform: azure, base_url: 'https://r', credentials: { "
          "type: entra-client, tenant: t, id: i, secret: '${env:OPENAI_API_KEY}', scope: s, "
          "token_url: 'http://127.0.0.1:1/t' } }\n"
          "  r: { models: ['gpt-*'], dialect: converse, region: eu-west-1, credentials: { type: "
          "aws, id: A, secret: '${env:OPENAI_API_KEY}', session_token: '${env:NO_SUCH:-}' } }\n")
          .load();
  INFO(report_text(result, {}));
  REQUIRE(result.ok());
  const CredentialSpec& file = result.spec->providers.at(0).credentials;
  CHECK(file.type == CredentialType::aws_file);
  CHECK(file.file.ends_with("f.ini"));
  CHECK(file.profile == "work");
  CHECK(result.spec->providers.at(0).betas == std::vector<std::string>{"a-*", "b"});
  const CredentialSpec& entra = result.spec->providers.at(1).credentials;
  CHECK(entra.type == CredentialType::entra_client);
  CHECK(entra.tenant + entra.id + entra.scope + entra.token_url == "tishttp://127.0.0.1:1/t");
  CHECK(!entra.secret.empty());
  CHECK(result.spec->providers.at(2).credentials.session_token.empty());
}

TEST_CASE("clouds: what cannot be") {
  struct Row {
    const char *said, *code;
  };
  const std::string with_keys =
      std::string("dialect: converse, region: eu-west-1, keys: '${env:OPENAI_API_KEY}', ") + aws;
  const std::string elsewhere =
      std::string("platform: vertex, base_url: 'https://v', region: eu-west-1, ") + aws;
  const std::string nowhere = std::string("dialect: converse, base_url: 'https://b', ") + aws;
  const Row rows[] = {
      {"dialect: converse", "C0104"},
      {"platform: vertex, region: europe-west1", "C0104"},
      {nowhere.c_str(), "C0104"},
      {"base_url: 'https://x', credentials: { type: google-service-account }", "C0104"},
      {"base_url: 'https://x', credentials: { id: a }", "C0104"},
      {"dialect: converse, region: eu-west-1, credentials: { type: google-metadata }", "C0430"},
      {with_keys.c_str(), "C0430"},
      {elsewhere.c_str(), "C0430"},
      {"dialect: converse, region: 'eu-west-1/../x'", "C0230"},
      {"platform: vertex, project: 'A b', region: eu-west-1", "C0230"},
      {"platform: azure, base_url: 'https://x', api_version: '2024&x=1'", "C0230"},
      {"platform: mars, base_url: 'https://x'", "C0203"},
      {"base_url: 'https://x', credentials: { type: magic }", "C0203"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.said);
    const LoadResult result = world_of(std::string(head) + row.said + " }\n").load();
    INFO(report_text(result, {}));
    CHECK_FALSE(result.ok());
    REQUIRE_FALSE(result.diagnostics.empty());
    CHECK(std::string(result.diagnostics[0].code) == row.code);
  }
}

}  // namespace steelyard::test
