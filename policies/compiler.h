#pragma once
// The state of one compilation; only policies/*.cpp include it.
#include <string>
#include <string_view>
#include <vector>

#include "config/spec/gateway_spec.h"
#include "policies/compile.h"

namespace steelyard::policies {

class Compiler {
 public:
  explicit Compiler(const GatewaySpec& spec) : spec_(spec) {}
  Compiled run();

 private:
  void collect_names();
  void compile_rule(const PolicySpec& policy);
  void compile_who(const WhenSpec& when, Rule& rule);
  void compile_model(const PolicySpec& policy, Rule& rule);
  void compile_flags(const WhenSpec& when, Rule& rule);
  void compile_ranges(const PolicySpec& policy, Rule& rule);
  void compile_time(const PolicySpec& policy, Rule& rule);
  void compile_use(const PolicySpec& policy, Rule& rule);
  void index_by_team();
  void find_unreachable();  // policies/lint.cpp

  ModelMask expand(const std::vector<Located<std::string>>& globs);
  Bounds bounds_of(const TokenRange& range, const char* what, const PolicySpec& policy);
  GlobList globs_of(const std::vector<Located<std::string>>& patterns, const char* what,
                    const std::vector<std::string>& known);
  std::uint16_t zone_number(const std::string& zone);
  Problem& report(Severity severity, const char* code, SourceSpan at, std::string message,
                  std::string help = {});
  // Says that no model has this name; `help` names the closest.
  void report_model(const Located<std::string>& name);

  const GatewaySpec& spec_;
  std::vector<std::string> organisations_, teams_, keys_;
  Compiled out_;
};

// "mon" or "mon-fri" (wrapping: "sat-mon") → bits, 0 when malformed.
std::uint8_t weekdays_of(std::string_view text);
// "08:00-18:00" → minutes; false when malformed or empty. 24:00 is an end.
bool hours_of(std::string_view text, std::int16_t& from, std::int16_t& to);

}  // namespace steelyard::policies
