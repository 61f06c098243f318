#include "gateway/dialect/anthropic_citation.h"

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::anthropic {

using hub::Citation;
using hub::SourcePlace;

namespace {

constexpr KeyTable kTypes(key_names("web_search_result_location", "search_result_location",
                                    "char_location", "page_location", "content_block_location"));
constexpr SourcePlace kPlaces[] = {SourcePlace::none, SourcePlace::search_result,
                                   SourcePlace::characters, SourcePlace::pages,
                                   SourcePlace::blocks};

enum Key {
  kType,
  kText,
  kUrl,
  kSource,
  kTitle,
  kDocumentTitle,
  kFile,
  kEncrypted,
  kDocument,
  kResult,
  kStartChar,
  kStartPage,
  kStartBlock,
  kEndChar,
  kEndPage,
  kEndBlock
};
constexpr KeyTable kKeys(key_names("type", "cited_text", "url", "source", "title", "document_title",
                                   "file_id", "encrypted_index", "document_index",
                                   "search_result_index", "start_char_index", "start_page_number",
                                   "start_block_index", "end_char_index", "end_page_number",
                                   "end_block_index"));

}  // namespace

bool read_citation(std::string_view json, Citation& out) {
  out = {};
  std::string_view text[kKeys.size()];
  bool given = false;
  LenientReader reader(json);
  if (reader.cursor.peek() != '{') return false;
  const bool ok = reader.object(kKeys, [&](int key) {
    if (key < 0) return reader.cursor.skip_value();
    if (key < kDocument) return reader.text(text[key]);
    if (key <= kResult) return reader.integer(out.source, given);
    return reader.integer(key < kEndChar ? out.source_begin : out.source_end, given);
  });
  const int type = kTypes.find(text[kType]);
  if (!ok || type < 0) return false;
  out.place = kPlaces[type];
  out.quote = text[kText];
  out.url = text[kUrl].empty() ? text[kSource] : text[kUrl];
  out.title = text[kTitle].empty() ? text[kDocumentTitle] : text[kTitle];
  out.file_id = text[kFile];
  out.index = text[kEncrypted];
  return true;
}

void write_citation(hub::PieceWriter& json, const Citation& citation) {
  const auto document = [&](std::string_view begin, std::string_view end) {
    json.field_number("document_index", citation.source).key("document_title");
    citation.title.empty() ? json.raw("null") : json.escaped(citation.title);
    json.field_number(begin, citation.source_begin).field_number(end, citation.source_end);
    json.key("file_id");
    citation.file_id.empty() ? json.raw("null") : json.escaped(citation.file_id);
  };
  json.open('{').key("type");
  switch (citation.place) {
    case SourcePlace::characters:
      json.text("char_location");
      document("start_char_index", "end_char_index");
      break;
    case SourcePlace::pages:
      json.text("page_location");
      document("start_page_number", "end_page_number");
      break;
    case SourcePlace::blocks:
      json.text("content_block_location");
      document("start_block_index", "end_block_index");
      break;
    case SourcePlace::search_result:
      json.text("search_result_location").field("source", citation.url);
      json.field("title", citation.title).field_number("search_result_index", citation.source);
      json.field_number("start_block_index", citation.source_begin);
      json.field_number("end_block_index", citation.source_end);
      break;
    case SourcePlace::none:
      json.text("web_search_result_location").field("url", citation.url);
      json.field("title", citation.title);
      json.field("encrypted_index", citation.index.empty() ? hub::foreign_index : citation.index);
  }
  json.field("cited_text", citation.quote).close('}');
}

}  // namespace steelyard::dialect::anthropic
