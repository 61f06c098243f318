#pragma once
// Hub events for an OpenAI Chat client: a stream of chunks, or one whole completion
// (research/wire 2.6.2). Thinking goes into `reasoning_content`; what the provider signed also into
// `reasoning_details`, which clients send back as it came: so it is carried without a memory.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::openai {

struct EncodeOptions {
  std::string_view model;      // what the client is told answered: a model token; "" the provider's
  std::int64_t created = 0;    // seconds since 1970
  bool include_usage = false;  // the client asked for the usage chunk
  UsageQuirks quirks;          // of the provider
};

// Appends "usage":{...}.
void write_usage(hub::PieceWriter& json, const TokenUsage& usage);

// Of a call that Gemini signed, inside its object; clients send it back. Nothing for "".
void write_call_signature(hub::PieceWriter& json, std::string_view signature);

// One per stream.
class ChatStreamEncoder final : public hub::EventSink {
 public:
  // Appends to `out`, which the caller sends and clears as it likes.
  ChatStreamEncoder(EncodeOptions options, std::string& out) : options_(options), out_(&out) {}
  void take(const hub::Event& event) override;

 private:
  struct Choice {
    std::uint32_t index = 0, calls = 0;
    hub::StopReason stop = hub::StopReason::none;
    bool said = false;                // of the open block
    std::string thoughts, signature;  // escaped, of the open thinking block
    std::uint32_t details = 0;
  };
  Choice& choice(std::uint32_t index);
  void start(const hub::Event& event);
  void open(const hub::Event& event);
  void delta(const hub::Event& event);
  void close(const hub::Event& event);
  void end();
  void begin(std::uint32_t choice);
  void finish();
  void cite(const hub::Event& event);
  void signed_detail(Choice& choice);

  EncodeOptions options_;
  std::string* out_;
  std::string head_;  // what all chunks begin with, the tier that serves too
  std::vector<Choice> choices_;
  ReportedUsage usage_;
  bool started_ = false, over_ = false;
};

// Folds the events of one answer into the body of a whole one; complete() after `end`.
class CompletionWriter final : public hub::EventSink {
 public:
  explicit CompletionWriter(EncodeOptions options) : options_(options) {}
  void take(const hub::Event& event) override;
  bool complete() const { return complete_; }
  // Appends the document.
  void write(std::string& out) const;

 private:
  struct Choice {
    std::uint32_t index = 0;
    hub::StopReason stop = hub::StopReason::none;
    std::string text, thoughts, refusal;  // escaped
    // Elements of arrays, commas between.
    std::string calls, details, annotations, logprobs, refusal_logprobs;
    std::string block, signature;  // escaped, of the open block
    bool has_text = false;
  };
  Choice& choice(std::uint32_t index);
  void open(const hub::Event& event);
  void words(const hub::Event& event);
  void close(const hub::Event& event);

  EncodeOptions options_;
  std::string id_, model_, tier_;
  std::vector<Choice> choices_;
  ReportedUsage usage_;
  bool complete_ = false;
};

}  // namespace steelyard::dialect::openai
