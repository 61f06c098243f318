#pragma once
// One citation of Anthropic's: on a text of an answer, or in a `citations_delta`.
#include <string_view>

#include "gateway/dialect/hub_citation.h"
#include "gateway/dialect/hub_json.h"

namespace steelyard::dialect::anthropic {

// False: no JSON object, or of a kind that is not known.
bool read_citation(std::string_view json, hub::Citation& out);

// A page that Anthropic did not find itself has no index of its: hub::foreign_index stands in its
// place, so that the citation is known when the client sends it back.
void write_citation(hub::PieceWriter& json, const hub::Citation& citation);

}  // namespace steelyard::dialect::anthropic
