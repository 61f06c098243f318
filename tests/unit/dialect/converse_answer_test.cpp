// Every recorded answer of Bedrock through the hub: figures, order, cuts, and what clients get.
#include <doctest/doctest.h>
#include <simdjson.h>

#include "gateway/dialect/anthropic_encode.h"
#include "gateway/dialect/aws_frames.h"
#include "gateway/dialect/converse_errors.h"
#include "gateway/dialect/converse_events.h"
#include "gateway/dialect/openai_encode.h"
#include "gateway/dialect/openai_response.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
namespace dom = simdjson::dom;

const converse::DecoderOptions options{"id-1", "model-1"};

bool run(std::string_view body, bool stream, hub::EventSink& sink) {
  if (!stream) return converse::read_answer(body, options, sink);
  converse::StreamDecoder decoder(options);
  decoder.feed(body, sink);
  return decoder.finish(sink).has_value();
}

std::string cut_in(std::string_view body, std::size_t step) {
  EventLog log;
  converse::StreamDecoder decoder(options);
  for (std::size_t at = 0; at < body.size(); at += step) decoder.feed(body.substr(at, step), log);
  log.text += decoder.finish(log).has_value() ? "well" : "badly";
  return log.text;
}

// Read another way: of a stream, the last `"usage":{...}` in its bytes.
bool usage_of(const Recorded& r, dom::parser& parser, dom::element& usage) {
  if (!r.stream) {
    dom::element doc;
    return parser.parse(r.response).get(doc) == simdjson::SUCCESS &&
           doc["usage"].get(usage) == simdjson::SUCCESS;
  }
  const std::size_t at = r.response.rfind("\"usage\":");
  if (at == std::string::npos) return false;
  const std::size_t begin = r.response.find('{', at);
  int depth = 0;
  for (std::size_t i = begin; i < r.response.size(); ++i) {
    depth += r.response[i] == '{' ? 1 : r.response[i] == '}' ? -1 : 0;
    if (depth == 0)
      return parser.parse(r.response.substr(begin, i + 1 - begin)).get(usage) == simdjson::SUCCESS;
  }
  return false;
}

std::int64_t figure(const dom::element& usage, const char* name) {
  std::int64_t value = 0;
  return usage[name].get(value) == simdjson::SUCCESS ? value : 0;
}

TEST_CASE("converse answers: usage of every recorded answer is what it says, in order") {
  int checked = 0, cached = 0, calls = 0, thoughts = 0, streams = 0;
  dom::parser parser;
  for (const Recorded& r : recorded_converse()) {
    if (r.status >= 400) continue;
    CAPTURE(r.id);
    Meaning meaning;
    OrderCheck order(&meaning);
    CHECK(run(r.response, r.stream, order));
    CHECK(order.fault() == "");
    CHECK(meaning.ended);
    CHECK(meaning.stop != hub::StopReason::other);
    dom::element wanted;
    const bool any = usage_of(r, parser, wanted);
    CHECK(meaning.usage.present == any);
    if (!any) continue;
    const TokenUsage usage = normalise(meaning.usage, {});
    CHECK(usage.uncached == figure(wanted, "inputTokens"));
    CHECK(usage.cache_read == figure(wanted, "cacheReadInputTokens"));
    CHECK(usage.cache_write == figure(wanted, "cacheWriteInputTokens"));
    CHECK(usage.output == figure(wanted, "outputTokens"));
    CHECK(usage.input() + usage.output >= figure(wanted, "totalTokens"));
    ++checked;
    streams += r.stream;
    cached += usage.cache_read + usage.cache_write > 0;
    calls += !meaning.calls.empty();
    thoughts += !meaning.thinking.empty() || !meaning.redacted.empty();
  }
  if (recorded_converse().empty()) return;
  CHECK(checked > 240);
  CHECK(streams > 40);
  CHECK(cached > 5);
  CHECK(calls > 40);
  CHECK(thoughts > 20);
}

