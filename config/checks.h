#pragma once
// What no single file can know: names that must exist or be unique, models that must be served,
// doors that must be locked. Each function looks at a complete specification and reports.
#include "config/diagnostic_sink.h"
#include "config/drafts.h"

namespace steelyard {

void check_models(const GatewaySpec& spec,
                  DiagnosticSink& sink);  // checks_models.cpp: providers, tiers, renames
void check_people(const GatewaySpec& spec,
                  DiagnosticSink& sink);  // checks_people.cpp: keys, teams, budgets
void check_plans(const GatewaySpec& spec, DiagnosticSink& sink);  // checks_plans.cpp
// Reports a tier that is not declared.
void check_tier_name(const GatewaySpec& spec, const std::string& name, SourceSpan at,
                     DiagnosticSink& sink);
void check_policies(const GatewaySpec& spec, DiagnosticSink& sink);     // checks_policies.cpp
void check_listeners(const GatewayDraft& draft, DiagnosticSink& sink);  // checks_listeners.cpp
void check_lease(const GatewayDraft& draft, DiagnosticSink& sink);      // checks_listeners.cpp
void check_fleet(const GatewayDraft& draft, DiagnosticSink& sink);      // checks_fleet.cpp
// Tiers named by policies, budgets and `default_tier` exist.
void check_tier_names(const GatewayDraft& draft, DiagnosticSink& sink);

// Reports a glob that matches no model of the catalogue; `what` completes "`x` matches no model of
// …".
void check_model_glob(const GatewaySpec& spec, const std::string& glob, SourceSpan at,
                      DiagnosticSink& sink);

// Do models of `vendor` belong to a provider called `name`, by default? "moonshot" and "kimi" fit
// "Moonshot Kimi"; vendors in parentheses ("OpenAI (open weights)") fit nobody: who hosts them must
// be said.
bool vendor_fits(std::string_view vendor, std::string_view name);

}  // namespace steelyard
