#pragma once
// The fields of an Anthropic request that are objects: tools, tool_choice, thinking, output_config,
// metadata. Each takes the value that is current; false: refused.
#include "gateway/dialect/hub_read.h"

namespace steelyard::dialect::anthropic {

bool read_tools(hub::Document& document, const Where& where, hub::Request& out);
bool read_tool_choice(hub::Document& document, const Where& where, hub::Request& out);
bool read_thinking(hub::Document& document, const Where& where, hub::Request& out);
bool read_output_config(hub::Document& document, const Where& where, hub::Request& out);
bool read_output_format(hub::Document& document, const Where& where, hub::Request& out);
bool read_metadata(hub::Document& document, const Where& where, hub::Request& out);

}  // namespace steelyard::dialect::anthropic
