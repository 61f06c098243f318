#include "gateway/runtime.h"

#include <algorithm>
#include <array>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "gateway/cloud/token_source.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/openai_request.h"
#include "gateway/net/head_writer.h"
#include "gateway/net/tls.h"
#include "gateway/own_vocabulary.h"
#include "gateway/rate_headers.h"
#include "gateway/store/zone_loader.h"
#include "policies/compile.h"
#include "policies/name_table.h"
#include "router/ledger/zone.h"

namespace steelyard {
namespace {

Error unusable(std::string text) {
  return Error(ErrorKind::bad_request, ErrorSource::gateway, Retry::never, std::move(text));
}

std::string first_error(const std::vector<policies::Problem>& problems) {
  for (const policies::Problem& problem : problems)
    if (problem.severity == policies::Severity::error)
      return std::string(problem.code) + ": " + problem.message;
  return {};
}

struct BaseUrl {
  net::Origin origin;
  std::string path;  // "/v1", no slash at the end
};

Result<BaseUrl> parse_base_url(const ProviderSpec& provider) {
  const auto parsed = boost::urls::parse_uri(provider.base_url.value);
  const bool http = parsed && parsed->scheme() == "http";
  const bool https = parsed && parsed->scheme() == "https";
  if (!http && !https)
    return fail(unusable("provider `" + provider.name + "`: `" + provider.base_url.value +
                         "` is not an http or https URL"));
  BaseUrl base;
  base.origin.tls = https;
  base.origin.host = std::string(parsed->host_address());
  base.origin.port = parsed->has_port() ? parsed->port_number() : std::uint16_t(https ? 443 : 80);
  base.path = std::string(parsed->encoded_path());
  while (!base.path.empty() && base.path.back() == '/') base.path.pop_back();
  return base;
}

std::string host_field(const BaseUrl& base) {
  const bool usual = base.origin.port == (base.origin.tls ? 443 : 80);
  const bool v6 = base.origin.host.find(':') != std::string::npos;
  std::string host = v6 ? "[" + base.origin.host + "]" : base.origin.host;
  return usual ? host : host + ":" + std::to_string(base.origin.port);
}

// One per key: what never changes of a request head.
Secret chat_head(const BaseUrl& base, const ProviderPath& path, std::string_view field,
                 std::string_view key, const Secret& more) {
  std::string head;
  if (!path.names_model()) append_request_line(head, path, {}, false);
  head.append("host: ").append(host_field(base));
  head.append(
      "\r\nuser-agent: steelyard\r\naccept: application/json, text/event-stream"
      "\r\naccept-encoding: identity\r\ncontent-type: application/json\r\n");
  if (!key.empty()) head.append(field).append(key).append("\r\n");
  head.append(more.reveal()).append("content-length: ");
  return Secret(std::move(head));
}

Secret auth_head(const BaseUrl& base, std::string_view field, std::string_view key,
                 const Secret& more) {
  std::string head = "host: " + host_field(base);
  head += "\r\nuser-agent: steelyard\r\naccept-encoding: identity\r\n";
  if (!key.empty()) head.append(field).append(key).append("\r\n");
  head.append(more.reveal());
  return Secret(std::move(head));
}

// Checked by the configuration.
Secret lines_of(const ProviderSpec& spec) {
  std::string lines;
  for (const auto& [name, value] : spec.headers)
    lines.append(name).append(": ").append(value.reveal()).append("\r\n");
  return Secret(std::move(lines));
}

Result<ProviderRuntime> build_provider(const ProviderSpec& spec, telemetry::Labels& labels) {
  Result<BaseUrl> base = parse_base_url(spec);
  if (!base) return fail(base.error());
  ProviderRuntime provider;
  provider.name = spec.name;
  provider.origin = base->origin;
  if (provider.origin.tls) {
    auto context = net::TlsContext::client(spec.ca_file);
    if (!context) return fail(unusable("provider `" + spec.name + "`: " + context.error().context));
    provider.origin.tls_context = *context;
  }
  provider.wire = dialect::hub::wire_named(spec.dialect);
  provider.path = path_of(spec, provider.wire, base->path);
  const std::string_view field = key_field(spec, provider.wire);
  const Secret more = lines_of(spec);
  for (const Secret& key : spec.keys)
    provider.chat_heads.push_back(chat_head(*base, provider.path, field, key.reveal(), more));
  if (provider.chat_heads.empty())
    provider.chat_heads.push_back(chat_head(*base, provider.path, field, {}, more));
  provider.platform = spec.platform;
  provider.host = host_field(*base);
  provider.region = spec.region;
  const bool all_betas = spec.betas.size() == 1 && spec.betas[0] == "*";
  if (!all_betas) provider.betas = spec.betas;
  if (spec.credentials.type != CredentialType::none)
    provider.tokens = cloud::TokenSource::shared(spec.credentials, spec.name);
  provider.base_path = base->path;
  for (const Secret& key : spec.keys)
    provider.auth_heads.push_back(auth_head(*base, field, key.reveal(), more));
  if (provider.auth_heads.empty()) provider.auth_heads.push_back(auth_head(*base, field, {}, more));
  if (spec.keys.size() > 1) provider.rate_headers = rate_headers_of(spec);
  provider.body = spec.body;
  provider.quirks = spec.quirks;
  provider.fits_bodies = provider.wire == dialect::hub::Wire::anthropic || !spec.body.empty() ||
                         spec.quirks.short_tool_ids || spec.quirks.reasoning_content;
  provider.connections_max = static_cast<std::size_t>(spec.connections_max);
  provider.label = labels.provider(spec.name);
  return provider;
}

// Head lines are checked here once, so that the request path may copy them.
std::string head_line(std::string_view name, std::string_view value) {
  std::array<char, 512> room;
  net::HeadWriter line(room);
  (void)line.append_field(name, value);  // a name that cannot stand in a head is left out
  return std::string(line.view());
}

void build_labels(Runtime& runtime, telemetry::Labels& labels) {
  for (const router::Target& target : runtime.catalog.targets()) {
    const std::string& provider = runtime.providers[static_cast<std::size_t>(target.provider)].name;
    const std::string& model = runtime.catalog.model(target.model).name;
    runtime.target_labels.push_back(labels.target(provider, model));
    runtime.target_hashes.push_back(policies::stable_hash(provider + "\n" + model));
    runtime.target_lines.push_back(head_line("x-steelyard-model", model) +
                                   head_line("x-steelyard-provider", provider));
  }
  for (const policies::Rule& rule : runtime.rules.rules()) {
    runtime.policy_labels.push_back(labels.policy(rule.name));
    runtime.policy_lines.push_back(head_line("x-steelyard-policy", rule.name));
  }
  for (const std::string& name : runtime.catalog.parameters())
    runtime.parameters.push_back(dialect::field_named(name));
}

bool caps_tier(const std::vector<BudgetSpec>& budgets) {
  for (const BudgetSpec& budget : budgets)
    for (const Threshold& threshold : budget.thresholds)
      if (threshold.action == ThresholdAction::max_tier) return true;
  return false;
}

std::vector<PassRule> pass_rules(const Runtime& runtime, const std::vector<PassRuleSpec>& specs) {
  std::vector<PassRule> rules;
  for (const PassRuleSpec& spec : specs) {
    PassRule& rule = rules.emplace_back();
    for (std::size_t i = 0; i < runtime.providers.size(); ++i)
      if (runtime.providers[i].name == spec.provider.value)
        rule.provider = static_cast<std::int32_t>(i);
    for (const std::string& glob : spec.paths) rule.paths.emplace_back(glob);
    rule.methods = spec.methods;
    rule.price_per_call = spec.price_per_call;
    rule.hold = spec.hold;
    rule.hold_tokens = spec.hold_tokens;
  }
  return rules;
}

// A model that makes vectors answers no chat, and the other way round: no plan looks at it.
void split_access(const router::Catalog& catalog, const policies::ModelMask& all,
                  Principal& principal) {
  principal.access = principal.embeddings = all;
  for (std::size_t m = 0; m < catalog.models().size(); ++m)
    (catalog.models()[m].can.embeddings ? principal.access : principal.embeddings).reset(m);
}

bool paces(const std::vector<BudgetSpec>& budgets) {
  return std::any_of(budgets.begin(), budgets.end(),
                     [](const BudgetSpec& budget) { return !budget.pace.empty(); });
}

Result<void> build_principals(Runtime& runtime, store::Books& books, Instant now) {
  std::vector<OrganisationSpec> all = runtime.spec.organisations;
  for (OrganisationSpec& plan : plan_organisations(runtime.spec)) all.push_back(std::move(plan));
  auto chains = books.configure(all, now);
  if (!chains) return fail(chains.error());
  const std::vector<store::RateChain> rates = books.rates().configure(runtime.spec.organisations);
  std::size_t keys = 0, team_number = 0;
  for (const OrganisationSpec& organisation : runtime.spec.organisations)
    for (const TeamSpec& team : organisation.teams) keys += team.keys.size();
  runtime.plans = build_plans(runtime.spec, *chains, keys);
  std::vector<KeyTable::Entry> entries;
  std::size_t next = 0;
  for (const OrganisationSpec& organisation : runtime.spec.organisations) {
    for (const TeamSpec& team : organisation.teams) {
      const TeamPlan* const plan = runtime.plans[team_number++].get();
      for (const KeySpec& key : team.keys) {
        Principal principal;
        principal.plan = plan;
        principal.organisation = organisation.name;
        principal.team = team.name;
        principal.key = key.id;
        principal.key_hash = policies::stable_hash(principal.key);
        principal.rates = rates[next];
        store::KeyChain& chain = (*chains)[next++];
        principal.chain = chain.chain;
        principal.conditions = std::move(chain.conditions);
        principal.user = key.user;
        principal.trust_user = team.trust_user;
        principal.owner_hash = policies::stable_hash(organisation.name + "\n" + team.name);
        split_access(runtime.catalog, runtime.catalog.access_of(team, key), principal);
        principal.rules = runtime.rules.rules_of(organisation.name, team.name, key.id);
        principal.may_explain = key.may_explain;
        principal.pass_through =
            pass_rules(runtime, key.pass_through.empty() ? team.pass_through : key.pass_through);
        principal.tier_follows_budget =
            caps_tier(organisation.budgets) || caps_tier(team.budgets) || caps_tier(key.budgets);
        for (const ProjectSpec& project : team.projects)
          principal.tier_follows_budget |=
              project.name == key.project && caps_tier(project.budgets);
        principal.tier_follows_pace =
            paces(organisation.budgets) || paces(team.budgets) || paces(key.budgets);
        entries.push_back({key.sha256, static_cast<std::uint32_t>(runtime.principals.size())});
        runtime.principals.push_back(std::move(principal));
      }
    }
  }
  runtime.keys = std::make_unique<KeyTable>(entries);
  return {};
}

Result<void> load_vocabularies(Runtime& runtime) {
  const auto usual = router::load_o200k();
  runtime.vocabularies.resize(runtime.catalog.models().size());
  for (std::size_t m = 0; m < runtime.vocabularies.size(); ++m) {
    if (runtime.catalog.models()[m].target_count == 0) continue;
    const std::string& tokenizer = runtime.spec.models[m].tokenizer;
    const auto earlier = std::find_if(
        runtime.spec.models.begin(), runtime.spec.models.begin() + static_cast<std::ptrdiff_t>(m),
        [&](const ModelSpec& one) { return one.tokenizer == tokenizer; });
    const auto at = static_cast<std::size_t>(earlier - runtime.spec.models.begin());
    if (at < m && runtime.vocabularies[at] != nullptr) {
      runtime.vocabularies[m] = runtime.vocabularies[at];
      continue;
    }
    Result<OwnVocabulary> own = vocabulary_of(tokenizer);
    if (!own)
      return fail(unusable("model `" + runtime.spec.models[m].name + "`, tokenizer `" + tokenizer +
                           "`: " + own.error().context));
    if (own->exact && own->vocabulary != usual) runtime.vocabularies[m] = own->vocabulary;
  }
  return {};
}

Result<void> load_rule_zones(Runtime& runtime) {
  const Result<router::ZoneTable> table = store::load_zones(runtime.rules.zones());
  if (!table) return fail(unusable(table.error().context));
  for (const std::string& name : runtime.rules.zones()) runtime.zones.push_back(table->find(name));
  return {};
}

// Names that become part of a request line.
Result<void> check_path_names(const Runtime& runtime) {
  for (const router::Target& target : runtime.catalog.targets()) {
    const ProviderRuntime& provider = runtime.providers[static_cast<std::size_t>(target.provider)];
    if (!provider.path.names_model()) continue;
    if (!dialect::openai::is_model_token(target.upstream_name))
      return fail(unusable("provider `" + provider.name + "`: `" + target.upstream_name +
                           "` cannot stand in the path of a request"));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Runtime>> build_runtime(GatewaySpec spec, store::Books& books,
                                                     telemetry::Labels& labels, Instant now,
                                                     std::uint64_t generation) {
  auto runtime = std::make_shared<Runtime>();
  runtime->spec = std::move(spec);
  runtime->generation = generation;
  runtime->loaded_at = now;
  policies::Compiled compiled = policies::compile(runtime->spec);
  if (policies::has_errors(compiled.problems))
    return fail(unusable(first_error(compiled.problems)));
  router::CompiledCatalog catalog = router::compile_catalog(runtime->spec);
  if (policies::has_errors(catalog.problems)) return fail(unusable(first_error(catalog.problems)));
  runtime->rules = std::move(compiled.rules);
  runtime->catalog = std::move(catalog.catalog);
  for (const router::Target& target : runtime->catalog.targets())
    runtime->marks_matter = runtime->marks_matter || target.marked_cache;
  for (const ProviderSpec& provider : runtime->spec.providers) {
    Result<ProviderRuntime> built = build_provider(provider, labels);
    if (!built) return fail(built.error());
    runtime->providers.push_back(std::move(*built));
  }
  runtime->makers.build(runtime->spec, runtime->catalog);
  if (const Result<void> names = check_path_names(*runtime); !names) return fail(names.error());
  if (const Result<void> zones = load_rule_zones(*runtime); !zones) return fail(zones.error());
  if (Result<void> loaded = load_vocabularies(*runtime); !loaded)
    return fail(std::move(loaded.error()));
  build_labels(*runtime, labels);
  // Last: from here on the books have changed.
  if (const Result<void> built = build_principals(*runtime, books, now); !built)
    return fail(built.error());
  return std::shared_ptr<const Runtime>(std::move(runtime));
}

}  // namespace steelyard
