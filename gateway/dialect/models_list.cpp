#include "gateway/dialect/models_list.h"

#include "config/types/json_writer.h"

namespace steelyard::dialect {
namespace {

using hub::Wire;

void write_openai(JsonWriter& json, const ListedModel& model) {
  json.begin_object().field("id", model.name).field("object", "model");
  json.field("created", model.created_s);
  json.field("owned_by", model.owner.empty() ? std::string_view("steelyard") : model.owner);
  json.end_object();
}

// Nobody knows when it was made: the first moment there is says so, and is a date.
void write_anthropic(JsonWriter& json, const ListedModel& model) {
  json.begin_object().field("type", "model").field("id", model.name);
  json.field("display_name", model.name).field("created_at", "1970-01-01T00:00:00Z");
  json.end_object();
}

void write_gemini(JsonWriter& json, const ListedModel& model) {
  json.begin_object().field("name", "models/" + std::string(model.name));
  json.field("displayName", model.name);
  if (model.input_tokens_max != 0) json.field("inputTokenLimit", model.input_tokens_max);
  if (model.output_tokens_max != 0) json.field("outputTokenLimit", model.output_tokens_max);
  json.key("supportedGenerationMethods").begin_array();
  if (model.embeddings) {
    json.string("embedContent").string("batchEmbedContents");
  } else {
    json.string("generateContent").string("streamGenerateContent").string("countTokens");
  }
  json.end_array().end_object();
}

void write(JsonWriter& json, Wire client, const ListedModel& model) {
  if (client == Wire::anthropic) return write_anthropic(json, model);
  if (client == Wire::gemini) return write_gemini(json, model);
  write_openai(json, model);
}

}  // namespace

void write_model(std::string& out, Wire client, const ListedModel& model) {
  JsonWriter json(out);
  write(json, client, model);
}

void write_models(std::string& out, Wire client, std::span<const ListedModel> models) {
  JsonWriter json(out);
  json.begin_object();
  if (client == Wire::openai_chat || client == Wire::openai_responses) json.field("object", "list");
  json.key(client == Wire::gemini ? "models" : "data").begin_array();
  for (const ListedModel& model : models) write(json, client, model);
  json.end_array();
  if (client == Wire::anthropic) {
    json.field("has_more", false);
    if (models.empty()) {
      json.key("first_id").null().key("last_id").null();
    } else {
      json.field("first_id", models.front().name).field("last_id", models.back().name);
    }
  }
  json.end_object();
}

}  // namespace steelyard::dialect
