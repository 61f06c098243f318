#pragma once
// `contents` and `systemInstruction` into hub messages. Used by gemini_request.cpp.
#include "gateway/dialect/gemini_room.h"
#include "gateway/dialect/hub_read.h"

namespace steelyard::dialect::gemini {

// One content; `number` is its place among the contents, and names calls that have no id.
// `system`: its role says nothing.
bool read_content(hub::Document& document, const Where& where, std::size_t number, bool system,
                  TextRoom& room, hub::Request& out);

}  // namespace steelyard::dialect::gemini
