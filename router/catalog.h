#pragma once
// Models, their targets and who may use them, compiled from the configuration into flat arrays.
// Immutable once compiled; workers share it.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec/gateway_spec.h"
#include "policies/model_mask.h"
#include "policies/name_table.h"
#include "policies/problem.h"
#include "router/input_counts.h"
#include "router/prices.h"
#include "router/quick_rows.h"
#include "router/tokens/framing.h"

namespace steelyard::router {

using policies::ModelMask;
inline constexpr std::size_t targets_max = 4096;
inline constexpr std::int32_t no_target = -1;

// One model of the catalogue; its index is the one in GatewaySpec::models and in every ModelMask.
struct Model {
  std::string name, vendor;
  std::uint64_t id = 0;             // stable across reloads
  std::int64_t context_tokens = 0;  // 0: unknown, not checked
  std::int64_t output_tokens_max = 0;
  std::int64_t cache_min_tokens = 0;
  std::int32_t token_ratio_percent = 100;
  std::int32_t token_upper_percent =
      100;                    // the most its tokenizer is known to make of the same text
  Framing framing;            // what its provider adds to the text
  std::uint32_t refuses = 0;  // bits of Catalog::parameters()
  std::uint32_t tiers = 0;    // bit t: keeps the promise of tier t
  std::uint32_t rank = 0;     // position among all names: breaks ties
  std::int32_t target_first = 0, target_count = 0;
  Capabilities can;
  bool scored = false;
  double score = 0, standard_error = 0;
  PriceTable prices;

  bool meets(std::int32_t tier) const { return tier >= 0 && (tiers >> tier & 1u) != 0; }
  // Tokens of this model for `counted` tokens of the gateway's counter, rounded up.
  std::int64_t tokens_from(std::int64_t counted) const {
    return token_ratio_percent == 100 ? counted : (counted * token_ratio_percent + 99) / 100;
  }
  // What admission counts with: never below tokens_from.
  std::int64_t tokens_at_most(std::int64_t counted) const {
    return token_upper_percent == 100 ? counted : (counted * token_upper_percent + 99) / 100;
  }
};

// A model at a provider.
struct Target {
  std::int32_t model = 0, provider = 0;  // provider: index into GatewaySpec::providers
  std::string upstream_name;             // what the provider calls the model
  std::string dialect;                   // of the provider: "openai", "anthropic", ...
  bool marked_cache = false;  // writes its prompt cache only where the client marked it (Anthropic)
};

struct Tier {
  std::string name;
  double min_score = 0, confidence = 0.5;
};

class Catalog {
 public:
  std::span<const Model> models() const { return models_; }
  std::span<const Target> targets() const { return targets_; }  // those of one model stand together
  std::span<const Tier> tiers() const { return tiers_; }
  std::span<const std::string> providers() const { return providers_; }
  const Model& model(std::int32_t index) const { return models_[static_cast<std::size_t>(index)]; }
  const Target& target(std::int32_t index) const {
    return targets_[static_cast<std::size_t>(index)];
  }
  const Target* targets_of(const Model& m) const { return targets_.data() + m.target_first; }

  std::int32_t find_model(std::string_view name) const { return numbers_.find(name); }  // -1: none
  // The target of this model at this provider; no_target when there is none.
  std::int32_t find_target(std::int32_t model, std::int32_t provider) const;

  // Request parameters that some model refuses ("temperature"): the gateway sets bit i of
  // PlanInput::parameters when the request carries parameters()[i]. At most 32.
  std::span<const std::string> parameters() const { return parameters_; }

  const ModelMask& served() const { return served_; }  // some provider serves it
  const ModelMask& tier_mask(std::int32_t tier) const {
    return tier_masks_[static_cast<std::size_t>(tier)];
  }

  // Served models of some tier, the best tier first, within it the dearest by list price (three
  // tokens in, one out): where the counterfactual of `auto` is looked for. Not by this request's
  // cost, so that reports of a month compare with one model.
  std::span<const std::int32_t> premium() const { return premium_; }

  // The same figures once more, as plan_quick.cpp wants them.
  const QuickRows& quick() const { return quick_; }

  // What a request is in each model's tokens.
  const InputRows& inputs() const { return inputs_; }
  // The gateway's own tokenizer with usual frames: what policies see, before there is a model.
  const Framing& own_framing() const { return own_framing_; }

  // Models that pass `allow` and not `deny` (globs over names).
  ModelMask mask_of(std::span<const std::string> allow, std::span<const std::string> deny) const;
  // What a key may use: its own lists and its team's. For the gateway's table of principals.
  ModelMask access_of(const TeamSpec& team, const KeySpec& key) const;

 private:
  friend class CatalogCompiler;
  std::vector<Model> models_;
  std::vector<Target> targets_;
  std::vector<Tier> tiers_;
  std::vector<std::string> providers_, parameters_;
  std::vector<ModelMask> tier_masks_;
  std::vector<std::int32_t> premium_;
  ModelMask served_;
  QuickRows quick_;
  InputRows inputs_;
  Framing own_framing_ = framing_of({});
  policies::NameTable numbers_;
};

struct CompiledCatalog {
  Catalog catalog;
  std::vector<policies::Problem> problems;
};

// Codes: R0301 limits, R0302 twice the same name, R0303 nobody serves a model (warning), R0304 a
// tier no model meets (warning), R0305 a glob of a provider, team or key that matches no model
// (warning), R0306 prices overlap, are missing, or have too many cliffs, R0307 tier out of range.
CompiledCatalog compile_catalog(const GatewaySpec& spec);

// The number of standard errors that leaves `confidence` (0 < c < 1) of a normal distribution below
// it.
double z_of(double confidence);

}  // namespace steelyard::router
