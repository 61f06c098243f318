#pragma once
// The `input` of an OpenAI Responses request: a text, or items of many types, one after the other
// (research/wire 1.3). What belongs to one turn of the assistant becomes one message of the hub.
#include "gateway/dialect/responses_fields.h"

namespace steelyard::dialect::responses {

// Takes the value that is current and appends to out.messages, parts and nested; tools that come as
// an item to out.tools. False: refused.
bool read_input(hub::Document& document, const Where& where, MadeTexts& made, hub::Request& out);

// A content value, a string or an array of parts, onto `out`. Parts of an unknown type are native.
bool read_content(hub::Document& document, const Where& where, std::vector<hub::Part>& out);

}  // namespace steelyard::dialect::responses
