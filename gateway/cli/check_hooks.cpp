#include "gateway/cli/check_hooks.h"

#include "gateway/net/tls.h"
#include "gateway/store/zone_loader.h"
#include "policies/compile.h"
#include "router/catalog.h"

namespace steelyard::cli {
namespace {

void append(const std::vector<policies::Problem>& problems, std::vector<Diagnostic>& found) {
  for (const policies::Problem& problem : problems) {
    Diagnostic d;
    d.severity =
        problem.severity == policies::Severity::error ? Severity::error : Severity::warning;
    d.code = problem.code;
    d.message = problem.message;
    d.primary.at = problem.at;
    d.help = problem.help;
    if (!problem.note.empty()) d.notes.push_back({problem.note_at, problem.note});
    found.push_back(std::move(d));
  }
}

void add(std::vector<Diagnostic>& found, Severity severity, const char* code, SourceSpan at,
         std::string message) {
  Diagnostic d;
  d.severity = severity;
  d.code = code;
  d.message = std::move(message);
  d.primary.at = at;
  found.push_back(std::move(d));
}

void check_policies(const GatewaySpec& spec, std::vector<Diagnostic>& found) {
  append(policies::compile(spec).problems, found);
  append(router::compile_catalog(spec).problems, found);
}

void check_zone(const BudgetSpec& budget, std::vector<Diagnostic>& found) {
  const std::vector<std::string> names{budget.time_zone};
  const auto loaded = store::load_zones(names);
  if (!loaded)
    add(found, Severity::error, "B0110", budget.at,
        "time zone `" + budget.time_zone + "`: " + loaded.error().context);
}

void check_zones(const GatewaySpec& spec, std::vector<Diagnostic>& found) {
  for (const OrganisationSpec& organisation : spec.organisations) {
    for (const BudgetSpec& budget : organisation.budgets) check_zone(budget, found);
    for (const TeamSpec& team : organisation.teams) {
      for (const BudgetSpec& budget : team.budgets) check_zone(budget, found);
      for (const KeySpec& key : team.keys)
        for (const BudgetSpec& budget : key.budgets) check_zone(budget, found);
    }
  }
}

void check_providers(const GatewaySpec& spec, std::vector<Diagnostic>& found) {
  if (spec.tls) {
    const auto context = net::TlsContext::server(spec.tls->certificate, spec.tls->key);
    if (!context) add(found, Severity::error, "N0101", {}, context.error().context);
  }
  for (const ProviderSpec& provider : spec.providers) {
    if (provider.ca_file.empty()) continue;
    const auto context = net::TlsContext::client(provider.ca_file);
    if (!context) add(found, Severity::error, "N0102", provider.at, context.error().context);
  }
}

}  // namespace

std::vector<CheckHook> check_hooks() {
  return {check_policies, check_zones, check_providers};
}

}  // namespace steelyard::cli
