#pragma once
// Embeddings, in OpenAI's shape (POST /v1/embeddings) and Gemini's (:embedContent,
// :batchEmbedContents): requests read strictly, and both of them and their answers written for the
// other (research/wire 1.6). Between two providers of one shape the bytes pass as they are.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/result.h"
#include "gateway/dialect/chat.h"
#include "gateway/dialect/hub_dropped.h"
#include "gateway/dialect/lost_fields.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect {

enum class EmbeddingShape : std::uint8_t {
  openai,
  gemini_one,
  gemini_batch,
  // Providers' only (embeddings_cloud.cpp).
  vertex,  // `predict`
  titan,   // Amazon's own on Bedrock: one input a request
  cohere,  // on Bedrock
};

// Views point into the body.
struct EmbeddingRequest {
  std::string_view body;
  EmbeddingShape shape = EmbeddingShape::openai;
  std::string_view model;                 // unescaped, a model token; "" where the path names it
  ByteRange model_token;                  // with its quotes
  std::string_view user;                  // OpenAI: who asks, escaped; "": not said
  std::vector<std::string_view> texts;    // escaped; in OpenAI's order, of Gemini all parts
  std::vector<std::uint32_t> text_input;  // by text: the input it belongs to
  std::int64_t given_tokens = 0;          // of inputs that came as token numbers
  std::uint32_t inputs = 0;
  std::int64_t dimensions = 0;  // 0: not said
  bool base64 = false;          // OpenAI: encoding_format
  bool tokens = false;          // some input came as token numbers: no other dialect takes those
  hub::Dropped lost;            // what only the shape that it came in has
  LostFields unknown;           // such fields by name

  void clear();
};

// What one request may ask for at most: OpenAI's own bound on inputs.
inline constexpr std::size_t embedding_inputs_max = 2'048;

// Fails with bad_request, naming the place by JSON pointer.
Result<void> read_embedding_request(std::string_view body, EmbeddingShape shape,
                                    EmbeddingRequest& out);

// The provider's body: the client's with another model, or written anew. `upstream_model`: the
// provider's name of it. Fails for token numbers that a Gemini provider would have to take.
Result<void> write_embedding_request(std::string& out, const EmbeddingRequest& request,
                                     EmbeddingShape provider, std::string_view upstream_model);

// The shape a model of Bedrock wants, by its id; `openai` for none that makes vectors.
EmbeddingShape bedrock_shape(std::string_view model);
// The same for `vertex` and what follows it. Fails also for more inputs than the model takes.
Result<void> write_cloud_embedding_request(std::string& out, const EmbeddingRequest& request,
                                           EmbeddingShape provider);

// What an answer says, in any shape.
struct EmbeddingAnswer {
  bool valid = false;
  ReportedUsage usage;
  std::vector<std::string_view> vectors;  // raw arrays of numbers, or escaped base64
  bool base64 = false;                    // the vectors are
};
void read_embedding_answer(std::string_view body, EmbeddingAnswer& out);

// The answer for the client. `model`: what it is told; `input_tokens`: of OpenAI's usage.
// False: a vector is no array of numbers.
bool write_embedding_answer(std::string& out, const EmbeddingRequest& request,
                            const EmbeddingAnswer& answer, std::string_view model,
                            std::int64_t input_tokens);

}  // namespace steelyard::dialect
