#include "gateway/dialect/openai_annotation.h"

#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::openai {

using hub::Citation;

namespace {

enum Key { kType, kUrl, kTitle, kContent, kFile, kFileName, kBegin, kEnd, kIndex, kNested };
constexpr KeyTable kKeys(key_names("type", "url", "title", "content", "file_id", "filename",
                                   "start_index", "end_index", "index", "url_citation"));

struct Values {
  std::string_view text[kKeys.size()];
  std::int64_t begin = 0, end = 0, index = -1;
};

bool read_values(LenientReader& reader, Values& out, bool nested) {
  bool given = false;
  return reader.object(kKeys, [&](int key) {
    if (key < 0) return reader.cursor.skip_value();
    if (key == kNested) return nested ? reader.cursor.skip_value() : read_values(reader, out, true);
    if (key == kBegin) return reader.integer(out.begin, given);
    if (key == kEnd) return reader.integer(out.end, given);
    if (key == kIndex) return reader.integer(out.index, given);
    return reader.text(out.text[key]);
  });
}

}  // namespace

bool read_annotation(std::string_view json, Citation& out) {
  out = {};
  LenientReader reader(json);
  if (reader.cursor.peek() == '"') {  // Perplexity and xAI name pages only
    std::string_view url;
    if (!reader.text(url) || url.empty()) return false;
    out.url = url;
    return true;
  }
  Values values;
  if (reader.cursor.peek() != '{' || !read_values(reader, values, false)) return false;
  const std::string_view type = values.text[kType];
  const bool file = type == "file_citation" || type == "container_file_citation";
  if (!file && type != "url_citation" && values.text[kUrl].empty()) return false;
  out.url = values.text[kUrl];
  out.title = values.text[file ? kFileName : kTitle];
  out.quote = values.text[kContent];
  out.file_id = values.text[kFile];
  out.begin = values.begin;
  out.end = values.end;
  if (file && values.index >= 0) out.begin = out.end = values.index;
  out.span = out.end > 0 || file ? hub::Span::points_of_text : hub::Span::block;
  return true;
}

void write_chat_annotation(hub::PieceWriter& json, const Citation& citation) {
  json.open('{').field("type", "url_citation").key("url_citation").open('{');
  json.field_number("start_index", citation.begin).field_number("end_index", citation.end);
  json.field("title", citation.title).field("url", citation.url).close('}').close('}');
}

void write_responses_annotation(hub::PieceWriter& json, const Citation& citation) {
  json.open('{');
  if (citation.url.empty()) {
    json.field("type", "file_citation").field("file_id", citation.file_id);
    json.field("filename", citation.title).field_number("index", citation.end);
  } else {
    json.field("type", "url_citation").field_number("start_index", citation.begin);
    json.field_number("end_index", citation.end);
    json.field("title", citation.title).field("url", citation.url);
  }
  json.close('}');
}

bool send_annotations(std::string_view json, std::uint32_t choice, hub::Span span,
                      hub::EventSink& sink) {
  bool all = true;
  LenientReader list(json);
  list.array([&] {
    std::string_view one;
    if (!list.cursor.take_raw(one)) return false;
    Citation citation;
    if (!read_annotation(one, citation)) {
      all = false;
      return true;
    }
    if (citation.span != hub::Span::block) citation.span = span;
    hub::Event event;
    event.kind = hub::EventKind::citation;
    event.choice = choice;
    event.citation = &citation;
    sink.take(event);
    return true;
  });
  return all;
}

}  // namespace steelyard::dialect::openai
