#include "gateway/dialect/responses_items.h"

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/responses_names.h"

namespace steelyard::dialect::responses {
namespace {

using hub::Document;
using hub::Part;
using hub::PartKind;

enum Key {
  kType,
  kRole,
  kContent,
  kCallId,
  kName,
  kNamespace,
  kArguments,
  kInput,
  kOutput,
  kSummary,
  kEncrypted,
  kTools,
  kId,
  kKeys
};
constexpr KeyTable kItem(key_names("type", "role", "content", "call_id", "name", "namespace",
                                   "arguments", "input", "output", "summary", "encrypted_content",
                                   "tools", "id"));
enum Type {
  kMessage,
  kReasoning,
  kFunctionCall,
  kFunctionOutput,
  kCustomCall,
  kCustomOutput,
  kAdditionalTools,
  kItemReference
};
constexpr KeyTable kTypes(key_names("message", "reasoning", "function_call", "function_call_output",
                                    "custom_tool_call", "custom_tool_call_output",
                                    "additional_tools", "item_reference"));
constexpr KeyTable kRoles(key_names("user", "assistant", "system", "developer"));
constexpr Role kRoleOf[] = {Role::user, Role::assistant, Role::system, Role::developer};
constexpr KeyTable kSummaryPart(key_names("text"));

class InputReader {
 public:
  InputReader(Document& document, MadeTexts& made, hub::Request& out)
      : document_(document), reader_(document.reader), made_(made), out_(out) {}

  bool read(const Where& where) {
    if (reader_.cursor.peek() == '"') {
      begin(Role::user, reader_.cursor.offset(), false);
      out_.parts.emplace_back();
      if (!reader_.cursor.take_string(out_.parts.back().text)) return false;
      end(reader_.cursor.end_of_previous());
      finish();
      return true;
    }
    if (!reader_.enter(where, '[', "must be a string or an array of items")) return false;
    std::size_t index = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++index) {
      const Where element{&where, {}, index};
      if (index == hub::parts_max || out_.messages.size() == hub::messages_max)
        return reader_.refuse(element, "is one item too many");
      if (!item(element)) return false;
    }
    finish();
    return !reader_.failed();
  }

 private:
  bool refuse(const Where& where, Key key, std::string_view problem) {
    return reader_.refuse({&where, kItem.name(key)}, problem);
  }

