#include "gateway/dialect/anthropic_content.h"

#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::anthropic {
namespace {

using hub::Document;
using hub::Part;
using hub::PartKind;
using hub::SourceKind;

enum BlockKey {
  kType,
  kText,
  kSource,
  kId,
  kName,
  kInput,
  kToolUseId,
  kContent,
  kIsError,
  kThinking,
  kSignature,
  kData,
  kCacheControl,
  kCitations,
  kTitle,
  kContext,
  kBlockKeys
};
constexpr KeyTable kKeys(key_names("type", "text", "source", "id", "name", "input", "tool_use_id",
                                   "content", "is_error", "thinking", "signature", "data",
                                   "cache_control", "citations", "title", "context"));

enum SourceKey { kSourceType, kMediaType, kSourceData, kUrl, kFileId, kSourceContent };
constexpr KeyTable kSourceKeys(key_names("type", "media_type", "data", "url", "file_id",
                                         "content"));
constexpr KeyTable kSourceTypes(key_names("base64", "url", "file", "text"));
constexpr SourceKind kSources[] = {SourceKind::base64, SourceKind::url, SourceKind::file_id,
                                   SourceKind::text};

enum BlockType { kTextBlock, kImage, kDocument, kThinkingBlock, kRedacted, kToolUse, kToolResult };
constexpr KeyTable kTypes(key_names("text", "image", "document", "thinking", "redacted_thinking",
                                    "tool_use", "tool_result"));

class BlockReader {
 public:
  BlockReader(Document& document, const Where& where) : document_(document), where_(where) {}

  bool read(hub::Request& out, bool nested) {
    StrictReader& reader = document_.reader;
    const std::size_t begin = reader.cursor.offset();
    const LostFields::Mark known = out.unknown.mark();
    if (!reader.enter(where_, '{', "must be an object")) return false;
    StrictReader::Members members;
    for (int key; (key = reader.next(members, kKeys, where_)) != StrictReader::kEnd;) {
      if (!member(key)) return false;
    }
    if (reader.failed()) return false;
    part_.raw = reader.range_from(begin).of(document_.text);
    if ((members.seen & 1u << kType) == 0 || raw_[kType].data() != nullptr)
      return refuse(kType, "must be a string");
    if (!make(out, nested)) return false;
    if (part_.kind == PartKind::native) out.unknown.undo(known);
    if (out.parts.size() + out.nested.size() >= hub::parts_max)
      return reader.refuse(where_, "is one block too many");
    (nested ? out.nested : out.parts).push_back(part_);
    return true;
  }

 private:
  bool refuse(BlockKey key, std::string_view problem) {
    return document_.reader.refuse({&where_, kKeys.name(key)}, problem);
  }

  // What a key means depends on the type, which may come last: so everything is kept first.
  bool member(int key) {
    if (key == StrictReader::kUnknown) return document_.skip_unknown();
    if (key == kSource && document_.reader.cursor.peek() == '{') return source();
    if (key == kIsError && document_.reader.cursor.peek() != '{')
      return document_.reader.read_bool({&where_, "is_error"}, part_.is_error);
    if (key == kCacheControl) return document_.take_object({&where_, "cache_control"}, part_.cache);
    return document_.take(text_[key], raw_[key]);
  }

  bool source() {
    StrictReader& reader = document_.reader;
    const Where where{&where_, "source"};
    if (!reader.cursor.open('{')) return false;
    StrictReader::Members members;
    std::string_view values[kSourceKeys.size()], raw;
    int wrong = -1;
    for (int key; (key = reader.next(members, kSourceKeys, where)) != StrictReader::kEnd;) {
      const bool ok = key == StrictReader::kUnknown ? reader.cursor.skip_value()
                                                    : document_.take(values[key], raw);
      if (!ok) return false;
      if (wrong < 0 && !raw.empty() && key != kSourceContent) wrong = key;
      raw = {};
    }
    if (reader.failed()) return false;
    const int type = kSourceTypes.find(values[kSourceType]);
    // Of a type that is not known anything may stand there.
    if (wrong >= 0 && (wrong == kSourceType || type >= 0))
      return reader.refuse({&where, kSourceKeys.name(static_cast<std::size_t>(wrong))},
                           "must be a string");
    part_.source = type >= 0 ? kSources[type] : SourceKind::none;
    part_.media_type = values[kMediaType];
    switch (part_.source) {
      case SourceKind::url: source_text_ = values[kUrl]; break;
      case SourceKind::file_id: source_text_ = values[kFileId]; break;
      default: source_text_ = values[kSourceData];
    }
    return true;
  }

