#pragma once
// `${env:NAME}`, `${env:NAME:-fallback}`, `${file:path}` inside any scalar; `$${` is a plain `${`.
#include <optional>
#include <string>

#include "config/types/span.h"

namespace steelyard {

class BindContext;

// The text with every reference replaced. Reports and returns nullopt when one cannot be. Results
// are not scanned again: a secret that contains `${` is taken as it is.
std::optional<std::string> resolve_references(const std::string& written, SourceSpan at,
                                              BindContext& context);

}  // namespace steelyard
