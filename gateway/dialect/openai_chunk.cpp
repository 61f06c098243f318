#include "gateway/dialect/openai_chunk.h"

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/openai_fault.h"
#include "gateway/dialect/openai_usage.h"

namespace steelyard::dialect::openai {
namespace {

enum TopKey {
  kId,
  kModel,
  kTier,
  kChoices,
  kUsage,
  kError,
  kGroq,
  kObject,
  kMessage,
  kCode,
  kType,
  kDetail,
  kCitations,
  kPages,
  kFilters,
  kModeration,
  kPadding
};
constexpr KeyTable kTop(key_names("id", "model", "service_tier", "choices", "usage", "error",
                                  "x_groq", "object", "message", "code", "type", "detail",
                                  "citations", "search_results", "prompt_filter_results",
                                  "moderation", "obfuscation"));
constexpr KeyTable kUsageOnly(key_names("usage"));
enum ChoiceKey { kIndex, kDelta, kWhole, kFinish, kChoiceUsage, kLogprobs, kChoiceFilters };
constexpr KeyTable kChoice(key_names("index", "delta", "message", "finish_reason", "usage",
                                     "logprobs", "content_filter_results"));
constexpr KeyTable kLogprobKeys(key_names("content", "refusal"));
enum DeltaKey {
  kContent,
  kReasoningContent,
  kReasoning,
  kDetails,
  kRefusal,
  kToolCalls,
  kFunctionCall,
  kDeltaUsage,
  kAnnotations,
  kAudio,
  kImages,
  kContext,
  kTools,
  kThoughtBlocks,
  kQuiet  // from here on: says nothing of its own
};
constexpr KeyTable kDeltaKeys(key_names("content", "reasoning_content", "reasoning",
                                        "reasoning_details", "refusal", "tool_calls",
                                        "function_call", "usage", "annotations", "audio", "images",
                                        "context", "executed_tools", "thinking_blocks", "role",
                                        "name", "channel", "padding", "token_id", "token_ids",
                                        "parsed", "provider_metadata", "tool_call_id"));
constexpr KeyTable kAudioKeys(key_names("transcript", "data"));
enum CallKey { kCallIndex, kCallId, kFunction, kCustom, kExtra };
constexpr KeyTable kCall(key_names("index", "id", "function", "custom", "extra_content"));
constexpr KeyTable kExtraKeys(key_names("google"));
constexpr KeyTable kGoogleKeys(key_names("thought_signature"));
enum FunctionKey { kName, kArguments, kInput };
constexpr KeyTable kFunctionKeys(key_names("name", "arguments", "input"));
enum PartKey { kPartType, kText, kThinking };
constexpr KeyTable kPart(key_names("type", "text", "thinking"));
enum DetailKey { kDetailType, kDetailText, kSignature, kData, kFormat, kDetailSummary };
constexpr KeyTable kDetailKeys(key_names("type", "text", "signature", "data", "format", "summary"));

class Reader {
 public:
  Reader(std::string_view json, ChunkReader& out) : json_(json), reader_(json), out_(out) {}

  bool read() {
    if (reader_.cursor.peek() != '{') return false;
    const bool ok = reader_.object(kTop, [this](int key) { return top(key); });
    if (!ok) return false;
    if (out_.citations.empty()) out_.citations = pages_;
    if (fault_.seen() || (!out_.has_choices && fault_.looks_like_fault()))
      out_.fault = fault_.take(200);
    return true;
  }

 private:
  bool skip() { return reader_.cursor.skip_value(); }

  // What has no place in other dialects: told as lost, if it says something.
  bool lose(hub::Loss loss) {
    bool said = false;
    if (!reader_.pass(said)) return false;
    if (said) out_.lost.add(loss);
    return true;
  }

  // Null and [] say nothing.
  bool list(std::string_view& out) {
    if (reader_.cursor.peek() != '[') return skip();
    std::string_view raw;
    if (!reader_.cursor.take_raw(raw)) return false;
    if (raw.size() > 2) out = raw;
    return true;
  }

  bool logprobs(ChunkChoice& choice) {
    return reader_.object(kLogprobKeys, [&](int key) {
      if (key < 0) return skip();
      return list(key == 0 ? choice.logprobs : choice.refusal_logprobs);
    });
  }

