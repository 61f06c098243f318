#pragma once
// The fields of a chat request that are objects or arrays: tools, tool_choice, response_format.
// Each takes the value that is current; false: refused.
#include "gateway/dialect/hub_read.h"

namespace steelyard::dialect::openai {

bool read_hub_tools(hub::Document& document, const Where& where, hub::Request& out);
// The deprecated `functions`; `tools` wins when both are there.
bool read_hub_functions(hub::Document& document, const Where& where, hub::Request& out);
bool read_hub_tool_choice(hub::Document& document, const Where& where, hub::Request& out);
bool read_hub_format(hub::Document& document, const Where& where, hub::Request& out);

}  // namespace steelyard::dialect::openai