TEST_CASE("converse answers: a stream cut at every byte gives the same events") {
  int streams = 0;
  for (const Recorded& r : recorded_converse()) {
    if (!r.stream || r.status >= 400) continue;
    CAPTURE(r.id);
    const std::string_view body = r.response;
    const std::string whole = cut_in(body, body.size());
    CHECK(whole.ends_with("well"));
    int wrong = 0;
    for (const std::size_t step : {1, 2, 3, 7, 61, 1'460})
      wrong += cut_in(body, step) != whole ? 1 : 0;
    for (std::size_t cut = 1; body.size() < 8'000 && cut < body.size(); ++cut) {
      EventLog log;
      converse::StreamDecoder decoder(options);
      decoder.feed(body.substr(0, cut), log);
      decoder.feed(body.substr(cut), log);
      log.text += decoder.finish(log).has_value() ? "well" : "badly";
      wrong += log.text != whole ? 1 : 0;
      EventLog part;  // what is there ends badly, and loses nothing that came
      wrong += cut_in(body.substr(0, cut), cut).ends_with("well") &&
                       body.substr(0, cut).find("messageStop") == std::string_view::npos
                   ? 1
                   : 0;
    }
    CHECK(wrong == 0);
    ++streams;
  }
  CHECK((recorded_converse().empty() || streams > 45));
}

TEST_CASE("converse answers: clients of other dialects get what Bedrock said") {
  int checked = 0, signed_thoughts = 0;
  for (const Recorded& r : recorded_converse()) {
    if (r.status >= 400) continue;
    CAPTURE(r.id);
    Meaning said;
    std::string chat_stream, chat_body, stream, body;
    openai::EncodeOptions chat_options;
    chat_options.include_usage = true;
    openai::ChatStreamEncoder chat_encoder(chat_options, chat_stream);
    openai::CompletionWriter chat_writer(chat_options);
    anthropic::StreamEncoder encoder({}, stream);
    anthropic::MessageWriter writer({});
    for (hub::EventSink* sink : std::initializer_list<hub::EventSink*>{
             &said, &chat_encoder, &chat_writer, &encoder, &writer})
      REQUIRE(run(r.response, r.stream, *sink));
    chat_writer.write(chat_body);
    writer.write(body);
    for (const bool streamed : {true, false}) {
      CAPTURE(streamed);
      Meaning chat, messages;
      OrderCheck chat_order(&chat), order(&messages);
      CHECK(run_chat(streamed ? chat_stream : chat_body, streamed, chat_order));
      CHECK(run_messages(streamed ? stream : body, streamed, order));
      CHECK(chat_order.fault() == "");
      CHECK(order.fault() == "");
      CHECK(chat.text == said.text);
      CHECK(messages.text == said.text);
      CHECK(messages.thinking == said.thinking);
      CHECK(messages.signature == said.signature);
      CHECK(messages.redacted == said.redacted);
      CHECK(messages.calls == said.calls);
      CHECK(chat.calls == said.calls);
      CHECK(normalise(messages.usage, {}).cache_read == normalise(said.usage, {}).cache_read);
      CHECK(normalise(chat.usage, {}).input() == normalise(said.usage, {}).input());
    }
    signed_thoughts += !said.signature.empty();
    ++checked;
  }
  CHECK((recorded_converse().empty() || (checked > 245 && signed_thoughts > 10)));
}

std::string event(std::string_view type, std::string_view payload) {
  return aws_frame(
      {{":event-type", type}, {":content-type", "application/json"}, {":message-type", "event"}},
      payload);
}

TEST_CASE("converse answers: how a stream ends") {
  const std::string text =
      event("messageStart", R"({"role":"assistant"})") +
      event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":"hi"},"p":"ab"})");
  const std::string stop = event("messageStop", R"({"stopReason":"end_turn"})");
  const std::string usage = event("metadata", R"({"usage":{"inputTokens":3,"outputTokens":2}})");
  std::string damaged = stop;
  damaged[damaged.size() - 6] ^= 1;
  const auto exception = [](std::string_view kind, std::string_view payload) {
    return aws_frame({{":message-type", "exception"}, {":exception-type", kind}}, payload);
  };
  struct Row {
    const char* why;
    std::string stream;
    const char *context, *last;
  };
  const Row rows[] = {
      {"usage, behind the stop", text + stop + usage, "", "end"},
      {"no usage", text + stop, "", "end"},
      {"usage before the stop", text + usage + stop, "", "end"},
      {"no stop", text + usage, "the provider's stream ended without messageStop", nullptr},
      {"half a frame", text + stop.substr(0, 30), "the provider's stream ended without messageStop",
       nullptr},
      {"half of the usage", text + stop + usage.substr(0, 30),
       "the provider's stream ended without messageStop", nullptr},
      {"a checksum", text + damaged,
       "provider answered 200 server: the provider's stream is damaged: a checksum is wrong",
       nullptr},
      {"throttled", text + exception("throttlingException", R"({"message":"Slow down."})"),
       "provider answered 200 rate_limited: Slow down.", "fault Slow down."},
      {"the model failed", exception("modelStreamErrorException", "{}"),
       "provider answered 200 server: the provider's stream ended with modelStreamErrorException",
       nullptr},
      {"an error without a body",
       aws_frame({{":message-type", "error"},
                  {":error-code", "InternalFailure"},
                  {":error-message", "oops"}},
                 ""),
       "provider answered 200 server: oops", "fault oops"},
      {"arguments without their call",
       text + event("contentBlockDelta",
                    R"({"contentBlockIndex":1,"delta":{"toolUse":{"input":"{}"}}})"),
       "provider answered 200 server: the stream has arguments of a call without its name",
       "fault the stream has arguments of a call without its name"},
      {"nothing", "", "the provider's stream ended without messageStop", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    EventLog log;
    OrderCheck order(&log);
    converse::StreamDecoder decoder;
    decoder.feed(row.stream, order);
    const Result<void> done = decoder.finish(order);
    CHECK((done ? "" : done.error().context) == row.context);
    CHECK(order.fault() == "");
    if (row.last == nullptr) continue;
    std::string last = log.text.substr(0, log.text.size() - (log.text.empty() ? 0 : 1));
    CHECK(last.substr(last.rfind('\n') + 1) == row.last);
  }
}

TEST_CASE("converse answers: blocks of a stream") {
  const std::string stream =
      event("messageStart", R"({"role":"assistant"})") +
      event("contentBlockDelta",
            R"({"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm"}}})") +
      event("contentBlockDelta",
            R"({"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"S=="}}})") +
      event("contentBlockStop", R"({"contentBlockIndex":0})") +
      event("contentBlockDelta",
            R"({"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"RR"}}})") +
      event("contentBlockStop", R"({"contentBlockIndex":1})") +
      event("contentBlockStart",
            R"({"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t1","name":"f"}}})") +
      event("contentBlockDelta",
            R"({"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"a\""}}})") +
      event("contentBlockDelta", R"({"contentBlockIndex":2,"delta":{"toolUse":{"input":":1}"}}})") +
      event("contentBlockStop", R"({"contentBlockIndex":2})") +
      event("contentBlockDelta",
            R"({"contentBlockIndex":2,"delta":{"toolUse":{"input":"late"}}})") +
      event("somethingNew", R"({"x":1})") + event("messageStop", R"({"stopReason":"tool_use"})") +
      event(
          "metadata",
          R"({"usage":{"inputTokens":3,"outputTokens":2,"cacheReadInputTokens":10,)"
          R"("cacheWriteInputTokens":7,"cacheDetails":[{"ttl":"5m","inputTokens":2},{"ttl":"1h","inputTokens":5}]}})");
  EventLog log;
  Meaning meaning;
  converse::StreamDecoder decoder(options), again;
  decoder.feed(stream, log);
  CHECK(decoder.finish(log).has_value());
  again.feed(stream, meaning);
  CHECK(again.finish(meaning).has_value());
  CHECK(log.text.find("open 0 thinking\ndelta 0 thinking Hm\ndelta 0 thinking signature S==\n"
                      "close 0 thinking\n") != std::string::npos);
  CHECK(log.lost.has(Loss::tool_arguments));  // what came late
  CHECK(meaning.redacted == "RR;");
  REQUIRE(meaning.calls.size() == 1);
  CHECK(meaning.calls[0] == R"(t1 f {\"a\":1})");
  const TokenUsage usage = normalise(meaning.usage, {});
  CHECK(usage.uncached == 3);
  CHECK(usage.cache_read == 10);
  CHECK(usage.cache_write == 7);
  CHECK(usage.cache_write_1h == 5);
}

