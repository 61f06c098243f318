#include "gateway/count_call.h"

#include <algorithm>
#include <string>

#include "config/types/json_writer.h"
#include "gateway/chat_foreign.h"
#include "gateway/chat_shape.h"
#include "gateway/cloud/sigv4.h"
#include "gateway/dialect/anthropic_count.h"
#include "gateway/dialect/gemini_count.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/forward.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/session.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"
#include "router/tokens/sample.h"
#include "router/tokens/sliced_count.h"

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

// The texts by a model's own vocabulary; estimated where that would take long.
router::TokenCount count_texts(router::TokenCounter& counter, const dialect::CountRequest& request,
                               std::uint64_t seed) {
  router::SlicedCount::Slice slice;
  slice.seed = seed;
  router::SlicedCount sliced(counter, slice);
  for (const std::string_view one : request.texts) sliced.add_json(one);
  router::TokenCount text = sliced.total();
  for (const std::string_view one : request.states) {
    text.tokens += router::state_tokens(one.size());
    text.upper += router::state_tokens(one.size());
  }
  for (const std::string_view one : request.values) {
    const bool at_once = one.size() <= router::SlicedCount::at_once;
    const router::TokenCount value =
        at_once ? router::TokenCount{counter.count(one), 0, router::CountQuality::exact}
                : router::sample_count(counter, one, false);
    text.tokens += value.tokens;
    text.upper += std::max(value.upper, value.tokens);
    text.quality = std::max(text.quality, value.quality);
  }
  return text;
}

// By the model's own vocabulary, frames added.
router::InputCount count_exactly(const router::TokenCount& text, const Serving& serving,
                                 std::size_t row, const router::InputFeatures& features) {
  router::InputCount count = serving.inputs.count_one(ExactCounts::without_text(features), row);
  const auto add = [](std::int32_t frames, std::int64_t tokens) {
    return static_cast<std::int32_t>(std::min<std::int64_t>(frames + tokens, 1 << 30));
  };
  return {add(count.tokens, text.tokens), add(count.upper, text.upper)};
}

router::TokenCount count(Session& session, const dialect::CountRequest& request,
                         std::int32_t model) {
  WorkerTools& tools = session.worker().tools();
  const Serving& serving = session.serving();
  const router::Catalog& catalog = serving.runtime->catalog;
  const router::ChatShape shape =
      shape_of(*tools.counter, request, tools.shape_scratch, {.in_time = true});
  const bool own = model < 0;
  const auto row = own ? catalog.models().size() : static_cast<std::size_t>(model);
  const router::Framing& framing = own ? catalog.own_framing() : catalog.models()[row].framing;
  const router::InputFeatures features = router::features_of(shape);
  const int exact = tools.exact.counter_for(model);
  router::TokenCount text;  // by the model's own vocabulary
  if (exact != ExactCounts::none)
    text = count_texts(tools.exact.at(exact), request, tools.shape_scratch.seed);
  router::InputCount found = exact == ExactCounts::none
                                 ? serving.inputs.count_one(features, row)
                                 : count_exactly(text, serving, row, features);
  const router::TokenCount images = router::images_of(shape.images, *framing.image);
  const router::TokenCount media = router::media_of(shape.media, *framing.media);
  const bool has_media = !shape.images.empty() || !shape.media.empty() || shape.sampled ||
                         text.quality != router::CountQuality::exact;
  router::TokenCount whole{found.tokens + images.tokens + media.tokens,
                           found.upper + images.upper + media.upper,
                           router::quality_of(framing, features, has_media)};
  if (exact != ExactCounts::none) {
    router::Framing known = framing;
    known.exact_text = true;
    whole.quality = router::quality_of(known, features, has_media);
    if (whole.quality == router::CountQuality::exact) whole.upper = whole.tokens;
  } else if (!own && serving.calibrated[row] != 0)
    whole.quality = router::CountQuality::calibrated;
  return whole;
}

// The provider that counts for this model with its own tokenizer, in the client's dialect; the
// target's number, or -1: it is counted here.
std::int32_t counted_by(const Session& session, Route route, std::int32_t model) {
  if (model < 0) return -1;
  const Runtime& runtime = session.runtime();
  const router::Model& m = runtime.catalog.model(model);
  const auto wire = wire_of(route);
  for (std::int32_t i = m.target_first; i < m.target_first + m.target_count; ++i) {
    const auto& at =
        runtime.providers[static_cast<std::size_t>(runtime.catalog.target(i).provider)];
    if (at.wire == wire && at.quirks.count_tokens && at.platform != Platform::azure) return i;
  }
  return -1;
}

// While it rests, a provider that could not count is not asked again: without the endpoint for
// long, else for a moment. Breakers know nothing of this: chat goes on.
constexpr std::int64_t missing_rests_ms = 600'000, failing_rests_ms = 10'000;
constexpr std::int64_t patience_ms = 5'000;
constexpr std::size_t count_answer_max = 64u << 10;

