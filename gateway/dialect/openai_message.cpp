#include "gateway/dialect/openai_message.h"

#include "gateway/dialect/gemini_signature.h"

namespace steelyard::dialect::openai {
namespace {

constexpr KeyTable kRoles(key_names("system", "developer", "user", "assistant", "tool",
                                    "function"));

enum MessageKey {
  kRole,
  kContent,
  kName,
  kToolCalls,
  kFunctionCall,
  kReasoningContent,
  kReasoning,
  kRefusal,
  kReasoningDetails,
  kExtraContent,
  kThinkingBlocks,
  kToolCallId
};
constexpr KeyTable kMessageKeys(key_names("role", "content", "name", "tool_calls", "function_call",
                                          "reasoning_content", "reasoning", "refusal",
                                          "reasoning_details", "extra_content", "thinking_blocks",
                                          "tool_call_id"));

enum PartKey { kType, kText, kPartRefusal, kFirstMedia };  // the rest: media, as kMediaKinds
constexpr KeyTable kPartKeys(key_names("type", "text", "refusal", "image_url", "input_audio",
                                       "file", "video_url", "document_url", "file_url"));
constexpr MediaKind kMediaKinds[] = {MediaKind::image, MediaKind::audio, MediaKind::file,
                                     MediaKind::video, MediaKind::file,  MediaKind::file};

enum MediaKey { kUrl, kData, kFileData, kFileId, kDetail };
constexpr KeyTable kMediaKeys(key_names("url", "data", "file_data", "file_id", "detail"));

enum CallKey { kFunction, kCustom, kCallId, kCallExtra, kCallType };
constexpr KeyTable kCallKeys(key_names("function", "custom", "id", "extra_content", "type"));
enum FunctionKey { kFunctionName, kArguments, kInput };
constexpr KeyTable kFunctionKeys(key_names("name", "arguments", "input"));

class MessageReader {
 public:
  MessageReader(StrictReader& reader, Conversation& out) : reader_(reader), out_(out) {}

