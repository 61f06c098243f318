#include "gateway/count_call.h"

#include <string>

#include "config/types/json_writer.h"
#include "gateway/chat_shape.h"
#include "gateway/dialect/anthropic_count.h"
#include "gateway/dialect/gemini_count.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/session.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

// In the client's own dialect.
void write_count_error(std::string& body, Route route, int status, std::string_view text) {
  JsonWriter json(body);
  json.begin_object();
  const bool missing = status == 404;
  if (route == Route::count_messages) {
    json.field("type", "error").key("error").begin_object();
    json.field("type", missing ? "not_found_error" : "invalid_request_error")
        .field("message", text);
  } else {
    json.key("error").begin_object().field("code", std::int64_t{status}).field("message", text);
    json.field("status", missing ? "NOT_FOUND" : "INVALID_ARGUMENT");
  }
  json.end_object().end_object();
}

// The model's number, -1: `auto`, a tier or nothing, -2: none that this key may use.
std::int32_t model_of(const Session& session, std::string_view name) {
  if (name.empty() || name == "auto" || name.starts_with("tier:")) return -1;
  const std::int32_t model = session.runtime().catalog.find_model(name);
  const bool usable =
      model >= 0 && session.principal()->access.test(static_cast<std::size_t>(model));
  return usable ? model : -2;
}

router::TokenCount count(Session& session, const dialect::CountRequest& request,
                         std::int32_t model) {
  WorkerTools& tools = session.worker().tools();
  const Serving& serving = session.serving();
  const router::Catalog& catalog = serving.runtime->catalog;
  const router::ChatShape shape = shape_of(*tools.counter, request, tools.shape_scratch);
  const bool own = model < 0;
  const auto row = own ? catalog.models().size() : static_cast<std::size_t>(model);
  const router::Framing& framing = own ? catalog.own_framing() : catalog.models()[row].framing;
  const router::InputFeatures features = router::features_of(shape);
  router::InputCount found = serving.inputs.count_one(features, row);
  const router::TokenCount images = router::images_of(shape.images, *framing.image);
  const router::TokenCount media = router::media_of(shape.media, *framing.media);
  const bool has_media = !shape.images.empty() || !shape.media.empty();
  router::TokenCount whole{found.tokens + images.tokens + media.tokens,
                           found.upper + images.upper + media.upper,
                           router::quality_of(framing, features, has_media)};
  if (!own && serving.calibrated[row] != 0) whole.quality = router::CountQuality::calibrated;
  return whole;
}

}  // namespace

net::Task<void> serve_count(Session& session, Route route) {
  dialect::CountRequest request;
  const bool anthropic = route == Route::count_messages;
  const Result<void> read = anthropic
                                ? dialect::anthropic::read_count_request(session.body(), request)
                                : dialect::gemini::read_count_request(session.body(), request);
  const net::RequestHead& head = session.head();
  const std::string_view name =
      anthropic ? request.model : match_route(head.method, head.target()).parameter;
  const std::int32_t model = model_of(session, name);
  std::string body, lines;
  unsigned status = 200;
  if (!read || model == -2) {
    status = read ? 404 : 400;
    const std::string_view text =
        read ? std::string_view("there is no model of that name, or this key may not use it")
             : std::string_view(read.error().context);
    write_count_error(body, route, static_cast<int>(status), text);
  } else {
    const router::TokenCount found = count(session, request, model);
    JsonWriter json(body);
    json.begin_object()
        .field(anthropic ? "input_tokens" : "totalTokens", found.tokens)
        .end_object();
    lines = "x-steelyard-estimated-tokens: " + std::to_string(found.tokens) +
            "\r\nx-steelyard-estimated-tokens-max: " + std::to_string(found.upper) +
            "\r\nx-steelyard-estimate-quality: " + router::name_of(found.quality) + "\r\n";
  }
  (void)co_await session.reply(status, "application/json", body, lines);
}

}  // namespace steelyard
