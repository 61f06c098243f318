#pragma once
// What sound, film and documents cost. Their length is not in the request, so it is guessed from
// their bytes, generously for the bound; the providers' figures are rows in media_tokens.cpp.
#include <cstdint>
#include <span>
#include <string_view>

#include "router/tokens/counter.h"

namespace steelyard::router {

enum class MediaKind : std::uint8_t { audio, video, document };

struct MediaShape {
  MediaKind kind = MediaKind::document;
  std::int64_t bytes = 0;  // decoded; 0: not in the request (a URL, an id)
};

struct MediaRow {
  std::string_view prefix;       // of the model's name
  std::int32_t audio_second;     // tokens
  std::int32_t video_second;     // sound included
  std::int32_t page, page_most;  // of a PDF: its text and its picture
  std::string_view source;
};
const MediaRow& media_row(std::string_view model);

// `prior` unless there are none.
TokenCount media_of(std::span<const MediaShape> media, const MediaRow& row);

}  // namespace steelyard::router
