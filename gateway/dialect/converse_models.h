#pragma once
// What the models on Bedrock take, by name, until a catalogue says it.
#include <string_view>

#include "gateway/dialect/converse_write.h"

namespace steelyard::dialect::converse {

// "anthropic.claude-opus-4-7", "us.amazon.nova-2-lite-v1:0", an ARN that holds one: sets the
// capabilities of `options`. False: the name says nothing, and the least is assumed.
bool apply_model(std::string_view model, WriteOptions& options);

}  // namespace steelyard::dialect::converse
