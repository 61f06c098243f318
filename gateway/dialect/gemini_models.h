#pragma once
// What Gemini models take, by name: how they are told to think, and what only newer ones can do
// (research/wire 1.4).
#include <string_view>

#include "gateway/dialect/gemini_write.h"

namespace steelyard::dialect::gemini {

// Sets the options that depend on the model.
void apply_model(std::string_view model, WriteOptions& options);

}  // namespace steelyard::dialect::gemini
