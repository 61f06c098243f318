#pragma once
// The last steps of loading: what was left open because it needs the whole.
#include <vector>

#include "config/diagnostic_sink.h"
#include "config/drafts.h"

namespace steelyard {

// Unique model names, scores of one's own, and no holes.
void finish_catalog(CatalogDraft& catalog, DiagnosticSink& sink);

// Providers named after a vendor get its models; tiers are put in order.
void finish_gateway(GatewaySpec& spec);

// Overwrites words that look like provider or client keys (`sk-...`), so that no excerpt shows one
// that stands where no key belongs.
void mask_keys(std::vector<SourceText>& sources);

}  // namespace steelyard
