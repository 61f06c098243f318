#include "gateway/mock/control.h"

#include <charconv>

#include "config/types/json_writer.h"
#include "gateway/mock/answer_plan.h"
#include "gateway/mock/reply_head.h"

namespace steelyard::mock {
namespace {

constexpr std::int64_t kModelsCreated = 1'700'000'000;  // any fixed day: the list never changes

ControlReply refuse(int status, std::string_view code, std::string_view message) {
  static const Behaviour kPlain;
  ErrorReply error = usual_error(status, kPlain);
  error.code = code;
  error.message = message;
  ControlReply reply;
  reply.status = status;
  append_error_body(reply.body, error);
  return reply;
}

void append_model(JsonWriter& json, std::string_view name) {
  json.begin_object().field("id", name).field("object", "model");
  json.field("created", kModelsCreated).field("owned_by", "steelyard-mock").end_object();
}

ControlReply list_models(const Settings& settings) {
  ControlReply reply;
  JsonWriter json(reply.body);
  json.begin_object().field("object", "list").key("data").begin_array();
  for (const auto& [name, model] : settings.models) {
    if (model.listed) append_model(json, name);
  }
  json.end_array().end_object();
  return reply;
}

ControlReply one_model(const Settings& settings, std::string_view name) {
  const auto found = settings.models.find(name);
  if (found == settings.models.end() || !found->second.listed) {
    return refuse(404, "model_not_found", "this model does not exist");
  }
  ControlReply reply;
  JsonWriter json(reply.body);
  append_model(json, name);
  return reply;
}

// ?last=N, or all that are kept.
ControlReply recorded(Shared& shared, std::string_view target) {
  std::size_t count = SIZE_MAX;
  const std::size_t at = target.find("last=");
  if (at != std::string_view::npos) {
    const char* const begin = target.data() + at + 5;
    const auto parsed = std::from_chars(begin, target.data() + target.size(), count);
    if (parsed.ec != std::errc()) return refuse(400, "invalid_value", "expected last=N");
  }
  return {200, requests_json(shared.log.last(count))};
}

ControlReply change(Shared& shared, std::string_view body) {
  const auto updated = shared.settings->update(body);
  if (!updated) return refuse(400, "invalid_value", updated.error().context);
  return {200, shared.settings->json()};
}

}  // namespace

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

bool is_control(std::string_view path) {
  return path == "/healthz" || path.starts_with("/mock/");
}

ControlReply control(Shared& shared, const RequestView& request) {
  std::string_view path = path_of(request.target);
  const bool get = request.method == "GET" || request.method == "HEAD";
  const bool post = request.method == "POST";
  if (get && path == "/healthz") return {200, R"({"status":"ok"})"};
  if (get && path == "/mock/bill") return {200, bill_json(shared.bill.snapshot())};
  if (get && path == "/mock/requests") return recorded(shared, request.target);
  if (get && path == "/mock/behaviour") return {200, shared.settings->json()};
  if (post && path == "/mock/behaviour") return change(shared, request.body);
  if (post && path == "/mock/reset") {
    shared.reset();
    return {200, R"({"status":"ok"})"};
  }
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  if (get && path == "/models") return list_models(*shared.settings->get());
  if (get && path.starts_with("/models/")) {
    return one_model(*shared.settings->get(), path.substr(8));
  }
  return refuse(404, "unknown_url", "there is nothing at this path for this method");
}

}  // namespace steelyard::mock
