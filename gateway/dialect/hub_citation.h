#pragma once
// Where a piece of an answer was taken from, in no dialect's own form: a page of the web, a place
// in a document of the request, a search result, a file. And what text it stands for. Texts are
// escaped.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"

namespace steelyard::dialect::hub {

// How the source is addressed: `source_begin` and `source_end` count these.
enum class SourcePlace : std::uint8_t {
  none,  // a page of the web, a file: as a whole
  characters,
  pages,   // from 1
  blocks,  // of a document made of blocks
  search_result,
};

// What `begin` and `end` count.
enum class Span : std::uint8_t {
  block,            // the whole text block; nothing to count
  points_of_block,  // Unicode code points from where the text block begins
  points_of_text,   // code points from where the answer's text begins
  bytes_of_text,    // bytes of UTF-8, the same
};

struct Citation {
  std::string url;      // of a search result: its source
  std::string title;    // of the page or document; of a file its name
  std::string quote;    // words of the source
  std::string file_id;  // in the provider's own store
  std::string index;    // Anthropic's encrypted one
  std::string words;    // of the answer; only where the client's dialect repeats them
  SourcePlace place = SourcePlace::none;
  std::int64_t source = 0;  // number of the document or search result in the request, from 0
  std::int64_t source_begin = 0, source_end = 0;
  Span span = Span::block;
  std::int64_t begin = 0, end = 0;

  bool operator==(const Citation&) const = default;
};

// Can a client of that dialect be told? Chat names pages only; Responses files too; Anthropic also
// places in the request's documents and results; Gemini whatever has a name or words.
bool has_place(Wire client, const Citation& citation);

// Lengths of escaped text, in code points or in bytes of UTF-8.
enum class TextUnit : std::uint8_t { code_points, bytes };
std::int64_t length_in(TextUnit unit, std::string_view escaped);
// Where in the escaped text so many of them are over; its size if it has fewer.
std::size_t offset_after(TextUnit unit, std::int64_t count, std::string_view escaped);

}  // namespace steelyard::dialect::hub
