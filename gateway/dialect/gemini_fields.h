#pragma once
// Fields of generateContent beside the conversation. Used by gemini_request.cpp.
#include "gateway/dialect/gemini_room.h"
#include "gateway/dialect/hub_read.h"

namespace steelyard::dialect::gemini {

bool read_tools(hub::Document& document, const Where& where, hub::Request& out);
bool read_tool_config(hub::Document& document, const Where& where, hub::Request& out);
bool read_generation_config(hub::Document& document, const Where& where, hub::Request& out);

// The schema with type names in lower case; itself if they are.
std::string_view plain_schema(std::string_view schema, TextRoom& room);

}  // namespace steelyard::dialect::gemini