TEST_CASE("amazon frames: what is well known, and what is refused") {
  using namespace std::string_view_literals;
  AwsFrames empty;
  std::string_view bytes = "\0\0\0\x10\0\0\0\0\x05\xc2\x48\xeb\x7d\x98\xc8\xff"sv;
  AwsFrame frame;
  CHECK(empty.next(bytes, frame) == AwsFrames::Status::frame);
  CHECK(frame.payload.empty());
  bytes = "\0\0\0\x1d\0\0\0\0\xfd\x52\x8c\x5a{'foo':'bar'}\xc3\x65\x39\x36"sv;
  CHECK(empty.next(bytes, frame) == AwsFrames::Status::frame);
  CHECK(frame.payload == "{'foo':'bar'}");
  CHECK(empty.at_rest());
  // One bit anywhere.
  const std::string good = event("messageStop", R"({"stopReason":"end_turn"})");
  for (std::size_t i = 0; i < good.size(); ++i) {
    CAPTURE(i);
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    AwsFrames frames;
    std::string_view rest = bad;
    CHECK(frames.next(rest, frame) == AwsFrames::Status::broken);
    CHECK(frames.fault() != nullptr);
  }
  // Sizes that cannot be, with good checksums: from a head of more than there is.
  for (const std::uint32_t size : {0u, 15u, 17u << 20}) {
    std::string prelude{static_cast<char>(size >> 24),
                        static_cast<char>(size >> 16),
                        static_cast<char>(size >> 8),
                        static_cast<char>(size),
                        0,
                        0,
                        0,
                        0};
    // The checksum of a prelude is what an empty frame of that size would begin with.
    const std::string sum = [&] {
      std::uint32_t crc = ~0u;
      for (const char c : prelude) {
        crc ^= static_cast<unsigned char>(c);
        for (int k = 0; k < 8; ++k) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
      }
      crc = ~crc;
      return std::string{static_cast<char>(crc >> 24), static_cast<char>(crc >> 16),
                         static_cast<char>(crc >> 8), static_cast<char>(crc)};
    }();
    const std::string whole = prelude + sum + std::string(16, '\0');
    AwsFrames frames;
    std::string_view rest = whole;
    CHECK(frames.next(rest, frame) == AwsFrames::Status::broken);
  }
}

