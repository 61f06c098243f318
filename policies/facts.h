#pragma once
// All that a policy may see of a request. No prompt text; a flat value the decision log can hold
// and replay can feed.
#include <cstdint>
#include <span>
#include <string_view>

#include "config/types/instant.h"

namespace steelyard::policies {

// Views point into the request or the configuration and live as long as the request.
struct RequestFacts {
  std::string_view organisation, team, key;
  std::string_view requested_model;  // as the client wrote it: a model, "auto", "tier:standard"
  std::string_view client;           // "openai-python", "claude-code", ...; "" unknown
  std::string_view client_version;   // "2.1.330", as the client says it; "" unknown
  // What a coding agent says the request is for: "main", "subagent", "workflow", "compaction",
  // "auxiliary" (titles, summaries), "prewarm", or another word of its own; "" not said.
  std::string_view request_class;
  std::string_view agent;  // kind of the agent that asks: "Explore", "Plan", ...; "" not said
  std::string_view tags;   // comma-separated, from x-steelyard-tags
  // x-steelyard-session, the agent's own header, prompt_cache_key or user; else, of a conversation
  // with tools or thinking, a name made from who asks and how it begins. "" none.
  std::string_view session;
  std::string_view task;                // x-steelyard-task
  std::string_view tier_header;         // x-steelyard-tier
  std::int64_t input_tokens = 0;        // as counted
  std::int64_t input_tokens_upper = 0;  // upper bound used for admission
  std::int64_t output_tokens_max = 0;   // asked by the client; 0: not given
  std::int32_t turns = 0;               // messages
  std::int32_t user_turns = 0;          // messages a user wrote, tool results not counted
  // Of the input, what the model that served this conversation last may still have in its cache.
  std::int64_t warm_tokens = 0;
  std::int32_t choices = 1;  // n
  bool tools = false, images = false, stream = false, structured_output = false, reasoning = false;
  bool tool_loop = false;      // last message is a tool result
  bool signed_blocks = false;  // the history holds thinking that its provider signed or encrypted
  Instant now;                 // for hours and weekdays; given, never read
  // Seconds east of UTC at `now`, one per RuleSet::zones() and in its order. Policies know no time
  // zones; whoever fills the facts does. A zone without an entry is taken as UTC.
  std::span<const std::int32_t> zone_offsets;
};

}  // namespace steelyard::policies