  bool read(const Where& where) {
    const std::size_t begin = reader_.cursor.offset();
    // Most messages look like this; it costs half of the general way.
    std::string_view role_name, plain;
    if (reader_.cursor.take_two_strings("\"role\"", role_name, "\"content\"", plain)) {
      MessageInfo info;
      info.text_begin = texts_;
      info.role = role_named(role_name);
      if (!add_text({&where, "content"}, plain, TextKind::content)) return false;
      if (info.role == Role::tool && !answers({}, where)) [[unlikely]]
        return false;
      return add_message(info, begin);
    }
    if (reader_.failed()) return false;
    if (!reader_.enter(where, '{', "must be an object")) return false;
    MessageInfo info;
    info.text_begin = texts_;
    call_id_ = {};
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kMessageKeys, where)) != StrictReader::kEnd;) {
      if (!member(key, where, info)) return false;
    }
    if (reader_.failed()) return false;
    if ((members.seen & 1u << kRole) == 0) return reader_.refuse({&where, "role"}, "is missing");
    // `function`, from before there were tools, has no id of a call: its provider is to judge it.
    // Where it would be translated, it is judged as any result (tool_pairs.h).
    if (info.role == Role::tool && !answers(call_id_, where)) return false;
    return add_message(info, begin);
  }

 private:
  // A wrong id is the provider's to judge, as long as there is a call that this can answer.
  bool answers(std::string_view call_id, const Where& where) {
    return out_.pairs.result(call_id) != ToolPairs::Standing::orphan ||
           reader_.refuse({&where, "tool_call_id"}, chat_orphan);
  }

  bool add_message(MessageInfo& info, std::size_t begin) {
    info.raw = reader_.range_from(begin);
    info.text_count = texts_ - info.text_begin;
    out_.has_tool_results |= info.role == Role::tool || info.role == Role::function;
    out_.messages.push_back(info);
    ++message_;
    return true;
  }

  static Role role_named(std::string_view name) {
    const int known = kRoles.find(name);
    return known >= 0 ? static_cast<Role>(known) : Role::other;
  }

  bool member(int key, const Where& where, MessageInfo& info) {
    switch (key) {
      case kRole: return role({&where, "role"}, info.role);
      case kContent: return content({&where, "content"});
      case kName: return text({&where, "name"}, TextKind::name);
      case kToolCalls: return tool_calls({&where, "tool_calls"});
      case kFunctionCall:
        if (reader_.cursor.peek() == '{') out_.pairs.call({});
        return function({&where, "function_call"});
      case kReasoningContent: return text({&where, "reasoning_content"}, TextKind::reasoning);
      case kReasoning: return reasoning({&where, "reasoning"});
      case kRefusal: return text({&where, "refusal"}, TextKind::refusal);
      case kToolCallId: return reader_.read_string({&where, "tool_call_id"}, call_id_);
      case kReasoningDetails:
      case kExtraContent:
      case kThinkingBlocks: out_.has_reasoning_state |= reader_.cursor.peek() != 'n'; break;
      default: break;
    }
    return reader_.cursor.skip_value();
  }

  bool role(const Where& where, Role& out) {
    if (reader_.cursor.peek() != '"') return reader_.refuse(where, "must be a string");
    std::string_view name;
    if (!reader_.cursor.take_string(name)) return false;
    out = role_named(name);
    return true;
  }

  bool add_text(const Where& where, std::string_view raw, TextKind kind) {
    if (raw.empty()) return true;
    if (texts_ == texts_max) return reader_.refuse(where, "is one text too many");
    out_.texts.push_back({raw, message_, kind});
    ++texts_;
    return true;
  }

  bool text(const Where& where, TextKind kind) {
    std::string_view raw;
    return reader_.read_string(where, raw) && add_text(where, raw, kind);
  }

  // Vendor fields that other vendors use differently (OpenRouter's request has `reasoning`
  // objects): only text counts.
  bool reasoning(const Where& where) {
    if (reader_.cursor.peek() == '"') return text(where, TextKind::reasoning);
    return reader_.cursor.skip_value();
  }

  bool content(const Where& where) {
    const char c = reader_.cursor.peek();
    if (c == '"') return text(where, TextKind::content);
    if (c == 'n') return reader_.cursor.skip_value();
    if (c != '[') return reader_.refuse(where, "must be a string, an array or null");
    if (!reader_.cursor.open('[')) return false;
    std::size_t index = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++index) {
      if (!part({&where, {}, index})) return false;
    }
    return !reader_.failed();
  }

  bool part(const Where& where) {
    if (!reader_.enter(where, '{', "must be an object")) return false;
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kPartKeys, where)) != StrictReader::kEnd;) {
      if (!part_member(key, where)) return false;
    }
    return !reader_.failed();
  }

  bool part_member(int key, const Where& where) {
    switch (key) {
      case kType: {
        std::string_view ignored;
        return reader_.read_string({&where, "type"}, ignored);
      }
      case kText: return text({&where, "text"}, TextKind::content);
      case kPartRefusal: return text({&where, "refusal"}, TextKind::refusal);
      case StrictReader::kUnknown: return reader_.cursor.skip_value();
      default: break;
    }
    const auto name = kPartKeys.name(static_cast<std::size_t>(key));
    return media({&where, name}, kMediaKinds[key - kFirstMedia]);
  }

  bool media(const Where& where, MediaKind kind) {
    MediaPart found;
    found.message = message_;
    found.kind = kind;
    const char c = reader_.cursor.peek();
    if (c == 'n') return reader_.cursor.skip_value();
    if (c == '"') {
      if (!reader_.cursor.take_string(found.raw)) return false;
    } else if (c != '{') {
      return reader_.refuse(where, "must be an object, a string or null");
    } else if (!media_object(where, found)) {
      return false;
    }
    if (found.source == MediaSource::http && found.raw.starts_with("data:")) {
      found.source = MediaSource::data_url;
    }
    out_.has_images |= kind == MediaKind::image;
    if (out_.media.size() == media_max) return reader_.refuse(where, "is one attachment too many");
    out_.media.push_back(found);
    return true;
  }

  bool media_object(const Where& where, MediaPart& out) {
    if (!reader_.cursor.open('{')) return false;
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kMediaKeys, where)) != StrictReader::kEnd;) {
      if (key == StrictReader::kUnknown) {
        if (!reader_.cursor.skip_value()) return false;
        continue;
      }
      std::string_view value;
      if (!reader_.read_string({&where, kMediaKeys.name(static_cast<std::size_t>(key))}, value)) {
        return false;
      }
      if (value.empty()) continue;
      if (key == kDetail) {
        out.detail = detail_named(value);
        continue;
      }
      out.raw = value;
      if (key == kData) out.source = MediaSource::inline_data;
      if (key == kFileId) out.source = MediaSource::file_id;
    }
    return !reader_.failed();
  }

  static ImageDetail detail_named(std::string_view name) {
    if (name == "low") return ImageDetail::low;
    if (name == "high") return ImageDetail::high;
    if (name == "original") return ImageDetail::original;
    return ImageDetail::automatic;
  }

  bool tool_calls(const Where& where) {
    if (reader_.cursor.peek() == 'n') return reader_.cursor.skip_value();
    if (!reader_.enter(where, '[', "must be an array or null")) return false;
    std::size_t index = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++index) {
      const Where call{&where, {}, index};
      if (!reader_.enter(call, '{', "must be an object")) return false;
      std::string_view id;
      StrictReader::Members members;
      for (int key; (key = reader_.next(members, kCallKeys, call)) != StrictReader::kEnd;) {
        if (!call_member(key, call, id)) return false;
      }
      if (reader_.failed()) return false;
      out_.pairs.call(id);
    }
    return !reader_.failed();
  }

  bool call_member(int key, const Where& where, std::string_view& id) {
    if (key == kCallId) return reader_.read_string({&where, "id"}, id);
    if (key == kFunction || key == kCustom)
      return function({&where, kCallKeys.name(static_cast<std::size_t>(key))});
    if (key == kCallExtra && reader_.cursor.peek() == '{') return call_state(where);
    if (key == kCallType) {
      std::string_view ignored;
      return reader_.read_string({&where, "type"}, ignored);
    }
    return reader_.cursor.skip_value();
  }

  // {"google":{"thought_signature":"..."}}, as Google's own endpoint for Chat has it.
  bool call_state(const Where& where) {
    constexpr std::string_view name = "\"thought_signature\"";
    std::string_view raw;
    if (!reader_.cursor.take_raw(raw)) return false;
    std::size_t at = raw.find(name);
    if (at == std::string_view::npos) return true;
    at = raw.find('"', at + name.size());
    if (at == std::string_view::npos) return true;
    const std::string_view signature = raw.substr(at + 1, raw.find('"', at + 1) - at - 1);
    out_.has_reasoning_state = true;
    return !gemini::bills_thoughts(signature) || add_text(where, signature, TextKind::state);
  }

  // {name, arguments} or {name, input}.
  bool function(const Where& where) {
    if (reader_.cursor.peek() == 'n') return reader_.cursor.skip_value();
    if (!reader_.enter(where, '{', "must be an object or null")) return false;
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kFunctionKeys, where)) != StrictReader::kEnd;) {
      const bool ok =
          key == StrictReader::kUnknown ? reader_.cursor.skip_value() : function_member(key, where);
      if (!ok) return false;
    }
    return !reader_.failed();
  }

  // Clients of Ollama send arguments as the object they are.
  bool function_member(int key, const Where& where) {
    const TextKind kind = key == kFunctionName ? TextKind::tool_name : TextKind::tool_arguments;
    const Where at{&where, kFunctionKeys.name(static_cast<std::size_t>(key))};
    if (key != kArguments || reader_.cursor.peek() != '{') return text(at, kind);
    std::string_view raw;
    return reader_.cursor.take_raw(raw) && add_text(at, raw, kind);
  }

  StrictReader& reader_;
  Conversation& out_;
  std::uint32_t message_ = 0, texts_ = 0;  // how many so far
  std::string_view call_id_;               // of the message being read
};

}  // namespace

bool read_messages(StrictReader& reader, const Where& root, Conversation& out) {
  const Where where{&root, "messages"};
  if (reader.cursor.peek() != '[') return reader.refuse(where, "must be an array");
  if (!reader.cursor.open('[')) return false;
  MessageReader messages(reader, out);
  std::size_t index = 0;
  for (bool first = true; reader.cursor.next_element(first); ++index) {
    if (index == messages_max) return reader.refuse({&where, {}, index}, "is one message too many");
    if (!messages.read({&where, {}, index})) return false;
  }
  if (reader.failed()) return false;
  return index > 0 || reader.refuse(where, "must not be empty");
}

}  // namespace steelyard::dialect::openai
