#pragma once
// Policies compiled for evaluation: globs over models are bit sets, tiers are numbers, flags are
// one word.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/span.h"
#include "policies/glob.h"
#include "policies/model_mask.h"
#include "policies/name_table.h"
#include "policies/verdict.h"

namespace steelyard::policies {

inline constexpr std::size_t rules_max = 4096;
inline constexpr std::size_t tiers_max = 32;

// Request flags, one bit each.
enum Flag : std::uint8_t {
  flag_tools = 1,
  flag_images = 2,
  flag_stream = 4,
  flag_structured = 8,
  flag_reasoning = 16,
  flag_tool_loop = 32,
  flag_signed = 64,
  flag_warm = 128
};

struct Bounds {  // both ends belong to it
  std::int64_t from = 0, to = INT64_MAX;
  bool holds(std::int64_t value) const { return value >= from && value <= to; }
  bool always() const { return from <= 0 && to == INT64_MAX; }
};

struct GlobList {  // empty: no condition
  std::vector<Glob> globs;
  bool empty() const { return globs.empty(); }
  bool matches(std::string_view text) const;
};

// What the client may ask for: catalogue models as bits, `auto`, and each `tier:NAME`. The globs
// are kept for names the catalogue does not have: a rule may re-route retired models.
struct ModelCondition {
  bool given = false;
  bool automatic = false;
  std::uint32_t tiers = 0;
  ModelMask models;
  GlobList globs;
};

struct TimeCondition {
  bool given = false;
  std::uint8_t weekdays = 0x7F;  // bit 0 Monday
  std::int16_t minute_from = 0;  // [from, to); from > to wraps midnight
  std::int16_t minute_to = 1440;
  std::uint16_t zone = 0;  // index into RuleSet::zones()
};

struct Rule {
  std::string name;
  std::uint64_t route = 0;
  SourceSpan at;
  // when
  std::uint8_t flags_mask = 0, flags_value = 0;
  Bounds input_tokens, output_tokens, turns, user_turns;
  TimeCondition time;
  ModelCondition model;
  GlobList organisation, team, key, client, client_version, request_class, agent, tag;
  // then
  bool deny = false;
  bool then_continue = false;
  bool override_model = false;
  bool sticky = false;
  bool reject_losses = false;
  bool lower_output = false;
  std::uint8_t escalate_on = 0;
  std::int32_t tier = no_tier;
  std::int64_t output_tokens_max = 0;
  ModelMask only = ModelMask::all();                                   // `models`
  ModelMask never;                                                     // `exclude`
  ModelMask allowed = ModelMask::all(), not_never = ModelMask::all();  // only - never, all - never
  std::string deny_reason;
  std::vector<std::string> tags;
};

// Numbers of rules, ascending.
struct KeyRules {
  std::vector<std::uint16_t> numbers;
};

class RuleSet {
 public:
  const std::vector<Rule>& rules() const { return rules_; }
  // IANA zones the rules speak of; [0] is "UTC". RequestFacts::zone_offsets follows this order.
  const std::vector<std::string>& zones() const { return zones_; }
  const std::vector<std::string>& tiers() const { return tiers_; }
  const std::vector<std::string>& models() const { return models_; }
  std::int32_t default_tier() const { return default_tier_; }

  std::int32_t find_model(std::string_view name) const { return model_numbers_.find(name); }
  std::int32_t find_tier(std::string_view name) const { return tier_numbers_.find(name); }

  // Numbers of the rules that may match a request of this team, ascending: a rule naming other
  // teams literally is left out. What makes 300 rules cheap.
  std::span<const std::uint16_t> rules_for(std::string_view team) const;

  // The rules whose conditions on organisation, team and key hold for this key: worked out once
  // per key, so that a request is not asked who it is from.
  KeyRules rules_of(std::string_view organisation, std::string_view team,
                    std::string_view key) const;

 private:
  friend class Compiler;
  std::vector<Rule> rules_;
  std::vector<std::string> zones_{"UTC"};
  std::vector<std::string> tiers_, models_;
  NameTable model_numbers_, tier_numbers_, team_numbers_;
  std::vector<std::vector<std::uint16_t>> by_team_;  // [0]: teams no rule names
  std::int32_t default_tier_ = no_tier;
};

}  // namespace steelyard::policies
