#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/openai_hub_message.h"

namespace steelyard::dialect::openai {
namespace {

using hub::Document;
using hub::Part;
using hub::PartKind;
using hub::SourceKind;

enum PartKey { kType, kText, kRefusal, kImage, kAudio, kFile, kCache };
constexpr KeyTable kParts(key_names("type", "text", "refusal", "image_url", "input_audio", "file",
                                    "cache_control"));
enum MediaKey { kUrl, kData, kFileData, kFileId, kDetail, kFormat, kFilename };
constexpr KeyTable kMedia(key_names("url", "data", "file_data", "file_id", "detail", "format",
                                    "filename"));
constexpr KeyTable kTypes(key_names("text", "refusal", "image_url", "input_audio", "file"));

enum ReasoningKey {
  kReasoningType,
  kReasoningText,
  kThinking,
  kSignature,
  kReasoningData,
  kReasoningFormat
};
constexpr KeyTable kReasoning(key_names("type", "text", "thinking", "signature", "data", "format"));

ImageDetail detail_named(std::string_view name) {
  if (name == "low") return ImageDetail::low;
  if (name == "high") return ImageDetail::high;
  if (name == "original") return ImageDetail::original;
  return ImageDetail::automatic;
}

// A URL that may hold the data itself.
void take_url(std::string_view url, Part& out) {
  std::string_view base64;
  if (hub::split_data_url(url, out.media_type, base64)) {
    out.source = SourceKind::base64;
    out.text = base64;
  } else {
    out.source = SourceKind::url;
    out.text = url;
  }
}

bool read_media(Document& document, const Where& where, PartKind kind, Part& out) {
  StrictReader& reader = document.reader;
  std::string_view values[kMedia.size()];
  if (reader.cursor.peek() == '"') {  // "image_url": "https://..."
    if (!reader.cursor.take_string(values[kUrl])) return false;
  } else {
    if (!reader.enter(where, '{', "must be an object or a string")) return false;
    StrictReader::Members members;
    for (int key; (key = reader.next(members, kMedia, where)) != StrictReader::kEnd;) {
      const bool ok = key == StrictReader::kUnknown
                          ? document.skip_unknown()
                          : reader.read_string({&where, kMedia.name(static_cast<std::size_t>(key))},
                                               values[key]);
      if (!ok) return false;
    }
    if (reader.failed()) return false;
  }
  out.kind = kind;
  out.detail = detail_named(values[kDetail]);
  out.name = values[kFilename];
  if (!values[kFileId].empty()) {
    out.source = SourceKind::file_id;
    out.text = values[kFileId];
  } else if (kind == PartKind::audio) {
    out.source = SourceKind::base64;
    out.text = values[kData];
    out.media_type = values[kFormat];
  } else {
    take_url(values[kUrl].empty() ? values[kFileData] : values[kUrl], out);
  }
  return !out.text.empty() || reader.refuse(where, "holds neither a URL nor data");
}

bool read_part(Document& document, const Where& where, std::vector<Part>& out) {
  StrictReader& reader = document.reader;
  const std::size_t begin = reader.cursor.offset();
  if (!reader.enter(where, '{', "must be an object")) return false;
  const LostFields::Mark before =
      document.unknown != nullptr ? document.unknown->mark() : LostFields::Mark();
  Part part, media;
  std::string_view type, text, refusal;
  StrictReader::Members members;
  for (int key; (key = reader.next(members, kParts, where)) != StrictReader::kEnd;) {
    bool ok = false;
    const Where at{&where, key >= 0 ? kParts.name(static_cast<std::size_t>(key)) : ""};
    switch (key) {
      case kType: ok = reader.read_string(at, type); break;
      case kText: ok = reader.read_string(at, text); break;
      case kRefusal: ok = reader.read_string(at, refusal); break;
      case kImage: ok = read_media(document, at, PartKind::image, media); break;
      case kAudio: ok = read_media(document, at, PartKind::audio, media); break;
      case kFile: ok = read_media(document, at, PartKind::document, media); break;
      case kCache: ok = document.take_object(at, part.cache); break;
      default: ok = document.skip_unknown();
    }
    if (!ok) return false;
  }
  if (reader.failed()) return false;
  const int known = kTypes.find(type);
  const bool is_media = known >= 2;
  if (is_media && media.text.empty()) return reader.refuse({&where, type}, "is missing");
  if (is_media) {
    media.cache = part.cache;
    part = media;
  } else if (known >= 0) {
    part.kind = known == 0 ? PartKind::text : PartKind::refusal;
    part.text = known == 0 ? text : refusal;
  } else {
    part.kind = PartKind::native;
    if (document.unknown != nullptr) document.unknown->undo(before);
  }
  part.raw = reader.range_from(begin).of(document.text);
  out.push_back(part);
  return true;
}

bool read_reasoning(Document& document, const Where& where, std::vector<Part>& out) {
  StrictReader& reader = document.reader;
  const std::size_t begin = reader.cursor.offset();
  if (reader.cursor.peek() != '{') return reader.cursor.skip_value();
  if (!reader.cursor.open('{')) return false;
  std::string_view values[kReasoning.size()], raw;
  StrictReader::Members members;
  for (int key; (key = reader.next(members, kReasoning, where)) != StrictReader::kEnd;) {
    const bool ok = key == StrictReader::kUnknown ? reader.cursor.skip_value()
                                                  : document.take(values[key], raw);
    if (!ok) return false;
  }
  if (reader.failed()) return false;
  const std::string_view type = values[kReasoningType];
  const bool foreign =
      !values[kReasoningFormat].empty() && !values[kReasoningFormat].starts_with("anthropic");
  Part part;
  part.raw = reader.range_from(begin).of(document.text);
  part.kind = PartKind::native;
  if (type == "thinking" || (type == "reasoning.text" && !foreign)) {
    part.kind = PartKind::thinking;
    part.text = type == "thinking" ? values[kThinking] : values[kReasoningText];
    part.signature = values[kSignature];
  } else if (type == "redacted_thinking" || (type == "reasoning.encrypted" && !foreign)) {
    part.kind = PartKind::redacted_thinking;
    part.text = values[kReasoningData];
  }
  out.push_back(part);
  return true;
}

}  // namespace

bool read_reasoning_list(Document& document, const Where& where, std::vector<Part>& out) {
  StrictReader& reader = document.reader;
  if (reader.cursor.peek() != '[') return reader.cursor.skip_value();
  if (!reader.cursor.open('[')) return false;
  std::size_t index = 0;
  for (bool first = true; reader.cursor.next_element(first); ++index) {
    const Where element{&where, {}, index};
    if (out.size() >= hub::parts_max) return reader.refuse(element, "is one block too many");
    if (!read_reasoning(document, element, out)) return false;
  }
  return !reader.failed();
}

bool read_hub_content(Document& document, const Where& where, std::vector<Part>& out) {
  StrictReader& reader = document.reader;
  const char c = reader.cursor.peek();
  if (c == '"') {
    Part part;
    if (!reader.cursor.take_string(part.text)) return false;
    if (!part.text.empty()) out.push_back(part);
    return true;
  }
  if (reader.cursor.take_null()) return true;
  if (reader.failed()) return false;
  if (c != '[') return reader.refuse(where, "must be a string, an array or null");
  if (!reader.cursor.open('[')) return false;
  std::size_t index = 0;
  for (bool first = true; reader.cursor.next_element(first); ++index) {
    const Where element{&where, {}, index};
    if (out.size() >= hub::parts_max) return reader.refuse(element, "is one part too many");
    if (!read_part(document, element, out)) return false;
  }
  return !reader.failed();
}

}  // namespace steelyard::dialect::openai
