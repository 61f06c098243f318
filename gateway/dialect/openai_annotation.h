#pragma once
// Annotations of OpenAI's answers that name a source: `url_citation`, and `file_citation` of
// Responses. Chat nests what Responses has flat.
#include <string_view>

#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/hub_citation.h"
#include "gateway/dialect/hub_json.h"

namespace steelyard::dialect::openai {

// One of either dialect. False: no JSON object, or another kind, as file_path.
bool read_annotation(std::string_view json, hub::Citation& out);

// Chat's has a URL; of Responses a citation without one becomes a file_citation.
void write_chat_annotation(hub::PieceWriter& json, const hub::Citation& citation);
void write_responses_annotation(hub::PieceWriter& json, const hub::Citation& citation);

// `json`: an array of annotations, or of plain URLs, to the sink as citations of that choice whose
// positions count `span`. Returns false if some are of a kind that is not known.
bool send_annotations(std::string_view json, std::uint32_t choice, hub::Span span,
                      hub::EventSink& sink);

}  // namespace steelyard::dialect::openai
