#pragma once
// What YAML holds before it is complete: the loader turns drafts into specs once every file is
// read.
#include <optional>
#include <string>
#include <vector>

#include "config/spec/gateway_spec.h"

namespace steelyard {

// One entry of `policies:`: a file pattern or a policy written in place.
struct PolicySource {
  Located<std::string> pattern;
  std::optional<PolicySpec> policy;
};

struct GatewayDraft {
  GatewaySpec spec;
  std::vector<Located<std::string>> catalog;
  std::vector<PolicySource> policies;
  SourceSpan listen_at, admin_at, ledger_at, default_tier_at;
};

struct ScoreOverride {
  std::string name;  // of the model
  Score score;
  SourceSpan at;
};

struct CatalogDraft {
  std::string as_of;
  std::vector<ModelSpec> models;
  std::vector<ScoreOverride> scores;
};

struct PolicyFileDraft {
  std::vector<PolicySpec> policies;
};

}  // namespace steelyard
