#pragma once
// What `steelyard check` prints: one line a file, then every diagnostic, then the count. Pure: the
// date is given.
#include <string>

#include "config/load.h"

namespace steelyard {

struct ReportOptions {
  bool color = false;
  bool excerpts = true;  // false: only the lines per file and the count
};

struct DiagnosticCount {
  std::size_t errors = 0, warnings = 0;
};
DiagnosticCount count_diagnostics(const LoadResult& result);

// Adds what later checks found (policy compilation, catalogue, TLS files): not where the loader has
// already said something, at most `diagnostics_max` in all, errors first. The specification stays;
// `count_diagnostics` decides.
void merge_found(LoadResult& result, std::vector<Diagnostic> found);

// For people. `now` tells how old the prices are.
std::string report_text(const LoadResult& result, Instant now, ReportOptions options = {});

// One JSON object: ok, digest, files[], errors, warnings, suppressed, diagnostics[].
std::string report_json(const LoadResult& result);

// One workflow command a diagnostic.
std::string report_github(const LoadResult& result);

}  // namespace steelyard
