#pragma once
// What Claude models take, by name (research/wire 1.2.2), until a catalogue says it: an upstream
// that speaks Anthropic's dialect with other models takes everything.
#include <string_view>

#include "gateway/dialect/anthropic_write.h"

namespace steelyard::dialect::anthropic {

// "claude-opus-4-7", "anthropic/claude-sonnet-4.5@20250929", "claude-3-5-haiku-latest": sets the
// capabilities of `options`; leaves them for a name it cannot read.
void apply_model(std::string_view model, WriteOptions& options);

}  // namespace steelyard::dialect::anthropic
