#pragma once
// The arguments of a call as the object that Anthropic, Gemini and Converse want. Chat and
// Responses have them as a text that should be a JSON object and need not be one.
#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"
#include "gateway/dialect/hub_json.h"

namespace steelyard::dialect::hub {

// Of an earlier turn's call: the object, or one that holds what it was instead. `scratch`: its
// memory is used.
void write_arguments(PieceWriter& json, const Part& part, std::string& scratch, Dropped& dropped);

// Of an answer's call, escaped: cut off by the token limit they are no JSON, and are kept, never
// dropped. `one_line`: no line ends between the tokens, where they would end an event's line.
void write_answered_arguments(PieceWriter& json, std::string_view escaped, bool custom_tool,
                              bool one_line);

}  // namespace steelyard::dialect::hub
