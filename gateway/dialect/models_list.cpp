#include "gateway/dialect/models_list.h"

#include "config/types/json_writer.h"

namespace steelyard::dialect::openai {
namespace {

void write(JsonWriter& json, const ListedModel& model) {
  json.begin_object().field("id", model.name).field("object", "model");
  json.field("created", model.created_s);
  json.field("owned_by", model.owner.empty() ? std::string_view("steelyard") : model.owner);
  json.end_object();
}

}  // namespace

void write_model(std::string& out, const ListedModel& model) {
  JsonWriter json(out);
  write(json, model);
}

void write_models(std::string& out, std::span<const ListedModel> models) {
  JsonWriter json(out);
  json.begin_object().field("object", "list").key("data").begin_array();
  for (const ListedModel& model : models) write(json, model);
  json.end_array().end_object();
}

}  // namespace steelyard::dialect::openai