  bool make(hub::Request& out, bool nested) {
    part_.kind = PartKind::native;
    switch (kTypes.find(text_[kType])) {
      case kTextBlock: return take_text(kText, PartKind::text);
      case kThinkingBlock:
        part_.signature = text_[kSignature];
        return take_text(kThinking, PartKind::thinking);
      case kRedacted: return take_text(kData, PartKind::redacted_thinking);
      case kImage: return media(PartKind::image);
      case kDocument: return media(PartKind::document);
      case kToolUse: return nested || tool_use(out);
      case kToolResult: return nested || tool_result(out);
      default: unknown(out); return true;
    }
  }

  bool take_text(BlockKey key, PartKind kind) {
    if (text_[key].data() == nullptr) return refuse(key, "must be a string");
    part_.kind = kind;
    part_.text = text_[key];
    part_.citations = raw_[kCitations];
    return true;
  }

  // Sources the hub cannot hold (a document made of blocks) leave the part native.
  bool media(PartKind kind) {
    if (part_.source == SourceKind::none || source_text_.empty()) return true;
    for (const BlockKey key : {kTitle, kContext})
      if (!raw_[key].empty()) return refuse(key, "must be a string");
    part_.kind = kind;
    part_.text = source_text_;
    part_.name = text_[kTitle];
    part_.arguments = text_[kContext];
    part_.citations = raw_[kCitations];
    return true;
  }

  // Results may name what such a block began, and no other dialect is shown: a call that is not
  // seen. A summary stands for turns that are no longer here.
  void unknown(hub::Request& out) const {
    if (!text_[kId].empty()) out.pairs.call({});
    if (text_[kType].starts_with("compaction")) out.pairs.hide();
  }

  bool tool_use(hub::Request& out) {
    if (text_[kId].empty()) return refuse(kId, "must be a string that is not empty");
    if (text_[kName].empty()) return refuse(kName, "must be a string that is not empty");
    if (!raw_[kInput].starts_with('{')) return refuse(kInput, "must be an object");
    part_.kind = PartKind::tool_use;
    part_.id = text_[kId];
    part_.name = text_[kName];
    part_.arguments = raw_[kInput];
    out.pairs.call(part_.id);
    return true;
  }

  bool tool_result(hub::Request& out) {
    if (text_[kToolUseId].empty()) return refuse(kToolUseId, "must be a string that is not empty");
    part_.kind = PartKind::tool_result;
    part_.id = text_[kToolUseId];
    hub::note_result(out, {&where_, kKeys.name(kToolUseId)}, part_.id);
    part_.nested_begin = static_cast<std::uint32_t>(out.nested.size());
    const Where where{&where_, "content"};
    if (text_[kContent].data() != nullptr) {
      Part inside;
      inside.text = text_[kContent];
      out.nested.push_back(inside);
    } else if (raw_[kContent].data() != nullptr && !blocks(where, out)) {
      return false;
    }
    part_.nested_count = static_cast<std::uint32_t>(out.nested.size()) - part_.nested_begin;
    return true;
  }

  // The array was walked once already; its pieces are looked at only now that the type is known.
  bool blocks(const Where& where, hub::Request& out) {
    std::string refusal;
    Document inner(raw_[kContent], refusal);
    inner.unknown = document_.unknown;
    StrictReader& reader = inner.reader;
    bool ok = reader.enter(where, '[', "must be a string, an array or null");
    std::size_t index = 0;
    for (bool first = true; ok && reader.cursor.next_element(first); ++index) {
      const Where element{&where, {}, index};
      ok = BlockReader(inner, element).read(out, true);
    }
    return ok || document_.reader.repeat(refusal);
  }

  Document& document_;
  const Where& where_;
  Part part_;
  std::string_view text_[kBlockKeys], raw_[kBlockKeys], source_text_;
};

}  // namespace

bool read_content(Document& document, const Where& where, hub::Request& out) {
  StrictReader& reader = document.reader;
  const char c = reader.cursor.peek();
  if (c == '"') {
    Part part;
    if (!reader.cursor.take_string(part.text)) return false;
    out.parts.push_back(part);
    return true;
  }
  if (c != '[') return reader.refuse(where, "must be a string or an array of blocks");
  if (!reader.cursor.open('[')) return false;
  std::size_t index = 0;
  for (bool first = true; reader.cursor.next_element(first); ++index) {
    const Where element{&where, {}, index};
    if (!BlockReader(document, element).read(out, false)) return false;
  }
  return !reader.failed();
}

}  // namespace steelyard::dialect::anthropic
