#pragma once
// Tools that run at the provider and are billed by the piece: what of them a request allows.
#include <cstdint>
#include <string_view>

#include "gateway/dialect/hub.h"

namespace steelyard::dialect::hub {

// Searches of the web that a request allows: the sum of its tools' limits (Anthropic's `max_uses`,
// OpenAI's `max_tool_calls`); -1: allowed and not limited; 0: it has no such tool.
std::int32_t web_searches_allowed(const Request& request);

// Does it allow other tools that the provider runs for a fee by the call, the hour or the picture?
bool has_unpriced_tools(const Request& request);

// Is this item of a Responses answer (its type, and all of it) a search that OpenAI bills? A call
// that opens a page or looks for words in one is not.
bool is_billed_search(std::string_view type, std::string_view item);

// Queries that Google searched for: of a candidate's raw `groundingMetadata`.
std::int64_t grounding_queries(std::string_view metadata);

}  // namespace steelyard::dialect::hub
