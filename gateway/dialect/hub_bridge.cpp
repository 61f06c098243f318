#include "gateway/dialect/hub_bridge.h"

#include "gateway/dialect/anthropic_errors.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect::hub {
namespace {

// What a policy may escalate on, in the terms of ChatAnswer.
class Judge final : public EventSink {
 public:
  Judge(openai::ChatAnswer& facts, std::string& content, EventSink* next)
      : facts_(facts), content_(content), next_(next) {}

  void take(const Event& event) override {
    if (event.kind == EventKind::delta && event.delta == DeltaKind::text && event.choice == 0) {
      if (event.block == BlockKind::text) content_ += event.text;
      if (event.block == BlockKind::tool_call) arguments_ += event.text;
    }
    if (event.kind == EventKind::open && event.block == BlockKind::tool_call) {
      arguments_.clear();
      custom_ = event.custom_tool;
    }
    if (event.kind == EventKind::close && event.block == BlockKind::tool_call) {
      plain_.clear();
      append_unescaped(plain_, arguments_);
      if (!plain_.empty() && !custom_ && !is_json_object(plain_)) facts_.arguments_invalid = true;
    }
    if (event.kind == EventKind::stop) ++choices_;
    if (next_ != nullptr) next_->take(event);
  }
  bool one_choice() const { return choices_ == 1; }

 private:
  openai::ChatAnswer& facts_;
  std::string& content_;
  EventSink* next_;
  std::string arguments_, plain_;
  int choices_ = 0;
  bool custom_ = false;
};

bool read_whole(std::string_view body, Wire wire, EventSink& sink) {
  return wire == Wire::anthropic ? anthropic::read_message(body, sink)
                                 : openai::read_completion(body, sink);
}

}  // namespace

StreamBridge::StreamBridge(const BridgeOptions& options)
    : options_(options), chat_(openai::ChatDecoderOptions{options.ends_without_done}) {
  EventSink* encoder = nullptr;
  if (options.client != options.provider) {
    if (options.client == Wire::anthropic)
      encoder = &to_messages_.emplace(
          anthropic::EncodeOptions{{}, options.request_id, options.quirks}, text_);
    else
      encoder = &to_chat_.emplace(
          openai::EncodeOptions{{}, options.created, options.include_usage, options.quirks}, text_);
  }
  watch_.emplace(encoder);
}

void StreamBridge::feed(std::string_view bytes, openai::TapOutput& out) {
  text_.clear();
  if (options_.provider == Wire::anthropic)
    messages_.feed(bytes, *watch_);
  else
    chat_.feed(bytes, *watch_);
  out.push_text(options_.client == options_.provider ? bytes : std::string_view(text_));
}

Result<void> StreamBridge::finish(openai::TapOutput& out) {
  text_.clear();
  Result<void> done =
      options_.provider == Wire::anthropic ? messages_.finish(*watch_) : chat_.finish(*watch_);
  out.push_text(text_);
  return done;
}

bool WholeBridge::read(std::string_view body, const BridgeOptions& options) {
  facts_ = {};
  content_.clear();
  text_.clear();
  client_body_ = {};
  std::optional<anthropic::MessageWriter> to_messages;
  std::optional<openai::CompletionWriter> to_chat;
  EventSink* writer = nullptr;
  if (options.client != options.provider) {
    if (options.client == Wire::anthropic)
      writer =
          &to_messages.emplace(anthropic::EncodeOptions{{}, options.request_id, options.quirks});
    else
      writer = &to_chat.emplace(openai::EncodeOptions{{}, options.created, true, options.quirks});
  }
  Judge judge(facts_, content_, writer);
  AnswerWatch watch(&judge);
  if (!read_whole(body, options.provider, watch)) return false;
  const openai::StreamFacts& seen = watch.facts();
  facts_.usage = seen.usage;
  facts_.finish = seen.finish;
  facts_.finishes = seen.finishes;
  facts_.tool_calls = seen.tool_calls;
  facts_.tool_names = seen.tool_names;
  facts_.output_bytes = seen.output_bytes;
  facts_.fault = seen.fault;
  facts_.valid = seen.done_seen;
  facts_.content = content_;
  facts_.empty = watch.empty();
  facts_.refusal = watch.refused();
  facts_.one_choice = judge.one_choice();
  if (!facts_.valid || facts_.fault) return false;
  if (to_messages) to_messages->write(text_);
  if (to_chat) to_chat->write(text_);
  client_body_ = writer == nullptr ? body : std::string_view(text_);
  return true;
}

void write_fault(std::string& out, Wire client, const UpstreamFault& fault, int upstream_status,
                 std::string_view request_id) {
  if (client == Wire::anthropic)
    return anthropic::write_fault(out, fault, upstream_status, request_id);
  openai::write_fault(out, fault, upstream_status);
}

int fault_status(Wire client, const UpstreamFault& fault, int upstream_status) {
  if (client == Wire::anthropic) return anthropic::reply_for(fault.cls, upstream_status).status;
  // 529 is Anthropic's own.
  const int status = openai::client_status(fault.cls, upstream_status);
  return status == 529 ? 503 : status;
}

}  // namespace steelyard::dialect::hub
