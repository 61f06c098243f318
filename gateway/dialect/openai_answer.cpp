#include "gateway/dialect/openai_answer.h"

#include <algorithm>

#include "gateway/dialect/openai_fault.h"
#include "gateway/dialect/openai_usage.h"
#include "gateway/dialect/state_hash.h"

namespace steelyard::dialect::openai {
namespace {

enum RootKey {
  kChoices,
  kUsage,
  kGroq,
  kError,
  kModel,
  kServiceTier,
  kObject,
  kMessage,
  kCode,
  kType,
  kDetail
};
constexpr KeyTable kRoot(key_names("choices", "usage", "x_groq", "error", "model", "service_tier",
                                   "object", "message", "code", "type", "detail"));
enum ChoiceKey { kIndex, kFinish, kDelta, kChoiceMessage, kChoiceText, kChoiceUsage, kChoiceError };
constexpr KeyTable kChoice(key_names("index", "finish_reason", "delta", "message", "text", "usage",
                                     "error"));
enum DeltaKey {
  kContent,
  kReasoning,
  kReasoningContent,
  kRefusal,
  kToolCalls,
  kFunctionCall,
  kAudio,
  kImages,
  kDeltaUsage,
  kReasoningDetails,
  kThinkingBlocks,
  kDeltaExtra
};
constexpr KeyTable kDeltaKeys(key_names("content", "reasoning", "reasoning_content", "refusal",
                                        "tool_calls", "function_call", "audio", "images", "usage",
                                        "reasoning_details", "thinking_blocks", "extra_content"));
enum CallKey { kCallFunction, kCallCustom, kCallExtra };
constexpr KeyTable kCall(key_names("function", "custom", "extra_content"));
constexpr KeyTable kExtra(key_names("google"));
constexpr KeyTable kGoogle(key_names("thought_signature"));
enum FunctionKey { kName, kArguments, kInput };
constexpr KeyTable kFunction(key_names("name", "arguments", "input"));
enum PartKey { kPartText, kSignature, kData };
constexpr KeyTable kPart(key_names("text", "signature", "data"));
enum GroqKey { kGroqUsage, kGroqError };
constexpr KeyTable kGroqKeys(key_names("usage", "error"));

class AnswerReader {
 public:
  AnswerReader(std::string_view json, AnswerDocument& out, AnswerSinks sinks)
      : reader_(json), out_(out), sinks_(sinks) {}

  bool read() {
    if (reader_.cursor.peek() != '{') return false;
    const bool ok = reader_.object(kRoot, [this](int key) { return root(key); });
    const bool bare_fault = !out_.choices && (vllm_error_ || fault_.looks_like_fault());
    if (fault_.seen() || bare_fault) out_.fault = fault_.take(200);
    out_.text_bytes = answer_bytes_ + std::max(reasoning_bytes_, reasoning_content_bytes_);
    if (out_.text_bytes == 0) out_.text_bytes = detail_bytes_;
    out_.begun |= out_.text_bytes > 0;
    return ok && reader_.cursor.at_end();
  }

 private:
  bool skip() { return skip_to_gap(reader_, sinks_.gaps); }
  // A string of the answer; any other type is passed over.
  bool text(std::string_view& out, GapKind kind) {
    const std::size_t begin = reader_.cursor.offset();
    if (reader_.cursor.peek() != '"') return reader_.cursor.skip_value();
    if (!reader_.cursor.take_string(out)) return false;
    if (sinks_.gaps != nullptr) sinks_.gaps->add_taken(reader_.cursor, begin, '"', kind);
    return true;
  }

  bool root(int key) {
    switch (key) {
      case kChoices:
        out_.choices = reader_.cursor.peek() == '[';
        return reader_.array([this] { return choice(); });
      case kUsage: return read_usage(reader_, out_.usage, sinks_.gaps);
      case kGroq: return groq();
      case kError: return fault_.read_error_value(reader_);
      case kModel: return reader_.text(out_.model);
      case kServiceTier: return reader_.text(out_.service_tier);
      case kObject: {
        std::string_view object;
        if (!reader_.text(object)) return false;
        vllm_error_ = object == "error";
        return true;
      }
      // Only errors have these at the top.
      case kMessage: return reader_.cursor.peek() == '"' ? fault_.read_message(reader_) : skip();
      case kCode: return fault_.read_code(reader_);
      case kType: return fault_.read_type(reader_);
      case kDetail: return fault_.read_detail(reader_);
      default: return skip();
    }
  }

  bool groq() {
    return reader_.object(kGroqKeys, [this](int key) {
      if (key == kGroqUsage) return read_usage(reader_, out_.usage, sinks_.gaps);
      return key == kGroqError ? fault_.read_error_value(reader_) : skip();
    });
  }

  bool choice() {
    ++out_.choice_count;
    std::int64_t index = 0;
    std::string_view finish;
    visible_ = false;
    content_ = {};
    const bool ok =
        reader_.object(kChoice, [&](int key) { return choice_member(key, index, finish); });
    const FinishReason reason = finish_named(finish);
    if (reason != FinishReason::none) out_.finishes.add(reason);
    if (index == 0) {
      if (reason != FinishReason::none) out_.finish = reason;
      out_.content = content_;
    }
    out_.empty_choice |= !visible_;
    return ok;
  }

  bool choice_member(int key, std::int64_t& index, std::string_view& finish) {
    bool present = false;
    switch (key) {
      case kIndex: return reader_.integer(index, present);
      case kFinish: return reader_.text(finish);
      case kDelta:
      case kChoiceMessage: return reader_.object(kDeltaKeys, [this](int k) { return delta(k); });
      case kChoiceText: return text(content_, GapKind::content) && see(content_);
      case kChoiceUsage: return read_usage(reader_, out_.usage, sinks_.gaps);
      case kChoiceError: return fault_.read_error_value(reader_);
      default: return skip();
    }
  }

