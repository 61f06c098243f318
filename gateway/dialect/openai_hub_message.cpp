#include "gateway/dialect/openai_hub_message.h"

#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::openai {
namespace {

using hub::Document;
using hub::Part;
using hub::PartKind;

constexpr KeyTable kRoles(key_names("system", "developer", "user", "assistant", "tool",
                                    "function"));

enum Key {
  kRole,
  kContent,
  kName,
  kToolCalls,
  kFunctionCall,
  kToolCallId,
  kRefusal,
  kReasoningContent,
  kReasoning,
  kReasoningDetails,
  kThinkingBlocks,
  kCache
};
constexpr KeyTable kKeys(key_names("role", "content", "name", "tool_calls", "function_call",
                                   "tool_call_id", "refusal", "reasoning_content", "reasoning",
                                   "reasoning_details", "thinking_blocks", "cache_control"));

enum CallKey { kCallId, kFunction, kCustom, kExtraContent, kCallType };
constexpr KeyTable kCall(key_names("id", "function", "custom", "extra_content", "type"));
constexpr KeyTable kExtraKeys(key_names("google"));
constexpr KeyTable kGoogleKeys(key_names("thought_signature"));
enum FunctionKey { kFunctionName, kArguments, kInput };
constexpr KeyTable kFunctionKeys(key_names("name", "arguments", "input"));

class MessageReader {
 public:
  MessageReader(Document& document, MessageScratch& scratch, hub::Request& out)
      : document_(document), reader_(document.reader), scratch_(scratch), out_(out) {}

