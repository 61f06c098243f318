#pragma once
// Embeddings of the pretend provider, in OpenAI's shape and Gemini's: vectors made from the text's
// bytes, the same for the same text. Pure. Internal to gateway/mock.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steelyard::mock {

struct EmbeddingAsk {
  enum class Shape : std::uint8_t { none, openai, gemini_one, gemini_batch };
  Shape shape = Shape::none;
  std::string model;
  std::vector<std::string> inputs;  // token numbers as text
  std::int64_t bytes = 0, dimensions = 8;
  bool base64 = false;
};

// What a POST to this path asks for; Shape::none: no embeddings. Fills the model, if it is there.
EmbeddingAsk embeddings_at(std::string_view target);
// nullptr, or what is wrong with the body.
const char* read_embeddings(std::string_view body, EmbeddingAsk& out);
void write_embeddings(std::string& out, const EmbeddingAsk& ask, std::int64_t input_tokens);

}  // namespace steelyard::mock