// Amazon's: the body it would be asked with, inside another.
void wrap_for_bedrock(std::string& body, const ForeignCall& lines) {
  std::string hosted, encoded;
  host_messages(body, Platform::bedrock, lines.betas, hosted);
  if (hosted.find("\"max_tokens\"") == hosted.npos) hosted.replace(0, 1, "{\"max_tokens\":1,");
  dialect::hub::append_base64(encoded, hosted);
  body = "{\"input\":{\"invokeModel\":{\"body\":\"" + encoded + "\"}}}";
}

// Where Anthropic's models are counted: at Anthropic's, at Google's, at Amazon's.
void append_count_path(std::string& head, const ProviderRuntime& at, std::string_view upstream) {
  if (at.platform == Platform::vertex) {
    head.append(at.path.before).append("count-tokens:rawPredict");
  } else if (at.platform == Platform::bedrock) {
    head += at.path.before;
    cloud::append_percent_encoded(head, upstream);
    head += "/count-tokens";
  } else {
    head.append(at.base_path).append(at.base_path.ends_with("/v1") ? "/messages" : "/v1/messages");
    head += "/count_tokens";
  }
}

ForwardAsk ask_of(const Session& session, Route route, const ProviderRuntime& at,
                  std::string_view upstream, std::string_view asked, std::string& body) {
  ForwardAsk ask;
  const std::string_view client = session.body();
  if (route == Route::count_messages) {
    const auto name = static_cast<std::size_t>(asked.data() - client.data());
    body.assign(client.substr(0, name)).append(upstream);
    body.append(client.substr(name + asked.size()));
    ask.head = "POST ";
    append_count_path(ask.head, at, upstream);
    ask.head += " HTTP/1.1\r\n";
    ForeignCall lines;
    lines.bridge.client = dialect::hub::Wire::anthropic;
    append_anthropic_lines(lines, session.head(), client, at);
    cut_unpaired(lines, body);
    ask.head += lines.head_lines;
    if (at.platform == Platform::bedrock) wrap_for_bedrock(body, lines);
  } else {
    body.assign(client);
    ask.head.append("POST ").append(at.path.before).append(upstream);
    ask.head += ":countTokens HTTP/1.1\r\n";
  }
  ask.head += "accept: application/json\r\ncontent-type: application/json\r\n";
  ask.body = body;
  ask.first_byte_ms = patience_ms;
  return ask;
}

// True: the provider counted, and the client has its answer.
net::Task<bool> ask_provider(Session& session, Route route, std::int32_t target,
                             std::string_view asked) {
  const Runtime& runtime = session.runtime();
  const auto provider = static_cast<std::size_t>(runtime.catalog.target(target).provider);
  const ProviderRuntime& at = runtime.providers[provider];
  std::vector<Tick>& rests = session.serving().count_rests;
  rests.resize(runtime.providers.size());
  if (session.worker().last_tick() < rests[provider]) co_return false;
  std::string body;
  const ForwardAsk ask =
      ask_of(session, route, at, runtime.catalog.target(target).upstream_name, asked, body);
  Forward forward(session, static_cast<std::int32_t>(provider));
  bool got = co_await forward.ask(ask);
  if (got) got = co_await forward.collect(count_answer_max);
  const int status = got ? forward.head_status() : 0;
  if (status < 200 || status > 299) {
    const bool missing = status == 404 || status == 405 || status == 501;
    const bool ours = status == 400 || status == 413 ||  // this request's, not the endpoint's
                      forward.other_key_left();
    if (!ours)
      rests[provider] =
          session.worker().tick_now().plus_ms(missing ? missing_rests_ms : failing_rests_ms);
    forward.finish();
    co_return false;
  }
  std::string told(forward.body());
  forward.finish();
  if (at.platform == Platform::bedrock) {  // {"inputTokens":18}
    const std::size_t name = told.find("\"inputTokens\"");
    if (name == told.npos) co_return false;
    told.replace(name, std::size("\"inputTokens\"") - 1, "\"input_tokens\"");
  }
  const std::string lines = "x-steelyard-estimate-quality: provider\r\n";
  (void)co_await session.reply(200, "application/json", told, lines);
  co_return true;
}

void append_uncounted(std::string& lines, dialect::CountRequest& request) {
  if (request.unknown.any()) request.uncounted.add(Loss::fields);
  if (request.uncounted.empty()) return;
  lines += "x-steelyard-dropped-fields: ";
  request.uncounted.append_names(lines);
  if (!request.unknown.names().empty()) lines.append(1, ',').append(request.unknown.names());
  lines += "\r\n";
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
  const std::int32_t counter = read ? counted_by(session, route, model) : -1;
  if (counter >= 0) {
    const bool counted = co_await ask_provider(session, route, counter, name);
    if (counted || session.client_gone()) co_return;
  }
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
    append_uncounted(lines, request);
  }
  (void)co_await session.reply(status, "application/json", body, lines);
}

}  // namespace steelyard
