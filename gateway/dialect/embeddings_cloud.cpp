// Embeddings as clouds want them asked for: Vertex's `predict`, and the models of Bedrock, each in
// its maker's own shape.
#include "gateway/dialect/embeddings.h"
#include "gateway/dialect/hub_json.h"

namespace steelyard::dialect {
namespace {

// The texts of one input after the other; OpenAI's shape has one each, Gemini's several.
template <class Each>
void each_input(const EmbeddingRequest& request, Each&& each) {
  for (std::size_t at = 0; at < request.texts.size();) {
    const std::uint32_t input = request.text_input[at];
    std::string joined;
    for (; at < request.texts.size() && request.text_input[at] == input; ++at)
      joined += request.texts[at];
    each(joined);
  }
}

}  // namespace

EmbeddingShape bedrock_shape(std::string_view model) {
  if (model.find("titan-embed") != model.npos) return EmbeddingShape::titan;
  return model.find("cohere.embed") != model.npos ? EmbeddingShape::cohere : EmbeddingShape::openai;
}

Result<void> write_cloud_embedding_request(std::string& out, const EmbeddingRequest& request,
                                           EmbeddingShape provider) {
  if (request.tokens)
    return fail(ErrorKind::bad_request, ErrorSource::client, Retry::next_target,
                "`/input` holds token numbers, which the provider of this model does not take: "
                "send text");
  hub::PieceWriter json(out);
  json.open('{');
  switch (provider) {
    case EmbeddingShape::titan:
      if (request.inputs > 1)
        return fail(ErrorKind::bad_request, ErrorSource::client, Retry::next_target,
                    "`/input` must be one text: this model makes one vector a request");
      each_input(request, [&](std::string_view text) { json.field("inputText", text); });
      if (request.dimensions != 0) json.field_number("dimensions", request.dimensions);
      break;
    case EmbeddingShape::cohere:
      json.key("texts").open('[');
      each_input(request, [&](std::string_view text) { json.escaped(text); });
      json.close(']').field("input_type", "search_document");  // it wants one
      if (request.dimensions != 0) json.field_number("output_dimension", request.dimensions);
      break;
    default:
      json.key("instances").open('[');
      each_input(request,
                 [&](std::string_view text) { json.open('{').field("content", text).close('}'); });
      json.close(']');
      if (request.dimensions != 0)
        json.key("parameters")
            .open('{')
            .field_number("outputDimensionality", request.dimensions)
            .close('}');
  }
  json.close('}');
  return {};
}

}  // namespace steelyard::dialect
