// Parts of a message, or of what a tool returned.
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/responses_items.h"

namespace steelyard::dialect::responses {
namespace {

using hub::Document;
using hub::Part;
using hub::PartKind;
using hub::SourceKind;

enum Key {
  kType,
  kText,
  kRefusal,
  kImageUrl,
  kFileId,
  kDetail,
  kFileData,
  kFileUrl,
  kFilename,
  kAudio,
  kAnnotations,
  kKeys
};
constexpr KeyTable kPart(key_names("type", "text", "refusal", "image_url", "file_id", "detail",
                                   "file_data", "file_url", "filename", "input_audio",
                                   "annotations"));
constexpr KeyTable kAudioKeys(key_names("data", "format"));
enum Type { kInputText, kOutputText, kPlainText, kRefusalPart, kImage, kFile, kSound };
constexpr KeyTable kTypes(key_names("input_text", "output_text", "text", "refusal", "input_image",
                                    "input_file", "input_audio"));

ImageDetail detail_named(std::string_view name) {
  if (name == "low") return ImageDetail::low;
  if (name == "high") return ImageDetail::high;
  if (name == "original") return ImageDetail::original;
  return ImageDetail::automatic;
}

// A URL that may hold the data itself.
void take_url(std::string_view url, Part& out) {
  std::string_view base64;
  out.source = SourceKind::url;
  out.text = url;
  if (!hub::split_data_url(url, out.media_type, base64)) return;
  out.source = SourceKind::base64;
  out.text = base64;
}

class PartReader {
 public:
  PartReader(Document& document, const Where& where)
      : document_(document), reader_(document.reader), where_(where) {}

  bool read(std::vector<Part>& out) {
    const std::size_t begin = reader_.cursor.offset();
    if (!reader_.enter(where_, '{', "must be an object")) return false;
    StrictReader::Members members;
    int wrong = -1;
    for (int key; (key = reader_.next(members, kPart, where_)) != StrictReader::kEnd;) {
      const bool ok = key == StrictReader::kUnknown ? document_.skip_unknown()
                      : key == kAudio               ? audio()
                      : key == kAnnotations         ? annotations()
                                                    : document_.take(text_[key], raw_);
      if (!ok) return false;
      if (wrong < 0 && !raw_.empty()) wrong = key;
      raw_ = {};
    }
    if (reader_.failed()) return false;
    // Of a type that is not known anything may stand there.
    if (wrong >= 0 && (wrong == kType || kTypes.find(text_[kType]) >= 0))
      return refuse(static_cast<Key>(wrong), "must be a string");
    if (text_[kType].empty()) return refuse(kType, "must be a string that is not empty");
    if (!make()) return false;
    part_.raw = reader_.range_from(begin).of(document_.text);
    out.push_back(part_);
    return true;
  }

 private:
  bool refuse(Key key, std::string_view problem) {
    return reader_.refuse({&where_, kPart.name(key)}, problem);
  }

  bool audio() {
    if (reader_.cursor.peek() != '{') return reader_.cursor.skip_value();
    if (!reader_.cursor.open('{')) return false;
    const Where where{&where_, "input_audio"};
    std::string_view ignored;  // of a wrong type: as good as none
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kAudioKeys, where)) != StrictReader::kEnd;) {
      const bool ok = key == StrictReader::kUnknown
                          ? reader_.cursor.skip_value()
                          : document_.take(key == 0 ? audio_ : part_.media_type, ignored);
      if (!ok) return false;
    }
    return !reader_.failed();
  }

  bool annotations() {
    std::string_view raw;
    if (!document_.take_raw(raw)) return false;
    if (raw.starts_with('[') && raw.size() > 2) part_.citations = raw;
    return true;
  }

  bool make() {
    switch (kTypes.find(text_[kType])) {
      case kInputText:
      case kOutputText:
      case kPlainText: return words(kText, PartKind::text);
      case kRefusalPart: return words(kRefusal, PartKind::refusal);
      case kImage:
        part_.kind = PartKind::image;
        part_.detail = detail_named(text_[kDetail]);
        return media(text_[kImageUrl]) || refuse(kImageUrl, "must be a URL or a data URL");
      case kFile:
        part_.kind = PartKind::document;
        part_.name = text_[kFilename];
        return media(text_[kFileUrl].empty() ? text_[kFileData] : text_[kFileUrl]) ||
               refuse(kFileData, "must be a data URL");
      case kSound:
        part_.kind = PartKind::audio;
        part_.source = SourceKind::base64;
        part_.text = audio_;
        return !audio_.empty() || refuse(kAudio, "must hold data");
      default: part_.kind = PartKind::native; return true;
    }
  }

  bool words(Key key, PartKind kind) {
    part_.kind = kind;
    part_.text = text_[key];
    return text_[key].data() != nullptr || refuse(key, "must be a string");
  }

  bool media(std::string_view url) {
    if (!url.empty()) {
      take_url(url, part_);
      // Files are also sent as bare base64.
      if (part_.kind == PartKind::document && text_[kFileUrl].empty())
        part_.source = SourceKind::base64;
      return true;
    }
    part_.source = SourceKind::file_id;
    part_.text = text_[kFileId];
    return !part_.text.empty();
  }

  Document& document_;
  StrictReader& reader_;
  const Where& where_;
  Part part_;
  std::string_view text_[kKeys], raw_, audio_;
};

}  // namespace

bool read_content(Document& document, const Where& where, std::vector<Part>& out) {
  StrictReader& reader = document.reader;
  if (reader.cursor.take_null()) return true;
  const char c = reader.cursor.peek();
  if (c == '"') {
    Part part;
    if (!reader.cursor.take_string(part.text)) return false;
    out.push_back(part);
    return true;
  }
  if (c != '[') return !reader.failed() && reader.refuse(where, "must be a string or an array");
  if (!reader.cursor.open('[')) return false;
  std::size_t index = 0;
  for (bool first = true; reader.cursor.next_element(first); ++index) {
    const Where element{&where, {}, index};
    if (out.size() >= hub::parts_max) return reader.refuse(element, "is one part too many");
    if (!PartReader(document, element).read(out)) return false;
  }
  return !reader.failed();
}

}  // namespace steelyard::dialect::responses
