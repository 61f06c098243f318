#pragma once
// Policies as YAML says them; policies/compile turns them into rules.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/types/span.h"

namespace steelyard {

struct TokenRange {
  std::optional<std::int64_t> below;  // strictly
  std::optional<std::int64_t> at_least;
};

// All conditions given must hold; a list holds if any of its globs matches. An empty `when` always
// matches.
struct WhenSpec {
  std::vector<Located<std::string>> organisation, team, key;  // globs over ids
  std::vector<Located<std::string>> model;  // globs over what the client asked for
  std::vector<Located<std::string>>
      client;  // globs over the client's name ("claude-code", "openai-python")
  std::vector<Located<std::string>> client_version, request_class, agent;  // globs; see facts.h
  std::vector<Located<std::string>> tag;  // globs over x-steelyard-tags
  std::optional<bool> tools, images, stream, structured_output, reasoning, tool_loop, warm;
  std::optional<bool> signed_blocks;
  std::optional<TokenRange> input_tokens, output_tokens;
  std::optional<TokenRange> turns;  // messages in the conversation
  std::optional<TokenRange> user_turns;
  std::vector<std::string> weekdays;  // "mon" ... "sun"
  std::optional<std::string> hours;   // "08:00-18:00", may wrap midnight
  std::string time_zone = "UTC";      // for weekdays and hours
};

enum class EscalateOn : std::uint8_t {
  empty = 1,
  refusal = 2,
  truncated = 4,
  invalid_json = 8,
  malformed_tool_call = 16
};

struct UseSpec {
  std::optional<Located<std::string>> tier;
  std::vector<Located<std::string>> models;   // globs: only these
  std::vector<Located<std::string>> exclude;  // globs: never these
  std::optional<std::int64_t> output_tokens_max;
  std::uint8_t escalate_on = 0;  // bits of EscalateOn
  bool sticky = false;           // session: sticky
  bool reject_losses = false;    // on_loss: reject
  bool lower_output = false;     // over_budget: lower
  bool override_model = false;   // re-route also when the client named a real model
  std::vector<std::string> tags;
};

struct PolicySpec {
  std::string name;
  WhenSpec when;
  std::optional<UseSpec> use;
  std::optional<std::string> deny;  // reason shown to the caller; exclusive with `use`
  bool then_continue =
      false;  // true: later policies may add to this one; false: first match decides
  SourceSpan at;
};

}  // namespace steelyard
