#pragma once
// The tokenizer.json of a SentencePiece vocabulary (`byte_fallback`: Gemma's shape).
#include "config/types/result.h"
#include "router/tokens/vocabulary_import.h"

namespace simdjson::dom {
class element;
}

namespace steelyard::cli {

// What counts otherwise than sentence_rules.h says is refused by name: other normalisers (a blank
// put before the text), other splits, merges that depend on chance, bytes that are no token.
Result<router::PublishedVocabulary> read_sentence(const simdjson::dom::element& document);

}  // namespace steelyard::cli
