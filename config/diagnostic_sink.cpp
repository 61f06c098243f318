#include "config/diagnostic_sink.h"

#include <algorithm>
#include <utility>

#include "config/load.h"

namespace steelyard {

void DiagnosticSink::add(Diagnostic diagnostic) {
  const bool error = diagnostic.severity == Severity::error;
  if (muted_ && !error) return;
  const SourceSpan& at = diagnostic.primary.at;
  // A second error at the same place is nearly always a consequence of the first.
  if (at.line != 0 && error && !places_.emplace(at.file, at.line, at.column).second) return;
  if (error) ++errors_;
  if (kept_.size() < diagnostics_max) {
    kept_.push_back(std::move(diagnostic));
    return;
  }
  ++suppressed_;
  if (!error) return;
  // Errors matter more than warnings: the last warning makes room.
  const auto last = std::find_if(kept_.rbegin(), kept_.rend(), [](const Diagnostic& d) {
    return d.severity == Severity::warning;
  });
  if (last == kept_.rend()) return;
  kept_.erase(std::next(last).base());
  kept_.push_back(std::move(diagnostic));
}

void DiagnosticSink::error(const char* code, SourceSpan at, std::string message, std::string label,
                           std::string help) {
  add({Severity::error, code, std::move(message), {at, std::move(label)}, {}, std::move(help)});
}

void DiagnosticSink::warning(const char* code, SourceSpan at, std::string message,
                             std::string label, std::string help) {
  add({Severity::warning, code, std::move(message), {at, std::move(label)}, {}, std::move(help)});
}

}  // namespace steelyard