  bool top(int key) {
    switch (key) {
      case kId: return reader_.text(out_.id);
      case kModel: return reader_.text(out_.model);
      case kTier: return reader_.text(out_.tier);
      case kPadding: return reader_.text(out_.padding);
      case kUsage: return read_usage(reader_, out_.usage);
      case kError: return fault_.read_error_value(reader_);
      case kMessage: return fault_.read_message(reader_);
      case kCode: return fault_.read_code(reader_);
      case kType: return fault_.read_type(reader_);
      case kDetail: return fault_.read_detail(reader_);
      case kGroq:
        return reader_.object(kUsageOnly, [this](int k) {
          return k == 0 ? read_usage(reader_, out_.usage) : skip();
        });
      case kChoices:
        out_.has_choices = out_.has_choices || reader_.cursor.peek() == '[';
        return reader_.array([this] { return choice(); });
      case kCitations: return list(out_.citations);
      case kPages: return list(pages_);
      case kFilters:
      case kModeration: return lose(hub::Loss::safety);
      default: return skip();
    }
  }

  bool choice() {
    ChunkChoice choice;
    choice.texts_begin = static_cast<std::uint32_t>(out_.texts.size());
    choice.thoughts_begin = static_cast<std::uint32_t>(out_.thoughts.size());
    choice.calls_begin = static_cast<std::uint32_t>(out_.calls.size());
    std::int64_t index = 0;
    bool given = false;
    const bool ok = reader_.object(kChoice, [&](int key) {
      switch (key) {
        case kIndex: return reader_.integer(index, given);
        case kDelta:
        case kWhole: return delta(choice);
        case kFinish: return reader_.text(choice.finish);
        case kChoiceUsage: return read_usage(reader_, out_.usage);
        case kLogprobs: return logprobs(choice);
        case kChoiceFilters: return lose(hub::Loss::safety);
        default: return skip();
      }
    });
    if (index >= 0 && index < 128) choice.index = static_cast<std::uint32_t>(index);
    choice.texts_count = static_cast<std::uint32_t>(out_.texts.size()) - choice.texts_begin;
    choice.thoughts_count =
        static_cast<std::uint32_t>(out_.thoughts.size()) - choice.thoughts_begin;
    choice.calls_count = static_cast<std::uint32_t>(out_.calls.size()) - choice.calls_begin;
    out_.choices.push_back(choice);
    return ok;
  }

  bool delta(ChunkChoice& choice) {
    std::string_view other;  // `reasoning`, which repeats reasoning_content where both are
    const bool ok = reader_.object(kDeltaKeys, [&](int key) {
      switch (key) {
        case kContent:
          if (reader_.cursor.peek() != '[') return reader_.text(choice.text);
          return reader_.array([this] { return part(false); });
        case kReasoningContent: return reader_.text(choice.thinking);
        case kReasoning: return reader_.text(other);
        case kDetails: return reader_.array([this] { return detail(); });
        case kRefusal: return reader_.text(choice.refusal);
        case kToolCalls: return reader_.array([this] { return call(); });
        case kFunctionCall: {
          CallPiece piece;
          piece.index = 0;
          if (!function(piece)) return false;
          piece.id = piece.name;
          // Snowflake says everything, also what is not there.
          if (!piece.name.empty() || !piece.arguments.empty()) out_.calls.push_back(piece);
          return true;
        }
        case kDeltaUsage: return read_usage(reader_, out_.usage);
        case kAnnotations: return list(choice.annotations);
        case kAudio: return audio();
        case kImages: return lose(hub::Loss::images);
        case kContext: return lose(hub::Loss::citations);  // what Azure searched in
        case kTools: return lose(hub::Loss::native_parts);
        case kThoughtBlocks: return lose(hub::Loss::thinking);
        default: return key < 0 ? lose(hub::Loss::fields) : skip();
      }
    });
    if (choice.thinking.empty()) choice.thinking = other;
    return ok;
  }

  // What was said aloud stays as text.
  bool audio() {
    return reader_.object(kAudioKeys, [this](int key) {
      if (key == 1) return lose(hub::Loss::audio);
      if (key < 0) return skip();
      TextPiece piece;
      if (!reader_.text(piece.text)) return false;
      if (!piece.text.empty()) out_.texts.push_back(piece);
      return true;
    });
  }

