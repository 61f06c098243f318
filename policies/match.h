#pragma once
// One rule against one request; only policies/*.cpp include it.
#include <cstdint>
#include <string>

#include "policies/facts.h"
#include "policies/rule_set.h"

namespace steelyard::policies {

// What the client asked for, looked up once.
struct Asked {
  bool automatic = false;
  std::int32_t model = no_model;
  std::int32_t tier = no_tier;         // "tier:NAME"
  std::int32_t header_tier = no_tier;  // x-steelyard-tier
  bool unknown_model = false;
};

// The condition of a rule that failed first; `none`: it matches.
enum class Miss : std::uint8_t {
  none,
  flags,
  input_tokens,
  output_tokens,
  turns,
  user_turns,
  model,
  time,
  organisation,
  team,
  key,
  client,
  client_version,
  request_class,
  agent,
  tag,
};

std::uint8_t flags_of(const RequestFacts& facts);
Miss match(const Rule& rule, const RequestFacts& facts, const Asked& asked, std::uint8_t flags);
// The same in two parts: who asks, and everything else.
Miss match_key(const Rule& rule, const RequestFacts& facts);
bool matches_but_key(const Rule& rule, const RequestFacts& facts, const Asked& asked,
                     std::uint8_t flags);

struct LocalTime {
  std::int32_t minute = 0;
  std::int32_t weekday = 0;  // 0 Monday
};
LocalTime local_time(const RequestFacts& facts, std::uint16_t zone);

// One clause: "input tokens 5000, not below 4000".
std::string miss_text(Miss miss, const Rule& rule, const RequestFacts& facts, const RuleSet& rules);
// One clause: what a matching rule did. "tier standard, 3 models".
std::string match_text(const Rule& rule, const RuleSet& rules);

}  // namespace steelyard::policies
