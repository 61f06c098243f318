// The loader on any bytes: never throws, never crashes, never hangs; specification exactly when
// there is no error. The input is the main file; a byte 0x1E ends it, what follows is the
// catalogue, after another one the policies.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "config/check_report.h"
#include "config/load.h"

namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '\x1e' && parts.size() < 3) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  parts.resize(3);
  return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace steelyard;
  const std::vector<std::string> parts =
      split(std::string(reinterpret_cast<const char*>(data), size));
  const auto read = [&](const std::string& path) -> Result<std::string> {
    if (path == "gateway.yaml") return parts[0];
    if (path == "models.yaml") return parts[1];
    if (path.ends_with("policies.yaml")) return parts[2];
    if (path.ends_with("secret")) return std::string("sk-secret-secret-secret");
    return fail(ErrorKind::not_found, ErrorSource::client, Retry::never, "no such file");
  };
  const auto expand = [](const std::string&) -> Result<std::vector<std::string>> {
    return std::vector<std::string>{"policies.yaml"};
  };
  const auto env = [](const std::string& name) -> std::optional<std::string> {
    if (name.size() > 4) return std::nullopt;
    return "value";
  };
  const LoadResult result = load("gateway.yaml", {read, expand, env});
  const bool clean = count_diagnostics(result).errors == 0;
  if (result.ok() != clean && result.suppressed == 0) std::abort();
  if (result.diagnostics.size() > diagnostics_max) std::abort();
  if (report_text(result, {}).empty() || report_json(result).empty()) std::abort();
  (void)report_github(result);
  return 0;
}
