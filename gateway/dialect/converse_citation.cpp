// What a text of Converse's was taken from.
#include "gateway/dialect/converse_block.h"
#include "gateway/dialect/hub_citation.h"
#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::converse {
namespace {

using hub::Citation;
using hub::SourcePlace;

constexpr KeyTable kKeys(key_names("title", "source", "sourceContent", "location"));
constexpr KeyTable kText(key_names("text"));
constexpr KeyTable kLocations(key_names("web", "documentChar", "documentPage", "documentChunk",
                                        "searchResultLocation"));
constexpr SourcePlace kPlaces[] = {SourcePlace::none, SourcePlace::characters, SourcePlace::pages,
                                   SourcePlace::blocks, SourcePlace::search_result};
constexpr KeyTable kPlace(key_names("url", "documentIndex", "searchResultIndex", "start", "end"));

bool read_location(LenientReader& reader, Citation& out) {
  bool given = false;
  return reader.object(kLocations, [&](int kind) {
    if (kind < 0) return reader.cursor.skip_value();
    out.place = kPlaces[kind];
    return reader.object(kPlace, [&](int key) {
      if (key < 0) return reader.cursor.skip_value();
      if (key > 2) return reader.integer(key == 3 ? out.source_begin : out.source_end, given);
      if (key > 0) return reader.integer(out.source, given);
      std::string_view url;
      if (!reader.text(url)) return false;
      out.url = url;
      return true;
    });
  });
}

}  // namespace

void send_citation(std::string_view json, hub::EventSink& sink) {
  Citation citation;
  std::string_view title, source;
  LenientReader reader(json);
  const bool ok = reader.object(kKeys, [&](int key) {
    if (key == 0) return reader.text(title);
    if (key == 1) return reader.text(source);
    if (key == 3) return read_location(reader, citation);
    if (key != 2) return reader.cursor.skip_value();
    return reader.array([&] {
      std::string_view text;
      const bool read = reader.object(
          kText, [&](int k) { return k == 0 ? reader.text(text) : reader.cursor.skip_value(); });
      citation.quote += text;
      return read;
    });
  });
  if (!ok) return;
  citation.title = title;
  if (citation.url.empty()) citation.url = source;
  hub::Event event;
  event.kind = hub::EventKind::citation;
  event.citation = &citation;
  sink.take(event);
}

}  // namespace steelyard::dialect::converse
