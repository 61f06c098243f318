#include "router/tokens/media_tokens.h"

#include <algorithm>
#include <array>

#include "router/tokens/framing_table.h"

namespace steelyard::router {
namespace {

constexpr std::array rows{
    MediaRow{"claude", 32, 300, 2'300, 7'800,
             "platform.claude.com, PDF support: 1,500 to 3,000 of text a page and its picture; no "
             "sound or film; 2026-10"},
    MediaRow{"gemini-2", 32, 263, 258, 258, "ai.google.dev, tokens: 258 a frame and page; 2026-10"},
    MediaRow{"gemini", 32, 312, 560, 1'120, "ai.google.dev, media resolution; 2026-10"},
    MediaRow{"gpt", 10, 300, 1'500, 5'000,
             "developers.openai.com: 600 a minute of sound; a page as text and picture; 2026-10"},
    MediaRow{"", 32, 312, 2'300, 7'800, "not published: the most of those that are"},
};

// Bytes of a second or page: as they usually are, and the fewest worth reckoning with (speech at
// 32 kbit/s, film at 200 kbit/s, a page of bare text).
struct Density {
  std::int64_t usual, least;
  std::int64_t unknown, unknown_most;  // seconds or pages where there are no bytes
  std::int64_t most;                   // that any provider takes
};
Density density_of(MediaKind kind) {
  switch (kind) {
    case MediaKind::audio: return {16'000, 4'000, 60, 3'600, 34'200};
    case MediaKind::video: return {125'000, 25'000, 60, 3'600, 10'800};
    case MediaKind::document: break;
  }
  return {40'000, 3'000, 5, 100, 1'000};
}

std::int64_t units(std::int64_t bytes, std::int64_t each, std::int64_t most) {
  return std::clamp<std::int64_t>(bytes / each, 1, most);
}

}  // namespace

const MediaRow& media_row(std::string_view model) {
  return longest_prefix(rows, base_name(model));
}

TokenCount media_of(std::span<const MediaShape> media, const MediaRow& row) {
  TokenCount all;
  for (const MediaShape& one : media) {
    const Density d = density_of(one.kind);
    const bool known = one.bytes > 0;
    const std::int64_t likely = known ? units(one.bytes, d.usual, d.most) : d.unknown;
    const std::int64_t at_most = known ? units(one.bytes, d.least, d.most) : d.unknown_most;
    std::int64_t each = row.page, each_most = row.page_most;
    if (one.kind == MediaKind::audio) each = each_most = row.audio_second;
    if (one.kind == MediaKind::video) each = each_most = row.video_second;
    all.tokens += likely * each;
    all.upper += at_most * each_most;
    all.quality = CountQuality::prior;
  }
  return all;
}

}  // namespace steelyard::router
