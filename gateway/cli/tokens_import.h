#pragma once
// `steelyard tokens import`: reads a tokenizer as it is published and writes a packed vocabulary.
#include <optional>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "router/tokens/vocabulary_import.h"

namespace CLI {
class App;
}

namespace steelyard::cli {

// A tokenizer.json (byte-level BPE, or SentencePiece of Gemma's shape), a tekken.json of Mistral,
// or a .tiktoken file. `pattern` says which pattern cuts text into pieces where the file does not
// say so, or against what it says.
Result<router::PublishedVocabulary> read_published(std::string_view file,
                                                   std::optional<router::PatternId> pattern);

// Adds `import` to the command `tokens`.
void add_tokens_import(CLI::App& tokens, int& exit_code);

}  // namespace steelyard::cli