TEST_CASE("converse errors: kinds of every shape") {
  struct Row {
    int status;
    const char *kind, *body;
    FaultClass cls;
  };
  const Row rows[] = {
      {429, "ThrottlingException:http://internal.amazon.com/", R"({"message":"Too many"})",
       FaultClass::rate_limited},
      {400, "ValidationException", R"({"message":"Malformed input request"})",
       FaultClass::client_invalid},
      {400, "ValidationException", R"({"message":"Input is too long for requested model."})",
       FaultClass::context_length},
      {400, "",
       R"({"message":"The model returned the following errors: Input Tokens Exceeded: x"})",
       FaultClass::context_length},
      {400, "ValidationException", R"({"message":"The provided model identifier is invalid."})",
       FaultClass::model_missing},
      {403, "ExpiredTokenException", R"({"message":"expired"})", FaultClass::auth_upstream},
      {403, "AccessDeniedException", R"({"Message":"no"})", FaultClass::auth_upstream},
      {404, "ResourceNotFoundException", R"({"message":"no"})", FaultClass::model_missing},
      {408, "ModelTimeoutException", R"({"message":"slow"})", FaultClass::timeout},
      {424, "", R"({"message":"x"})", FaultClass::server},
      {429, "ModelNotReadyException", R"({"message":"x"})", FaultClass::overloaded},
      {503, "ServiceUnavailableException", R"({"message":"x"})", FaultClass::overloaded},
      {500, "InternalServerException", R"({"message":"prompt is too long"})", FaultClass::server},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    UpstreamFault fault = openai::parse_error(row.status, row.body);
    converse::name_fault(fault, row.status, row.kind);
    CHECK(name_of(fault.cls) == std::string(name_of(row.cls)));
    CHECK(fault.type.find(':') == std::string::npos);
  }
  int errors = 0;
  for (const Recorded& r : recorded_converse()) {
    if (r.status < 400) continue;
    UpstreamFault fault = openai::parse_error(r.status, r.response);
    converse::name_fault(fault, r.status, "");
    CAPTURE(r.response);
    CHECK(!fault.message.empty());
    CHECK(fault.cls != FaultClass::server);
    ++errors;
  }
  CHECK((recorded_converse().empty() || errors == 16));
}

}  // namespace
}  // namespace steelyard::dialect
