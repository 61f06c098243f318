// Sound, film and documents: figures of the providers, and bounds that grow with what is unknown.
#include <doctest/doctest.h>

#include <limits>

#include "router/tokens/media_tokens.h"

using namespace steelyard::router;

TEST_CASE("media: a table") {
  struct Row {
    std::string_view model;
    MediaShape media;
    std::int64_t tokens, upper;
  };
  const Row rows[] = {
      {"gemini-2.5-pro", {MediaKind::audio, 160'000}, 320, 1'280},  // 10 s, at most 40
      {"gemini-2.5-pro", {MediaKind::document, 40'000}, 258, 13 * 258},
      {"google/gemini-3-pro", {MediaKind::document, 80'000}, 1'120, 26 * 1'120},
      {"gpt-5.4", {MediaKind::audio, 16'000}, 10, 40},
      {"claude-opus-5", {MediaKind::document, 0}, 5 * 2'300, 100 * 7'800},
      {"nobody", {MediaKind::video, 1}, 312, 312},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const TokenCount found = media_of({&row.media, 1}, media_row(row.model));
    CHECK(found.tokens == row.tokens);
    CHECK(found.upper == row.upper);
    CHECK(found.quality == CountQuality::prior);
  }
  CHECK(media_of({}, media_row("gpt-4o")).quality == CountQuality::exact);
  const MediaShape huge{MediaKind::document, std::numeric_limits<std::int64_t>::max()};
  CHECK(media_of({&huge, 1}, media_row("claude")).upper == 1'000 * 7'800);
}
