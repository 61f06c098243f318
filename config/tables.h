#pragma once
// The tables of every struct that YAML can fill. Each is built once, on first use.
#include <vector>

#include "config/binder.h"
#include "config/drafts.h"

namespace steelyard {

const Table<GatewayDraft>& gateway_table();           // tables_gateway.cpp
const Table<ProviderSpec>& provider_table();          // tables_provider.cpp
const Table<CredentialSpec>& credential_table();      // tables_credentials.cpp
const Table<TierSpec>& tier_table();                  // tables_provider.cpp
const Table<PassRuleSpec>& pass_table();              // tables_pass.cpp
const Table<BudgetSpec>& budget_table();              // tables_budget.cpp
const Table<RateSpec>& rate_table();                  // tables_budget.cpp
const Table<FleetSpec>& fleet_table();                // tables_fleet.cpp
const Table<OrganisationSpec>& organisation_table();  // tables_people.cpp
const Table<PlanSpec>& plan_table();                  // tables_plan.cpp
const Table<CatalogDraft>& catalog_table();           // tables_catalog.cpp
const Table<PolicySpec>& policy_table();              // tables_policy.cpp
const Table<PolicyFileDraft>& policy_file_table();    // tables_policy.cpp

// The map `providers:`; a provider that names no models is left with an empty list.
void bind_providers(BindContext& context, const YamlNode& node, std::vector<ProviderSpec>& out);
// What must fit together in one of them; fills what its region says.
void finish_provider(BindContext& context, ProviderSpec& provider);  // tables_credentials.cpp
void bind_headers(BindContext& context, const YamlNode& node,
                  ProviderSpec& out);  // tables_headers.cpp
void bind_body(BindContext& context, const YamlNode& node,
               ProviderSpec& out);  // tables_body.cpp
void check_headers(BindContext& context, const ProviderSpec& provider);

// All of them and their inner tables without types: for the schema and the reference. The first one
// is the main file.
std::vector<TableInfo> gateway_tables();
std::vector<TableInfo> catalog_tables();
std::vector<TableInfo> policy_tables();

void append_gateway_parts(std::vector<TableInfo>& out);
void append_provider_parts(std::vector<TableInfo>& out);
void append_people_parts(std::vector<TableInfo>& out);
void append_plan_parts(std::vector<TableInfo>& out);

}  // namespace steelyard