  // Which members count depends on the type, which may come last: so all are kept first.
  bool item(const Where& where) {
    const std::size_t from = reader_.cursor.offset();
    before_ = out_.unknown.mark();
    if (!reader_.enter(where, '{', "must be an object")) return false;
    for (std::string_view& text : text_) text = {};
    for (std::string_view& raw : raw_) raw = {};
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kItem, where)) != StrictReader::kEnd;) {
      const bool ok = key == StrictReader::kUnknown ? document_.skip_unknown()
                                                    : document_.take(text_[key], raw_[key]);
      if (!ok) return false;
    }
    if (reader_.failed()) return false;
    from_ = from;
    to_ = reader_.cursor.end_of_previous();
    if (out_.parts.size() + out_.nested.size() > hub::parts_max)
      return reader_.refuse(where, "holds one part too many");
    return make(where);
  }

  bool make(const Where& where) {
    if (!raw_[kType].empty()) return refuse(where, kType, "must be a string");
    if (!raw_[kRole].empty()) return refuse(where, kRole, "must be a string");
    const bool untyped = text_[kType].empty() && !text_[kRole].empty();
    if (!untyped && text_[kType].empty())
      return refuse(where, kType, "must be a string that is not empty");
    switch (untyped ? kMessage : kTypes.find(text_[kType])) {
      case kMessage: return message(where);
      case kReasoning: return reasoning(where);
      case kFunctionCall: return call(where, kArguments, false);
      case kCustomCall: return call(where, kInput, true);
      case kFunctionOutput:
      case kCustomOutput: return output(where);
      case kAdditionalTools: return tools(where);
      case kItemReference: refer(); return native();
      default: unknown(); return native();
    }
  }

  // What is called may be of a type that only this dialect has; what stands for earlier turns may
  // hold calls.
  void unknown() {
    if (!text_[kType].ends_with("_output")) out_.pairs.also(text_[kCallId]);
    if (text_[kType].find("compaction") != std::string_view::npos) out_.pairs.hide();
  }

  bool message(const Where& where) {
    const int role = kRoles.find(text_[kRole]);
    if (role < 0)
      return refuse(where, kRole, "must be \"user\", \"assistant\", \"system\" or \"developer\"");
    begin(kRoleOf[role], from_, kRoleOf[role] == Role::assistant);
    const bool ok = inside(where, kContent, out_.parts);
    end(to_);
    return ok;
  }

  // The array was walked once already; its pieces are looked at now that the type is known.
  bool inside(const Where& where, Key key, std::vector<Part>& out) {
    if (text_[key].data() != nullptr) {
      Part part;
      part.text = text_[key];
      out.push_back(part);
      return true;
    }
    if (raw_[key].empty()) return true;
    std::string refusal;
    Document inner(raw_[key], refusal);
    inner.unknown = &out_.unknown;
    return read_content(inner, {&where, kItem.name(key)}, out) || reader_.repeat(refusal);
  }

  // To an item that only its provider can show.
  void refer() {
    out_.needs_store = "input";
    out_.kept_items.push_back(text_[kId]);
  }

  // Its summary, else its own words; the opaque state goes with the last of them.
  bool reasoning(const Where&) {
    begin(Role::assistant, from_, true);
    const std::size_t first = out_.parts.size();
    for (const Key key : {kSummary, kContent}) {
      if (out_.parts.size() > first || raw_[key].empty()) continue;
      thoughts(raw_[key]);
    }
    if (!text_[kEncrypted].empty()) {
      if (out_.parts.size() == first) add_thought({});
      take_state(text_[kEncrypted], out_.parts.back());
    } else if (out_.parts.size() == first && !text_[kId].empty()) {
      refer();  // nothing but a name: what it stands for is with its provider
    }
    end(to_);
    return true;
  }

  // OpenAI's own, or what this client carried for another dialect.
  static void take_state(std::string_view state, Part& part) {
    part.signature = state;
    part.carried = state.starts_with(hub::anthropic_tag) || state.starts_with(hub::redacted_tag);
    if (state.starts_with(hub::anthropic_tag)) {
      part.signature.remove_prefix(hub::anthropic_tag.size());
    } else if (state.starts_with(hub::redacted_tag)) {
      part.kind = PartKind::redacted_thinking;
      part.text = state.substr(hub::redacted_tag.size());
      part.signature = {};
    } else {
      part.encrypted = !hub::is_carrier(state);
    }
  }

  void thoughts(std::string_view raw) {
    LenientReader reader(raw);
    reader.array([&] {
      std::string_view text;
      const bool ok = reader.object(kSummaryPart, [&](int key) {
        return key == 0 ? reader.text(text) : reader.cursor.skip_value();
      });
      if (ok && !text.empty()) add_thought(text);
      return ok;
    });
  }

  void add_thought(std::string_view text) {
    Part& part = out_.parts.emplace_back();
    part.kind = PartKind::thinking;
    part.text = text;
  }

  bool call(const Where& where, Key arguments, bool custom) {
    if (text_[kCallId].empty()) return refuse(where, kCallId, "must be a string that is not empty");
    if (text_[kName].empty()) return refuse(where, kName, "must be a string that is not empty");
    if (text_[arguments].data() == nullptr) return refuse(where, arguments, "must be a string");
    begin(Role::assistant, from_, true);
    Part& part = out_.parts.emplace_back();
    part.kind = PartKind::tool_use;
    part.id = text_[kCallId];
    part.name = text_[kName];
    if (!text_[kNamespace].empty()) {
      std::string& flat = made_.emplace_back();
      append_flat_name(flat, text_[kNamespace], text_[kName]);
      part.name = flat;
    }
    part.arguments = text_[arguments];
    part.arguments_escaped = true;
    part.custom_tool = custom;
    out_.pairs.call(part.id);
    end(to_);
    return true;
  }

  bool output(const Where& where) {
    if (text_[kCallId].empty()) return refuse(where, kCallId, "must be a string that is not empty");
    hub::note_result(out_, {&where, kItem.name(kCallId)}, text_[kCallId]);
    Part part;
    part.kind = PartKind::tool_result;
    part.id = text_[kCallId];
    part.nested_begin = static_cast<std::uint32_t>(out_.nested.size());
    if (!inside(where, kOutput, out_.nested)) return false;
    part.nested_count = static_cast<std::uint32_t>(out_.nested.size()) - part.nested_begin;
    begin(Role::tool, from_, true);
    out_.parts.push_back(part);
    end(to_);
    return true;
  }

  bool tools(const Where& where) {
    if (raw_[kTools].empty()) return true;
    std::string refusal;
    Document inner(raw_[kTools], refusal);
    inner.unknown = &out_.unknown;
    if (!read_tools(inner, {&where, "tools"}, made_, out_)) return reader_.repeat(refusal);
    // They are counted as input like any others.
    const auto begin = static_cast<std::uint32_t>(raw_[kTools].data() - document_.text.data());
    const auto size = static_cast<std::uint32_t>(raw_[kTools].size());
    if (size > out_.tools_raw.size) out_.tools_raw = {begin, size};
    return true;
  }

  bool native() {
    out_.unknown.undo(before_);
    begin(Role::assistant, from_, true);
    Part& part = out_.parts.emplace_back();
    part.kind = PartKind::native;
    part.raw = document_.text.substr(from_, to_ - from_);
    end(to_);
    return true;
  }

  // A turn goes on while items of the same side follow each other.
  void begin(Role role, std::size_t from, bool goes_on) {
    if (open_ && goes_on && message_.role == role) return;
    finish();
    open_ = true;
    message_ = {};
    message_.role = role;
    message_.raw.begin = static_cast<std::uint32_t>(from);
    message_.part_begin = static_cast<std::uint32_t>(out_.parts.size());
  }
  void end(std::size_t to) {
    message_.raw.size = static_cast<std::uint32_t>(to) - message_.raw.begin;
  }
  void finish() {
    if (!open_) return;
    open_ = false;
    message_.part_count = static_cast<std::uint32_t>(out_.parts.size()) - message_.part_begin;
    out_.messages.push_back(message_);
  }

  Document& document_;
  StrictReader& reader_;
  MadeTexts& made_;
  hub::Request& out_;
  hub::Message message_;
  bool open_ = false;
  std::size_t from_ = 0, to_ = 0;
  LostFields::Mark before_{};
  std::string_view text_[kKeys], raw_[kKeys];
};

}  // namespace

bool read_input(Document& document, const Where& where, MadeTexts& made, hub::Request& out) {
  return InputReader(document, made, out).read(where);
}

}  // namespace steelyard::dialect::responses