  // Mistral: {type:text,text} and {type:thinking,thinking:[{type:text,text}]}.
  bool part(bool thinking) {
    if (reader_.cursor.peek() == '"') {
      TextPiece piece{{}, thinking};
      if (!reader_.text(piece.text)) return false;
      out_.texts.push_back(piece);
      return true;
    }
    return reader_.object(kPart, [&](int key) {
      if (key == kThinking) return reader_.array([this] { return part(true); });
      if (key != kText) return skip();
      TextPiece piece{{}, thinking};
      if (!reader_.text(piece.text)) return false;
      out_.texts.push_back(piece);
      return true;
    });
  }

  // Only what Anthropic signed can be shown to an Anthropic client as its own.
  bool detail() {
    std::string_view values[kDetailKeys.size()];
    const std::size_t begin = reader_.cursor.offset();
    const bool ok = reader_.object(
        kDetailKeys, [&](int key) { return key < 0 ? skip() : reader_.text(values[key]); });
    if (!ok) return false;
    const bool own = values[kFormat].starts_with("anthropic");
    const bool sealed = !values[kSignature].empty() || !values[kData].empty();
    ThoughtPiece piece;
    if (!own && values[kDetailType] == "reasoning.encrypted" && sealed) {
      // The client carries the whole element, for the provider wants it back as it was.
      std::string& carrier = out_.made.emplace_back(hub::chat_tag);
      hub::append_base64url(carrier, json_.substr(begin, reader_.cursor.end_of_previous() - begin));
      piece.signature = carrier;
      out_.thoughts.push_back(piece);
      return true;
    }
    if (sealed && !own) out_.lost.add(hub::Loss::thinking);
    if (values[kDetailType] == "reasoning.text") {
      piece.text = values[kDetailText];
      if (own) piece.signature = values[kSignature];
    } else if (values[kDetailType] == "reasoning.encrypted" && own) {
      piece.data = values[kData];
    } else if (values[kDetailType] == "reasoning.summary") {
      piece.text = values[kDetailSummary];
    } else {
      return true;
    }
    out_.thoughts.push_back(piece);
    return true;
  }

  bool call() {
    CallPiece piece;
    bool given = false;
    const bool ok = reader_.object(kCall, [&](int key) {
      switch (key) {
        case kCallIndex: return reader_.integer(piece.index, given);
        case kCallId: return reader_.text(piece.id);
        case kFunction: return function(piece);
        case kCustom: {
          CallPiece inside;
          if (!function(inside)) return false;
          if (inside.name.empty() && inside.arguments.empty()) return true;
          piece.custom = true;
          piece.name = inside.name;
          piece.arguments = inside.arguments;
          return true;
        }
        case kExtra: return extra(piece);
        default: return skip();
      }
    });
    out_.calls.push_back(piece);
    return ok;
  }

  bool extra(CallPiece& piece) {
    return reader_.object(kExtraKeys, [&](int vendor) {
      if (vendor != 0) return lose(hub::Loss::fields);
      return reader_.object(
          kGoogleKeys, [&](int key) { return key == 0 ? reader_.text(piece.signature) : skip(); });
    });
  }

  bool function(CallPiece& piece) {
    return reader_.object(kFunctionKeys, [&](int key) {
      if (key == kName) return reader_.text(piece.name);
      if (key < 0) return skip();
      if (reader_.cursor.peek() != '{') return reader_.text(piece.arguments);
      return reader_.cursor.take_raw(piece.arguments_raw);
    });
  }

  std::string_view json_;
  LenientReader reader_;
  ChunkReader& out_;
  std::string_view pages_;  // raw: Perplexity's pages with their titles
  FaultReader fault_;
};

}  // namespace

bool ChunkReader::read(std::string_view json) {
  id = model = tier = padding = {};
  usage = {};
  if (fault) fault = {};
  has_choices = false;
  citations = {};
  lost.clear();
  choices.clear();
  texts.clear();
  thoughts.clear();
  calls.clear();
  made.clear();
  return Reader(json, *this).read();
}

}  // namespace steelyard::dialect::openai