  bool delta(int key) {
    std::string_view text;
    const char c = reader_.cursor.peek();
    switch (key) {
      case kContent:
        if (c == '[') return reader_.array([this] { return part(); });
        return this->text(content_, GapKind::content) && see(content_);
      // Thinking alone is no answer: counted, not seen.
      case kReasoning: return count(GapKind::reasoning, reasoning_bytes_);
      case kReasoningContent: return count(GapKind::reasoning_content, reasoning_content_bytes_);
      case kReasoningDetails: return reader_.array([this] { return detail(true); });
      case kThinkingBlocks: return reader_.array([this] { return detail(false); });
      case kDeltaExtra: return extra();
      case kRefusal:
        if (!reader_.text(text)) return false;
        out_.refusal |= !text.empty();
        return see(text);
      case kToolCalls: out_.begun |= c == '['; return reader_.array([this] { return call(); });
      case kFunctionCall: return c == '{' ? function() : skip();
      case kAudio: show(c == '{'); return skip();
      case kImages: show(c == '['); return skip();
      case kDeltaUsage: return read_usage(reader_, out_.usage, sinks_.gaps);
      default: return skip();
    }
  }

  bool part() {
    return reader_.object(kPart, [this](int key) {
      std::string_view text;
      if (key != kPartText) return skip();
      return this->text(text, GapKind::answer) && see(text);
    });
  }

  // Often a second copy of the reasoning: counted if it is the only one.
  bool detail(bool counted) {
    return reader_.object(kPart, [this, counted](int key) {
      std::string_view text;
      if (key < 0) return reader_.cursor.skip_value();
      if (!reader_.text(text)) return false;
      if (key != kPartText)
        add_state(text);
      else if (counted)
        detail_bytes_ += static_cast<std::int64_t>(text.size());
      return true;
    });
  }

  // {"google":{"thought_signature":"..."}}, as Google's own endpoint for Chat has it.
  bool extra() {
    return reader_.object(kExtra, [this](int key) {
      if (key < 0) return reader_.cursor.skip_value();
      return reader_.object(kGoogle, [this](int k) {
        std::string_view text;
        if (k < 0) return reader_.cursor.skip_value();
        if (!reader_.text(text)) return false;
        add_state(text);
        return true;
      });
    });
  }

  void add_state(std::string_view text) {
    if (sinks_.states != nullptr) dialect::add_state(*sinks_.states, text);
  }

  bool count(GapKind kind, std::int64_t& bytes) {
    std::string_view text;
    if (!this->text(text, kind)) return false;
    bytes += static_cast<std::int64_t>(text.size());
    return true;
  }

  bool call() {
    if (reader_.cursor.peek() != '{') return skip();
    return reader_.object(kCall, [this](int key) {
      if (key == kCallExtra) return extra();
      return key >= 0 ? function() : skip();
    });
  }

  // A call is counted by its name: later pieces of a streamed one have none.
  bool function() {
    show(true);
    return reader_.object(kFunction, [this](int key) {
      std::string_view text;
      if (key < 0) return skip();
      if (key == kArguments && reader_.cursor.peek() == '{') return object_arguments();
      if (key == kName) return reader_.text(text) && add_name(text);
      if (!this->text(text, GapKind::answer)) return false;
      answer_bytes_ += static_cast<std::int64_t>(text.size());
      if (key == kArguments && sinks_.arguments != nullptr) sinks_.arguments->push_back(text);
      return true;
    });
  }

  // Ollama: arguments that are an object already; valid by being here.
  bool object_arguments() {
    const std::size_t begin = reader_.cursor.offset();
    if (!skip()) return false;
    answer_bytes_ += static_cast<std::int64_t>(reader_.cursor.end_of_previous() - begin);
    return true;
  }

  bool add_name(std::string_view name) {
    if (name.empty()) return true;
    ++out_.tool_calls;
    std::string* names = sinks_.tool_names;
    if (names == nullptr || names->size() + name.size() >= sinks_.tool_names_max) return true;
    append_unescaped(*names, name);
    *names += '\n';
    return true;
  }

  bool see(std::string_view text) {
    answer_bytes_ += static_cast<std::int64_t>(text.size());
    visible_ |= !text.empty();
    return true;
  }
  void show(bool something) {
    visible_ |= something;
    out_.begun |= something;
  }

  LenientReader reader_;
  AnswerDocument& out_;
  AnswerSinks sinks_;
  FaultReader fault_;
  std::string_view content_;
  std::int64_t answer_bytes_ = 0, reasoning_bytes_ = 0, reasoning_content_bytes_ = 0;
  std::int64_t detail_bytes_ = 0;
  bool visible_ = false, vllm_error_ = false;
};

}  // namespace

FinishReason finish_named(std::string_view name) {
  if (name.empty()) return FinishReason::none;
  if (name == "stop" || name == "eos_token" || name == "stop_sequence" || name == "eos") {
    return FinishReason::stop;
  }
  if (name == "length" || name == "model_length" || name == "max_tokens")
    return FinishReason::length;
  if (name == "tool_calls" || name == "function_call") return FinishReason::tool_calls;
  if (name == "content_filter") return FinishReason::content_filter;
  if (name == "error" || name == "insufficient_system_resource") return FinishReason::error;
  return FinishReason::other;
}

bool read_answer(std::string_view json, AnswerDocument& out, AnswerSinks sinks) {
  out = AnswerDocument{};
  if (sinks.gaps != nullptr) sinks.gaps->clear();
  return AnswerReader(json, out, sinks).read();
}

}  // namespace steelyard::dialect::openai
