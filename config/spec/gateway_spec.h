#pragma once
// The whole configuration after loading: plain values, every default in place, nothing compiled
// yet.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/spec/budget_spec.h"
#include "config/spec/fleet_spec.h"
#include "config/spec/model_spec.h"
#include "config/spec/policy_spec.h"
#include "config/types/limits.h"
#include "config/types/secret.h"
#include "config/types/span.h"

namespace steelyard {

struct ListenSpec {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: the kernel chooses (tests)
};

struct TlsFiles {  // PEM
  std::string certificate, key;
};

struct AdminSpec {
  ListenSpec listen{"127.0.0.1", 8081};
  std::optional<Secret> token;  // required for /admin/* and, off loopback, for /metrics
};

struct TimeoutSpec {                    // milliseconds
  std::int64_t head = 10'000;           // whole request head, absolute
  std::int64_t body = 30'000;           // whole request body, absolute
  std::int64_t keep_alive = 75'000;     // idle client connection
  std::int64_t connect = 5'000;         // TCP and TLS to a provider
  std::int64_t first_byte = 120'000;    // provider's first byte after the request was sent
  std::int64_t stream_idle = 90'000;    // gap between two reads of a started answer
  std::int64_t stream_ping = 15'000;    // silence of a started stream until the client gets a sign
  std::int64_t stream_commit = 15'000;  // wait for content until the client gets the head without
  std::int64_t total = 600'000;         // whole request, retries included
  std::int64_t write_stall = 30'000;    // a client that does not read
  std::int64_t drain = 600'000;         // SIGTERM: how long open streams may go on
};

struct RetrySpec {
  std::int32_t attempts = 3;  // 1 to limits::attempts_max, first try included
  std::int64_t retry_after_max_ms =
      2'000;  // a hint above this goes to the next model instead of waiting
};

struct BreakerSpec {
  std::int32_t failures = 5;      // consecutive
  std::int64_t open_ms = 10'000;  // then one probe is let through
};

struct OverloadSpec {
  std::int64_t in_flight = 0;         // requests at once, all workers; 0: as many as files allow
  std::int64_t queue_delay_ms = 100;  // that a request may wait before a worker looks at it; 0: any
};

// Upstream wire differences that are data, not code.
struct ProviderQuirks {
  bool include_usage = true;           // accepts stream_options.include_usage
  bool max_completion_tokens = false;  // wants max_completion_tokens instead of max_tokens
  bool max_tokens_only = false;        // knows max_tokens alone; the other wins where both are set
  bool reasoning_exclusive = false;    // completion_tokens leaves reasoning out (xAI)
  bool count_tokens = true;            // its dialect's own endpoint that counts is there
  bool ends_without_done = false;      // a finish reason ends a stream (Perplexity, some TGI)
  // Of Chat, for requests that come in another dialect.
  bool reasoning_content = false;  // wants earlier thinking back (DeepSeek, Kimi, GLM, Qwen)
  bool reasoning_details = false;  // likewise, in its own shape (OpenRouter)
  bool system_anywhere = true;     // takes system messages behind others
  bool cache_marks = false;        // takes Anthropic's cache_control (OpenRouter, DashScope)
  bool top_k = false;
  bool short_tool_ids = false;  // takes ids of calls with nine letters and digits alone (Mistral)
};

// Where a provider wants its key.
enum class KeyField : std::uint8_t {
  by_dialect,  // as the dialect's own maker has it
  bearer,      // authorization: Bearer KEY
  x_api_key,
  x_goog_api_key,
  api_key,  // Azure
};

// Whose house a provider's models live in, where that changes its paths, bodies or credentials.
enum class Platform : std::uint8_t { vendor, azure, vertex, bedrock };

// Who says who we are, where it is not a key: tokens that are fetched and renewed, keys that sign.
enum class CredentialType : std::uint8_t {
  none,
  google_service_account,  // `secret`: the JSON file of the account, or gcloud's for a user
  google_metadata,         // of the machine, asked of its metadata server
  entra_client,            // `tenant`, `id`, `secret` of an application
  entra_managed_identity,  // of the machine; `id` where it has several
  aws,                     // `id`, `secret`, `session_token`
  aws_file,                // a shared credentials file, read again every minute
  aws_instance,            // of the machine's role, asked of EC2's metadata server
  aws_container,           // of the task's or pod's role, asked of its agent
};

struct CredentialSpec {
  CredentialType type = CredentialType::none;
  std::string id, tenant;
  Secret secret, session_token;
  std::string token_url, scope;           // "": the usual ones
  std::string file, profile = "default";  // aws_container: file of the agent's token
  SourceSpan at;
};

// Head fields of an answer that say what a key may still ask for, in lower case.
struct RateHeaderSpec {
  std::string remaining;  // a number; 0: nothing until `reset`
  std::string reset;      // "1s", "6m0s", "20ms", seconds, or a time; "": a minute from now
  SourceSpan at;
};

struct ProviderSpec {
  std::string name;
  std::string like;  // the preset it was completed from; "" none was named
  KeyField key_field = KeyField::by_dialect;
  std::string dialect = "openai";
  Platform platform = Platform::vendor;
  std::string api_version;        // Azure: "2024-10-21"; "": none is sent
  Located<std::string> base_url;  // https://api.openai.com/v1
  std::string region, project;    // of a cloud: make up the base URL where it is not said
  std::vector<Secret> keys;       // rotated; may be empty (self-hosted)
  bool one_account = false;       // all keys are: what was signed with one, another takes
  CredentialSpec credentials;     // instead of keys
  std::vector<std::pair<std::string, Secret>>
      headers;  // sent with every request, names in lower case
  // Members of every body, with their values as JSON, where the client did not say them.
  std::vector<std::pair<std::string, std::string>> body;
  std::vector<std::string> betas{"*"};   // globs over `anthropic-beta` values it takes
  std::vector<std::string> models{"*"};  // globs over catalogue names it serves
  // Catalogue name, or a pattern with one `*`, to the provider's own; a `*` there stands for what
  // the pattern's matched. A name wins over patterns, of these the longest.
  std::map<std::string, std::string> rename;
  std::string ca_file;                  // PEM bundle instead of the system's roots
  std::int32_t connections_max = 1024;  // per worker
  ProviderQuirks quirks;
  std::vector<RateHeaderSpec> rate_headers;  // empty: those its dialect's own maker sends
  SourceSpan at;
};

struct TierSpec {
  std::string name;
  double min_score = 0;
  double confidence = 0.5;  // 0.5: the score itself must reach min_score
  SourceSpan at;
};

enum class Durability : std::uint8_t {
  relaxed,  // written before the provider's first byte, synced in groups soon after
  strict,   // synced before the provider's first byte
};

struct LogSpec {
  std::string decisions = "decisions.jsonl";  // "-": standard output, "": off
  std::string level = "info";                 // operational log, standard error
};

struct AlertSpec {
  std::string webhook;           // URL; "": nobody is told
  std::optional<Secret> secret;  // signs what is told; without one it is not signed
};

struct LedgerSpec {
  std::string directory = "ledger";  // journal segments; "": memory only (demo, tests)
  Durability durability = Durability::relaxed;
  std::int64_t lease_ms = 900'000;    // hold without progress expires after this
  std::int32_t refusal_status = 429;  // or 402
};

// Requests with an `idempotency-key`.
struct IdempotencySpec {
  std::int64_t ttl_ms = 86'400'000;           // how long a key is remembered
  std::int64_t keys_max = 100'000;            // remembered at once
  std::int64_t memory_bytes = 64ll << 20;     // of answers kept to be repeated
  std::int64_t answer_bytes_max = 1ll << 20;  // a longer answer is not kept
};

// What happens to a request with a tool that runs at the provider for a fee that no price list here
// has, where money is limited.
enum class UnpricedTools : std::uint8_t { refuse, pass };

struct GatewaySpec {
  ListenSpec listen;
  std::optional<TlsFiles> tls;
  AdminSpec admin;
  std::int32_t workers = 0;  // 0: one per core
  std::int64_t body_bytes_max = static_cast<std::int64_t>(limits::request_body_bytes_max);
  // Of bodies that are passed through as they come, never held whole.
  std::int64_t pass_through_bytes_max = 512ll << 20;
  UnpricedTools unpriced_tools = UnpricedTools::refuse;
  std::int32_t web_searches_default = 10;  // held for a request that states no limit of them
  std::int64_t output_tokens_default =
      16'384;                        // hold for a request that names no maximum; injected upstream
  bool responses_websocket = false;  // OpenAI Responses may be asked over a WebSocket
  TimeoutSpec timeouts;
  RetrySpec retry;
  BreakerSpec breaker;
  OverloadSpec overload;
  LogSpec log;
  LedgerSpec ledger;
  std::optional<FleetSpec> fleet;  // none: this process is alone
  AlertSpec alerts;
  IdempotencySpec idempotency;
  std::vector<ModelSpec> models;  // all catalogues, merged
  std::string catalog_as_of;      // ISO date of the oldest catalogue's prices; "" not said
  std::vector<ProviderSpec> providers;
  std::vector<TierSpec> tiers;  // in ascending min_score
  std::string default_tier;  // for `auto` when no policy decides; "" : cheapest of the lowest tier
  std::vector<OrganisationSpec> organisations;
  std::vector<PolicySpec> policies;  // in file and document order
  std::vector<std::string> files;    // what SourceSpan::file indexes
  std::string digest;  // hex, over all file contents: names the configuration in every receipt
};

}  // namespace steelyard
