#pragma once
// RFC 3339 in UTC, for `--at`.
#include <string_view>

#include "config/types/instant.h"

namespace steelyard {

// "2026-11-22", "2026-11-22T10:00", "2026-11-22T10:00:00", with an optional Z. False: not such a
// time.
bool parse_instant(std::string_view text, Instant& out);

}  // namespace steelyard
