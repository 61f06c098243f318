#pragma once
// Providers may quote the key that they refuse; their words go to clients and into the log.
#include <span>
#include <string>

#include "config/types/secret.h"

namespace steelyard {

// Each word of `text` that is long enough to be a key, and stands in one of the heads that
// requests are sent with, becomes "***".
void strike_keys(std::string& text, std::span<const Secret> heads);

}  // namespace steelyard
