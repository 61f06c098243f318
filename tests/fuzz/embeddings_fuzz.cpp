// Embeddings and legacy completions: requests of any bytes are refused or written in both shapes as
// JSON; answers of any bytes never trip the reader.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gateway/dialect/embeddings.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/legacy_completion.h"

using namespace steelyard::dialect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  for (const EmbeddingShape shape :
       {EmbeddingShape::openai, EmbeddingShape::gemini_one, EmbeddingShape::gemini_batch}) {
    EmbeddingRequest request;
    if (!read_embedding_request(body, shape, request)) continue;
    for (const EmbeddingShape to : {EmbeddingShape::openai, EmbeddingShape::gemini_batch}) {
      std::string out;
      const bool own = (to == EmbeddingShape::openai) == (shape == EmbeddingShape::openai);
      if (!write_embedding_request(out, request, to, "m")) continue;
      if (!own && !hub::is_json(out)) std::abort();
    }
    EmbeddingAnswer answer;
    read_embedding_answer(body, answer);
    std::string told;
    if (answer.valid) (void)write_embedding_answer(told, request, answer, "m", 1);
  }
  LegacyCompletion completion;
  (void)read_legacy_completion(body, completion);
  return 0;
}
