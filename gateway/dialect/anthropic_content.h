#pragma once
// The content of a message in Anthropic's dialect: a string, or an array of typed blocks
// (research/wire 1.2.4). A block of a type the gateway does not know is kept whole, as `native`.
#include "gateway/dialect/hub_read.h"

namespace steelyard::dialect::anthropic {

// Takes the value that is current and appends its parts to out.parts (those inside tool results to
// out.nested). False: refused.
bool read_content(hub::Document& document, const Where& where, hub::Request& out);

}  // namespace steelyard::dialect::anthropic
