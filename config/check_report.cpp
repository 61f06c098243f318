#include "config/check_report.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "config/types/json_writer.h"
#include "config/values.h"

namespace steelyard {
namespace {

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

DiagnosticCount count_in(const LoadResult& result, std::size_t file) {
  DiagnosticCount count;
  for (const Diagnostic& d : result.diagnostics) {
    if (d.primary.at.line == 0 || d.primary.at.file != file) continue;
    ++(d.severity == Severity::error ? count.errors : count.warnings);
  }
  return count;
}

std::string age_of(const std::string& as_of, Instant now) {
  const Parsed<Instant> day = parse_instant(as_of);
  if (!day || now < *day) return "";
  const std::int64_t days = (now.seconds() - day->seconds()) / 86'400;
  return days == 0 ? " (today)" : " (" + counted(static_cast<std::size_t>(days), "day") + " old)";
}

// What is in a file, from what points back at it.
std::string content_of(const GatewaySpec& spec, std::size_t file, Instant now) {
  const auto here = [&](const auto& list) {
    return static_cast<std::size_t>(std::count_if(
        list.begin(), list.end(), [&](const auto& one) { return one.at.file == file; }));
  };
  std::string out;
  const auto add = [&](std::string part) { out += (out.empty() ? "" : ", ") + part; };
  if (file == 0) {
    std::size_t teams = 0, keys = 0;
    for (const OrganisationSpec& organisation : spec.organisations) {
      teams += organisation.teams.size();
      for (const TeamSpec& team : organisation.teams) keys += team.keys.size();
    }
    add("2 listeners");
    add(counted(spec.providers.size(), "provider"));
    add(counted(spec.tiers.size(), "tier"));
    add(counted(teams, "team"));
    add(counted(keys, "key"));
  }
  if (const std::size_t models = here(spec.models); models > 0) {
    add(counted(models, "model"));
    if (!spec.catalog_as_of.empty())
      add("prices as of " + spec.catalog_as_of + age_of(spec.catalog_as_of, now));
  }
  if (const std::size_t policies = here(spec.policies); policies > 0) {
    add(policies == 1 ? "1 policy" : std::to_string(policies) + " policies");
  }
  return out;
}

std::string status_of(const LoadResult& result, std::size_t file, Instant now) {
  const DiagnosticCount count = count_in(result, file);
  std::string found;
  if (count.errors > 0) found = counted(count.errors, "error");
  if (count.warnings > 0) found += (found.empty() ? "" : ", ") + counted(count.warnings, "warning");
  if (count.errors > 0 || !result.spec) return found.empty() ? "read" : found;
  return (found.empty() ? "ok   " : found + "   ") + content_of(*result.spec, file, now);
}

}  // namespace

DiagnosticCount count_diagnostics(const LoadResult& result) {
  DiagnosticCount count;
  for (const Diagnostic& d : result.diagnostics)
    ++(d.severity == Severity::error ? count.errors : count.warnings);
  return count;
}

void merge_found(LoadResult& result, std::vector<Diagnostic> found) {
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> said;
  for (const Diagnostic& d : result.diagnostics) {
    said.emplace(d.primary.at.file, d.primary.at.line, d.primary.at.column);
  }
  std::stable_partition(found.begin(), found.end(),
                        [](const Diagnostic& d) { return d.severity == Severity::error; });
  for (Diagnostic& d : found) {
    const SourceSpan& at = d.primary.at;
    if (at.line != 0 && said.count({at.file, at.line, at.column}) > 0) continue;
    const bool room = result.diagnostics.size() < diagnostics_max;
    if (room || d.severity == Severity::error) {
      result.diagnostics.push_back(std::move(d));
    } else {
      ++result.suppressed;
    }
  }
}

std::string report_text(const LoadResult& result, Instant now, ReportOptions options) {
  std::size_t width = 0;
  for (const SourceText& source : result.sources) width = std::max(width, source.path.size());
  std::string out;
  for (std::size_t file = 0; file < result.sources.size(); ++file) {
    const std::string& path = result.sources[file].path;
    std::string line =
        path + std::string(width - path.size() + 3, ' ') + status_of(result, file, now);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  if (options.excerpts) {
    for (const Diagnostic& d : result.diagnostics)
      out += "\n" + to_text(d, result.sources, {options.color});
  }
  const DiagnosticCount count = count_diagnostics(result);
  if (result.suppressed > 0)
    out += "\nand " + std::to_string(result.suppressed) + " more like these\n";
  out += "\n";
  if (count.errors == 0 && count.warnings == 0) return out + "the configuration is valid\n";
  out += counted(count.errors, "error") + ", " + counted(count.warnings, "warning") + "\n";
  return out;
}

std::string report_json(const LoadResult& result) {
  std::string out;
  JsonWriter json(out);
  const DiagnosticCount count = count_diagnostics(result);
  json.begin_object();
  json.field("ok", result.spec.has_value() && count.errors == 0);
  if (result.spec) json.field("digest", result.spec->digest);
  json.key("files").begin_array();
  for (const SourceText& source : result.sources) json.string(source.path);
  json.end_array();
  json.field("errors", static_cast<std::int64_t>(count.errors));
  json.field("warnings", static_cast<std::int64_t>(count.warnings));
  json.field("suppressed", static_cast<std::int64_t>(result.suppressed));
  json.key("diagnostics").begin_array();
  for (const Diagnostic& d : result.diagnostics) json.raw(to_json(d, result.sources));
  json.end_array();
  json.end_object();
  return out + "\n";
}

std::string report_github(const LoadResult& result) {
  std::string out;
  for (const Diagnostic& d : result.diagnostics) out += to_github(d, result.sources) + "\n";
  return out;
}

}  // namespace steelyard
