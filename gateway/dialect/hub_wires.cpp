#include "gateway/dialect/hub_wires.h"

#include <array>
#include <optional>
#include <utility>

#include "gateway/dialect/anthropic_encode.h"
#include "gateway/dialect/anthropic_events.h"
#include "gateway/dialect/anthropic_request.h"
#include "gateway/dialect/converse_events.h"
#include "gateway/dialect/gemini_encode.h"
#include "gateway/dialect/gemini_events.h"
#include "gateway/dialect/gemini_request.h"
#include "gateway/dialect/openai_encode.h"
#include "gateway/dialect/openai_events.h"
#include "gateway/dialect/openai_hub_request.h"
#include "gateway/dialect/responses_encode.h"
#include "gateway/dialect/responses_events.h"
#include "gateway/dialect/responses_request.h"

namespace steelyard::dialect::hub {
namespace {

constexpr std::array<std::string_view, 5> names{"openai", "anthropic", "responses", "gemini",
                                                "converse"};

// The dialects' own classes know nothing of these interfaces.
template <class Decoder>
class ReaderOf final : public StreamReader {
 public:
  template <class... Args>
  explicit ReaderOf(Args&&... args) : decoder_(std::forward<Args>(args)...) {}
  void feed(std::string_view bytes, EventSink& sink) override { decoder_.feed(bytes, sink); }
  Result<void> finish(EventSink& sink) override { return decoder_.finish(sink); }
  StreamPlace place() const override {
    if constexpr (requires { decoder_.sequence(); }) return {decoder_.sequence(), decoder_.id()};
    return {};
  }
  void be_strict() {
    if constexpr (requires { decoder_.be_strict(); }) decoder_.be_strict();
  }

 private:
  Decoder decoder_;
};

template <class Decoder, class... Args>
std::unique_ptr<StreamReader> reader_of(const BridgeOptions& options, Args&&... args) {
  auto reader = std::make_unique<ReaderOf<Decoder>>(std::forward<Args>(args)...);
  if (options.client != options.provider) reader->be_strict();
  return reader;
}

template <class Encoder>
class StreamWriterOf final : public StreamWriter {
 public:
  template <class... Args>
  explicit StreamWriterOf(Args&&... args) : encoder_(std::forward<Args>(args)...) {}
  void take(const Event& event) override { encoder_.take(event); }
  StreamPlace place() const override {
    if constexpr (requires { encoder_.sequence(); }) return {encoder_.sequence(), encoder_.id()};
    return {};
  }

 private:
  Encoder encoder_;
};

template <class Writer>
class WholeWriterOf final : public WholeWriter {
 public:
  template <class... Args>
  explicit WholeWriterOf(Args&&... args) : writer_(std::forward<Args>(args)...) {}
  void take(const Event& event) override { writer_.take(event); }
  void write(std::string& out) override { writer_.write(out); }

 private:
  Writer writer_;
};

anthropic::EncodeOptions for_messages(const BridgeOptions& options) {
  return {{}, options.request_id, options.quirks};
}
openai::EncodeOptions for_chat(const BridgeOptions& options, bool include_usage) {
  return {{}, options.created, include_usage, options.quirks};
}
converse::DecoderOptions for_converse(const BridgeOptions& options) {
  return {options.request_id, options.model};
}
responses::EncodeOptions for_responses(const BridgeOptions& options) {
  return {{}, options.created, options.client_body, options.quirks};
}

gemini::EncodeOptions for_contents(const BridgeOptions& options) {
  return {{}, options.request_id, options.quirks, options.json_array, options.no_pings};
}

}  // namespace

Wire wire_named(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<Wire>(i);
  return Wire::openai_chat;
}

std::string_view name_of(Wire wire) {
  return names[static_cast<std::size_t>(wire)];
}

std::unique_ptr<StreamReader> make_stream_reader(const BridgeOptions& options) {
  switch (options.provider) {
    case Wire::anthropic: return reader_of<anthropic::StreamDecoder>(options);
    case Wire::gemini: return reader_of<gemini::StreamDecoder>(options);
    case Wire::openai_responses: return reader_of<responses::StreamDecoder>(options);
    case Wire::converse: return reader_of<converse::StreamDecoder>(options, for_converse(options));
    case Wire::openai_chat: break;
  }
  return reader_of<openai::ChatStreamDecoder>(
      options, openai::ChatDecoderOptions{options.ends_without_done});
}

std::unique_ptr<StreamWriter> make_stream_writer(const BridgeOptions& options, std::string& out) {
  switch (options.client) {
    case Wire::anthropic:
      return std::make_unique<StreamWriterOf<anthropic::StreamEncoder>>(for_messages(options), out);
    case Wire::openai_responses:
      return std::make_unique<StreamWriterOf<responses::StreamEncoder>>(for_responses(options),
                                                                        out);
    case Wire::gemini:
      return std::make_unique<StreamWriterOf<gemini::StreamEncoder>>(for_contents(options), out);
    case Wire::converse:  // no client's
    case Wire::openai_chat: break;
  }
  return std::make_unique<StreamWriterOf<openai::ChatStreamEncoder>>(
      for_chat(options, options.include_usage), out);
}

bool read_whole(const BridgeOptions& options, std::string_view body, EventSink& sink) {
  switch (options.provider) {
    case Wire::anthropic: return anthropic::read_message(body, sink);
    case Wire::gemini: return gemini::read_answer(body, sink);
    case Wire::openai_responses: return responses::read_response(body, sink);
    case Wire::converse: return converse::read_answer(body, for_converse(options), sink);
    case Wire::openai_chat: break;
  }
  return openai::read_completion(body, sink);
}

std::unique_ptr<WholeWriter> make_whole_writer(const BridgeOptions& options) {
  switch (options.client) {
    case Wire::anthropic:
      return std::make_unique<WholeWriterOf<anthropic::MessageWriter>>(for_messages(options));
    case Wire::openai_responses:
      return std::make_unique<WholeWriterOf<responses::ResponseWriter>>(for_responses(options));
    case Wire::gemini:
      return std::make_unique<WholeWriterOf<gemini::AnswerWriter>>(for_contents(options));
    case Wire::converse:
    case Wire::openai_chat: break;
  }
  return std::make_unique<WholeWriterOf<openai::CompletionWriter>>(for_chat(options, true));
}

struct RequestReaders::Parsers {
  std::optional<openai::HubRequestParser> chat;
  std::optional<anthropic::RequestParser> messages;
  std::optional<responses::RequestParser> responses;
  std::optional<gemini::RequestParser> contents;
};

RequestReaders::RequestReaders() : parsers_(std::make_unique<Parsers>()) {}
RequestReaders::~RequestReaders() = default;

Result<void> RequestReaders::parse(Wire client, std::string_view body, Request& out) {
  const auto with = [&](auto& parser) {
    if (!parser) parser.emplace();
    return parser->parse(body, out);
  };
  switch (client) {
    case Wire::anthropic: return with(parsers_->messages);
    case Wire::openai_responses: return with(parsers_->responses);
    case Wire::gemini: return with(parsers_->contents);
    case Wire::converse:
    case Wire::openai_chat: break;
  }
  return with(parsers_->chat);
}

Result<void> RequestReaders::make_portable(Request& request) {
  return request.wire == Wire::gemini ? parsers_->contents->make_portable(request) : Result<void>();
}

}  // namespace steelyard::dialect::hub
