#pragma once
// Collects diagnostics: one per place, at most `diagnostics_max`, the rest only counted.
#include <cstddef>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "config/diagnostic.h"

namespace steelyard {

class DiagnosticSink {
 public:
  void add(Diagnostic diagnostic);
  void error(const char* code, SourceSpan at, std::string message, std::string label = "",
             std::string help = "");
  void warning(const char* code, SourceSpan at, std::string message, std::string label = "",
               std::string help = "");

  // From now on warnings are dropped: after errors, what cross checks suspect is mostly their
  // consequence.
  void mute_warnings() { muted_ = true; }

  std::size_t errors() const { return errors_; }  // suppressed ones included
  std::size_t suppressed() const { return suppressed_; }
  std::vector<Diagnostic> take() { return std::move(kept_); }

 private:
  std::vector<Diagnostic> kept_;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> places_;  // of errors
  std::size_t errors_ = 0;
  std::size_t suppressed_ = 0;
  bool muted_ = false;
};

}  // namespace steelyard
