#pragma once
// A configuration compiled for serving: immutable, shared by all workers, replaced as a whole on
// reload. A request keeps the one it began with.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/spec/gateway_spec.h"
#include "config/types/instant.h"
#include "config/types/result.h"
#include "config/types/secret.h"
#include "gateway/auth.h"
#include "gateway/dialect/fields.h"
#include "gateway/dialect/hub.h"
#include "gateway/net/dialer.h"
#include "gateway/pass_through.h"
#include "gateway/plans.h"
#include "gateway/provider_paths.h"
#include "gateway/state_makers.h"
#include "gateway/store/books.h"
#include "gateway/telemetry/labels.h"
#include "policies/rule_set.h"
#include "router/catalog.h"

namespace steelyard {

namespace cloud {
class TokenSource;
}
namespace router {
class Vocabulary;
class Zone;
}  // namespace router

// Who a key belongs to and what it may do.
struct Principal {
  std::string organisation, team, key;
  std::uint64_t key_hash = 0;  // policies::stable_hash(key)
  // Of organisation and team: who may go on from an answer that a provider keeps (kept_answers.h).
  std::uint64_t owner_hash = 0;
  store::Chain chain;                        // budgets its requests count against
  std::vector<store::Condition> conditions;  // and those that count some of them only
  store::RateChain rates;                    // how many requests and tokens it may begin
  std::string user;                          // whose key it is; "": nobody's
  bool trust_user = false;                   // its requests may say who their user is
  policies::ModelMask access;                // models it may use for chat
  policies::ModelMask embeddings;            // and those that make vectors
  policies::KeyRules rules;                  // policies that may apply to it
  std::vector<PassRule> pass_through;
  const TeamPlan* plan = nullptr;  // what its team has bought; null: nothing
  bool may_explain = false;
  bool tier_follows_budget = false;  // some budget has a `max_tier` threshold
  bool tier_follows_pace = false;    // some budget has a pace
};

struct ProviderRuntime {
  std::string name;
  net::Origin origin;
  // Head of a chat request up to and with "content-length: ", one per key (one if there is none).
  // Without its first line where that names the model.
  // Holds the key, so it is a secret.
  std::vector<Secret> chat_heads;
  // The same without request line and framing, for paths of every kind (forward.h). Secrets, too.
  std::vector<Secret> auth_heads;
  std::string base_path;  // of its base URL: "/v1", no slash at the end
  ProviderPath path;
  Platform platform = Platform::vendor;
  std::string host;                            // as its head field has it
  std::vector<std::string> betas;              // globs over `anthropic-beta`; empty: all
  std::shared_ptr<cloud::TokenSource> tokens;  // null: keys are all it needs
  std::string region;                          // Bedrock's signatures name it
  // Members that every chat request's body gets: name, JSON (dialect/fixed_members.h).
  std::vector<std::pair<std::string, std::string>> body;
  bool fits_bodies = false;                  // something of a body that is built may have to change
  std::vector<RateHeaderSpec> rate_headers;  // empty: there is one key, which cannot rest
  ProviderQuirks quirks;
  dialect::hub::Wire wire = dialect::hub::Wire::openai_chat;
  std::size_t connections_max = 1024;
  telemetry::ProviderId label = telemetry::other_label;
};

struct Runtime {
  GatewaySpec spec;
  policies::RuleSet rules;
  router::Catalog catalog;
  std::vector<Principal> principals;
  std::unique_ptr<KeyTable> keys;
  std::vector<std::unique_ptr<TeamPlan>> plans;  // by team; null: none
  std::vector<ProviderRuntime> providers;
  std::vector<telemetry::TargetId> target_labels;  // by target of the catalogue
  std::vector<std::uint64_t> target_hashes;  // by target: of its names, the same after a reload
  std::vector<std::string> target_lines;     // by target: who answers, as checked head lines
  std::vector<std::string> policy_lines;     // by rule
  std::vector<telemetry::PolicyId> policy_labels;  // by rule
  StateMakers makers;
  // By bit of Catalog::parameters(); nothing where the dialect has no such field.
  std::vector<std::optional<dialect::Field>> parameters;
  std::vector<std::shared_ptr<const router::Zone>> zones;  // by RuleSet::zones()
  // By model: its own vocabulary; null where there is none or it is o200k_base.
  std::vector<std::shared_ptr<const router::Vocabulary>> vocabularies;
  bool marks_matter = false;  // some target writes its cache only where the client marked it
  Instant loaded_at;
  std::uint64_t generation = 0;
};

// Compiles `spec`, installs its budgets in `books`, opens TLS contexts and zone files. Fails before
// anything is changed; the text names what is wrong.
Result<std::shared_ptr<const Runtime>> build_runtime(GatewaySpec spec, store::Books& books,
                                                     telemetry::Labels& labels, Instant now,
                                                     std::uint64_t generation);

}  // namespace steelyard
