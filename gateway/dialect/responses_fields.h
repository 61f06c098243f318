#pragma once
// The fields of an OpenAI Responses request that are objects or arrays: tools, tool_choice, text,
// reasoning. Each takes the value that is current; false: refused.
#include <list>
#include <string>

#include "gateway/dialect/hub_read.h"

namespace steelyard::dialect::responses {

// Texts that stand nowhere in the body: flat names, descriptions with a grammar. They live as long
// as the hub request that looks into them.
using MadeTexts = std::list<std::string>;

// Appends to out.tools. Namespaces become flat names, twice the same one is refused; custom tools
// get their grammar into their description.
bool read_tools(hub::Document& document, const Where& where, MadeTexts& made, hub::Request& out);
bool read_tool_choice(hub::Document& document, const Where& where, hub::Request& out);
bool read_text(hub::Document& document, const Where& where, hub::Request& out);
bool read_reasoning(hub::Document& document, const Where& where, hub::Request& out);

}  // namespace steelyard::dialect::responses