  bool read(const Where& where) {
    const std::size_t begin = reader_.cursor.offset();
    scratch_.thinking.clear();
    scratch_.content.clear();
    scratch_.calls.clear();
    if (!reader_.enter(where, '{', "must be an object")) return false;
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kKeys, where)) != StrictReader::kEnd;) {
      const Where at{&where, key >= 0 ? kKeys.name(static_cast<std::size_t>(key)) : ""};
      if (!member(key, at)) return false;
    }
    if (reader_.failed()) return false;
    if ((members.seen & 1u << kRole) == 0) return reader_.refuse({&where, "role"}, "is missing");
    message_.raw = reader_.range_from(begin);
    return finish(where);
  }

 private:
  bool member(int key, const Where& where) {
    switch (key) {
      case kRole: return role(where);
      case kContent: return read_hub_content(document_, where, scratch_.content);
      case kName: return reader_.read_string(where, message_.name);
      case kToolCalls: return tool_calls(where);
      case kFunctionCall: return reader_.cursor.take_null() || old_call(where);
      case kToolCallId: return reader_.read_string(where, call_id_);
      case kRefusal: return reader_.read_string(where, refusal_);
      case kReasoning:
        if (const char c = reader_.cursor.peek(); c == '{' || c == '[')  // other vendors' own
          return document_.skip_unknown();
        [[fallthrough]];
      case kReasoningContent: {
        std::string_view text;
        if (!reader_.read_string(where, text)) return false;
        if (!text.empty()) reasoning_ = text;
        return true;
      }
      case kReasoningDetails:
      case kThinkingBlocks:
        // The same thoughts may be there in both shapes.
        if (!scratch_.thinking.empty()) return reader_.cursor.skip_value();
        return read_reasoning_list(document_, where, scratch_.thinking);
      case kCache: return document_.take_object(where, cache_);
      default: return document_.skip_unknown();
    }
  }

  bool role(const Where& where) {
    if (reader_.cursor.peek() != '"') return reader_.refuse(where, "must be a string");
    std::string_view name;
    if (!reader_.cursor.take_string(name)) return false;
    const int known = kRoles.find(name);
    if (known < 0) return reader_.refuse(where, "is not a role the gateway can translate");
    message_.role = static_cast<Role>(known);
    return true;
  }

  bool tool_calls(const Where& where) {
    if (reader_.cursor.take_null()) return true;
    if (!reader_.enter(where, '[', "must be an array or null")) return false;
    std::size_t index = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++index) {
      const Where call{&where, {}, index};
      if (index >= hub::parts_max) return reader_.refuse(call, "is one call too many");
      if (!tool_call(call)) return false;
    }
    return !reader_.failed();
  }

  bool tool_call(const Where& where) {
    const std::size_t begin = reader_.cursor.offset();
    if (!reader_.enter(where, '{', "must be an object")) return false;
    Part part;
    part.kind = PartKind::tool_use;
    std::string_view type;  // the member that is there says it
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kCall, where)) != StrictReader::kEnd;) {
      bool ok = false;
      switch (key) {
        case kCallId: ok = reader_.read_string({&where, "id"}, part.id); break;
        case kFunction: ok = function({&where, "function"}, part); break;
        case kCustom:
          part.custom_tool = true;
          ok = function({&where, "custom"}, part);
          break;
        case kExtraContent: ok = extra_content({&where, "extra_content"}, part); break;
        case kCallType: ok = reader_.read_string({&where, "type"}, type); break;
        default: ok = document_.skip_unknown();
      }
      if (!ok) return false;
    }
    if (reader_.failed()) return false;
    if (part.id.empty()) return reader_.refuse({&where, "id"}, "is missing");
    if (part.name.empty()) return reader_.refuse({&where, "function"}, "has no name");
    part.raw = reader_.range_from(begin).of(document_.text);
    out_.pairs.call(part.id);
    scratch_.calls.push_back(part);
    return true;
  }

  bool function(const Where& where, Part& part) {
    if (reader_.cursor.take_null()) return true;
    if (!reader_.enter(where, '{', "must be an object")) return false;
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kFunctionKeys, where)) != StrictReader::kEnd;) {
      bool ok = false;
      switch (key) {
        case kFunctionName: ok = reader_.read_string({&where, "name"}, part.name); break;
        case kArguments: ok = arguments({&where, "arguments"}, part); break;
        case kInput: ok = text_arguments({&where, "input"}, part); break;
        default: ok = document_.skip_unknown();
      }
      if (!ok) return false;
    }
    return !reader_.failed();
  }

  // A string; an object from clients of Ollama.
  bool arguments(const Where& where, Part& part) {
    if (reader_.cursor.peek() != '{') return text_arguments(where, part);
    return document_.take_raw(part.arguments);
  }

  bool text_arguments(const Where& where, Part& part) {
    part.arguments_escaped = true;
    return reader_.read_string(where, part.arguments);
  }

  // Google's spelling; what else may be in it is another provider's.
  bool extra_content(const Where& where, Part& part) {
    const Where google{&where, "google"};
    return members(where, kExtraKeys, [&] {
      return members(google, kGoogleKeys, [&] {
        std::string_view raw;
        return document_.take(part.signature, raw);
      });
    });
  }

  // The one known member of an object; any other value is passed over.
  template <std::size_t N, class Member>
  bool members(const Where& where, const KeyTable<N>& table, Member&& member) {
    if (reader_.cursor.peek() != '{') return reader_.cursor.skip_value();
    if (!reader_.cursor.open('{')) return false;
    StrictReader::Members seen;
    for (int key; (key = reader_.next(seen, table, where)) != StrictReader::kEnd;) {
      if (!(key == StrictReader::kUnknown ? reader_.cursor.skip_value() : member())) return false;
    }
    return !reader_.failed();
  }

  // The deprecated form has no id: its name stands for it, in the answer too.
  bool old_call(const Where& where) {
    if (reader_.failed()) return false;
    Part part;
    part.kind = PartKind::tool_use;
    if (!function(where, part)) return false;
    if (part.name.empty()) return reader_.refuse(where, "has no name");
    part.id = part.name;
    out_.pairs.call(part.id);
    scratch_.calls.push_back(part);
    return true;
  }

  bool finish(const Where& where) {
    message_.part_begin = static_cast<std::uint32_t>(out_.parts.size());
    if (!cache_.empty() && !scratch_.content.empty()) scratch_.content.back().cache = cache_;
    const bool result = message_.role == Role::tool || message_.role == Role::function;
    if (result && !add_result(where)) return false;
    if (scratch_.thinking.empty() && !reasoning_.empty()) {
      Part part;
      part.kind = PartKind::thinking;
      part.text = reasoning_;
      scratch_.thinking.push_back(part);
    }
    if (!refusal_.empty()) {
      Part part;
      part.kind = PartKind::refusal;
      part.text = refusal_;
      scratch_.content.push_back(part);
    }
    for (const auto* parts : {&scratch_.thinking, &scratch_.content, &scratch_.calls})
      out_.parts.insert(out_.parts.end(), parts->begin(), parts->end());
    if (out_.parts.size() + out_.nested.size() > hub::parts_max)
      return reader_.refuse(where, "has one part too many");
    message_.part_count = static_cast<std::uint32_t>(out_.parts.size()) - message_.part_begin;
    out_.messages.push_back(message_);
    return true;
  }

  bool add_result(const Where& where) {
    Part result;
    result.kind = PartKind::tool_result;
    result.id = message_.role == Role::tool ? call_id_ : message_.name;
    const Where says{&where, message_.role == Role::tool ? "tool_call_id" : "name"};
    if (result.id.empty()) return reader_.refuse(says, "is missing");
    hub::note_result(out_, says, result.id);
    result.cache = cache_;
    result.nested_begin = static_cast<std::uint32_t>(out_.nested.size());
    result.nested_count = static_cast<std::uint32_t>(scratch_.content.size());
    out_.nested.insert(out_.nested.end(), scratch_.content.begin(), scratch_.content.end());
    scratch_.content.assign(1, result);
    return true;
  }

  Document& document_;
  StrictReader& reader_;
  MessageScratch& scratch_;
  hub::Request& out_;
  hub::Message message_;
  std::string_view call_id_, refusal_, reasoning_, cache_;
};

}  // namespace

bool read_hub_message(Document& document, const Where& where, MessageScratch& scratch,
                      hub::Request& out) {
  return MessageReader(document, scratch, out).read(where);
}

}  // namespace steelyard::dialect::openai
