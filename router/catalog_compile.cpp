// GatewaySpec → Catalog, and what is wrong with models, providers and tiers.
#include <algorithm>
#include <bit>
#include <numeric>

#include "policies/glob.h"
#include "policies/rule_set.h"
#include "router/catalog.h"

namespace steelyard::router {

using policies::Glob;
using policies::Severity;

// Rows and ratios of its tokenizer (router/tokens/framing.h): found here, not per request.
void set_framing(const ModelSpec& spec, Model& model) {
  TokenizerRef ref;
  if (!spec.tokenizer.empty()) ref.tokenizer = spec.tokenizer;
  ref.ratio_percent = std::clamp(spec.token_ratio_percent, 1, 10'000);
  ref.model = spec.name;
  model.framing = framing_of(ref);
  model.token_ratio_percent = model.framing.percent;
  model.token_upper_percent = model.framing.upper_percent;
}

// What the provider calls the model (ProviderSpec::rename).
std::string upstream_name(const ProviderSpec& provider, std::string_view model) {
  const auto exact = provider.rename.find(std::string(model));
  if (exact != provider.rename.end()) return exact->second;
  std::string_view best, name;
  std::string_view rest;
  for (const auto& [pattern, told] : provider.rename) {
    const std::size_t star = pattern.find('*');
    if (star == std::string::npos || pattern.size() <= best.size()) continue;
    const std::string_view before = std::string_view(pattern).substr(0, star),
                           behind = std::string_view(pattern).substr(star + 1);
    if (model.size() + 1 < pattern.size() || !model.starts_with(before) || !model.ends_with(behind))
      continue;
    best = pattern;
    name = told;
    rest = model.substr(star, model.size() + 1 - pattern.size());
  }
  if (best.empty()) return std::string(model);
  std::string out(name);
  if (const std::size_t star = out.find('*'); star != std::string::npos) out.replace(star, 1, rest);
  return out;
}

class CatalogCompiler {
 public:
  explicit CatalogCompiler(const GatewaySpec& spec) : spec_(spec) {}

  CompiledCatalog run() {
    add_models();
    add_targets();
    add_tiers();
    rank_names();
    order_premium();
    check_access();
    out_.catalog.quick_ = QuickRows(out_.catalog.models_, out_.catalog.tiers_.size());
    out_.catalog.inputs_ = InputRows(out_.catalog.models_, out_.catalog.own_framing_);
    return std::move(out_);
  }

 private:
  void add_models();
  void add_refusals(const ModelSpec& spec, Model& model);
  void add_targets();
  void add_tiers();
  void rank_names();
  void order_premium();
  void check_access();
  void check_globs(const std::vector<std::string>& patterns, SourceSpan at,
                   const std::string& whose);
  void check_prices(const ModelSpec& spec);
  void check_period(const ModelSpec& spec, const PricePeriod& period);
  void report(Severity severity, const char* code, SourceSpan at, std::string message,
              std::string help = {}) {
    out_.problems.push_back({severity, code, at, std::move(message), std::move(help), {}, {}});
  }

  const GatewaySpec& spec_;
  CompiledCatalog out_;
};

CompiledCatalog compile_catalog(const GatewaySpec& spec) {
  return CatalogCompiler(spec).run();
}

void CatalogCompiler::add_models() {
  Catalog& catalog = out_.catalog;
  if (spec_.models.size() > policies::models_max)
    report(Severity::error, "R0301", spec_.models[policies::models_max].at,
           "the catalogue has more than " + std::to_string(policies::models_max) + " models");
  const std::size_t count = std::min(spec_.models.size(), policies::models_max);
  catalog.models_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const ModelSpec& spec = spec_.models[i];
    Model model;
    model.name = spec.name;
    model.vendor = spec.vendor;
    model.id = policies::stable_hash(spec.name);
    model.context_tokens = spec.context_tokens;
    model.output_tokens_max = spec.output_tokens_max;
    model.cache_min_tokens = spec.cache_min_tokens;
    set_framing(spec, model);
    model.can = spec.can;
    model.scored = spec.score.has_value();
    if (spec.score) model.score = spec.score->value;
    if (spec.score) model.standard_error = spec.score->standard_error;
    add_refusals(spec, model);
    check_prices(spec);
    model.prices = PriceTable(spec.prices);
    if (!catalog.numbers_.add(spec.name, static_cast<std::int32_t>(i)))
      report(Severity::error, "R0302", spec.at, "two models are called `" + spec.name + "`");
    catalog.models_.push_back(std::move(model));
  }
}

void CatalogCompiler::add_refusals(const ModelSpec& spec, Model& model) {
  std::vector<std::string>& known = out_.catalog.parameters_;
  for (const std::string& name : spec.refuses) {
    const auto found = std::find(known.begin(), known.end(), name);
    const auto bit = static_cast<std::size_t>(found - known.begin());
    if (bit >= 32) {
      report(Severity::error, "R0301", spec.at, "more than 32 different parameters are refused",
             "drop `" + name + "`");
      continue;
    }
    if (found == known.end()) known.push_back(name);
    model.refuses |= 1u << bit;
  }
}

void CatalogCompiler::add_targets() {
  Catalog& catalog = out_.catalog;
  for (const ProviderSpec& provider : spec_.providers) {
    catalog.providers_.push_back(provider.name);
    check_globs(provider.models, provider.at, "provider `" + provider.name + "` serves");
  }
  std::vector<std::vector<Glob>> globs(spec_.providers.size());
  for (std::size_t p = 0; p < spec_.providers.size(); ++p)
    for (const std::string& pattern : spec_.providers[p].models) globs[p].emplace_back(pattern);
  for (std::size_t m = 0; m < catalog.models_.size(); ++m) {
    Model& model = catalog.models_[m];
    model.target_first = static_cast<std::int32_t>(catalog.targets_.size());
    for (std::size_t p = 0; p < spec_.providers.size(); ++p) {
      const ProviderSpec& provider = spec_.providers[p];
      if (std::none_of(globs[p].begin(), globs[p].end(),
                       [&](const Glob& glob) { return glob.matches(model.name); }))
        continue;
      if (catalog.targets_.size() == targets_max) {
        report(Severity::error, "R0301", provider.at,
               "more than " + std::to_string(targets_max) + " pairs of model and provider",
               "list in `models:` what a provider serves");
        return;
      }
      Target target;
      target.model = static_cast<std::int32_t>(m);
      target.provider = static_cast<std::int32_t>(p);
      target.upstream_name = upstream_name(provider, model.name);
      target.dialect = provider.dialect;
      target.marked_cache = provider.dialect == "anthropic" || provider.dialect == "converse";
      catalog.targets_.push_back(std::move(target));
      ++model.target_count;
    }
    if (model.target_count > 0) catalog.served_.set(m);
  }
}

void CatalogCompiler::add_tiers() {
  Catalog& catalog = out_.catalog;
  const std::size_t count = std::min(spec_.tiers.size(), policies::tiers_max);
  for (std::size_t t = 0; t < count; ++t) {
    const TierSpec& spec = spec_.tiers[t];
    catalog.tiers_.push_back({spec.name, spec.min_score, spec.confidence});
    if (!(spec.confidence > 0 && spec.confidence < 1))
      report(Severity::error, "R0307", spec.at,
             "tier `" + spec.name + "`: confidence must be between 0 and 1", "0.90 is usual");
    if (t > 0 && spec.min_score < spec_.tiers[t - 1].min_score)
      report(Severity::error, "R0307", spec.at,
             "tier `" + spec.name + "` promises less than the tier before it",
             "list tiers from the lowest min_score to the highest");
    const double z = z_of(spec.confidence);
    ModelMask mask;
    for (std::size_t m = 0; m < catalog.models_.size(); ++m) {
      Model& model = catalog.models_[m];
      // A hair of slack: 0.1 + 0.2 style sums must not decide who is eligible.
      if (!model.scored || model.score - z * model.standard_error < spec.min_score - 1e-9) continue;
      model.tiers |= 1u << t;
      mask.set(m);
    }
    catalog.tier_masks_.push_back(mask);
    if ((mask & catalog.served_).empty() && !catalog.models_.empty())
      report(Severity::warning, "R0304", spec.at,
             "no model that a provider serves keeps the promise of tier `" + spec.name + "`",
             "requests for it will find no route");
  }
}

void CatalogCompiler::rank_names() {
  std::vector<Model>& models = out_.catalog.models_;
  std::vector<std::uint32_t> order(models.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return models[a].name < models[b].name; });
  for (std::size_t i = 0; i < order.size(); ++i)
    models[order[i]].rank = static_cast<std::uint32_t>(i);
}

void CatalogCompiler::order_premium() {
  Catalog& catalog = out_.catalog;
  const auto list_price = [&](std::int32_t model) {
    const std::vector<PricePeriod>& prices = spec_.models[static_cast<std::size_t>(model)].prices;
    if (prices.empty()) return Int128{0};
    const Rates& rates = prices.back().rates;
    return Int128{rates.of(TokenClass::input).v} * 3 + rates.of(TokenClass::output).v;
  };
  catalog.served_.for_each([&](std::size_t m) {
    if (catalog.models_[m].tiers != 0) catalog.premium_.push_back(static_cast<std::int32_t>(m));
  });
  std::sort(catalog.premium_.begin(), catalog.premium_.end(), [&](std::int32_t a, std::int32_t b) {
    const Model& left = catalog.model(a);
    const Model& right = catalog.model(b);
    const int higher = std::bit_width(left.tiers) - std::bit_width(right.tiers);
    if (higher != 0) return higher > 0;
    const Int128 left_price = list_price(a), right_price = list_price(b);
    return left_price != right_price ? left_price > right_price : left.rank < right.rank;
  });
}

void CatalogCompiler::check_globs(const std::vector<std::string>& patterns, SourceSpan at,
                                  const std::string& whose) {
  const std::vector<Model>& models = out_.catalog.models_;
  if (models.empty()) return;
  for (const std::string& pattern : patterns) {
    const Glob glob(pattern);
    if (std::none_of(models.begin(), models.end(),
                     [&](const Model& m) { return glob.matches(m.name); }))
      report(Severity::warning, "R0305", at, whose + " `" + pattern + "`, which matches no model");
  }
}

// Only `allow`: a `deny` may name what is not there yet.
void CatalogCompiler::check_access() {
  for (const OrganisationSpec& organisation : spec_.organisations) {
    for (const TeamSpec& team : organisation.teams) {
      check_globs(team.allow, team.at, "team `" + team.name + "` allows");
      for (const KeySpec& key : team.keys)
        check_globs(key.allow, key.at, "key `" + key.id + "` allows");
    }
  }
}

void CatalogCompiler::check_prices(const ModelSpec& spec) {
  if (spec.prices.empty())
    report(Severity::warning, "R0306", spec.at, "model `" + spec.name + "` has no price",
           "it will never be chosen");
  for (std::size_t i = 0; i < spec.prices.size(); ++i) {
    check_period(spec, spec.prices[i]);
    if (i > 0 && spec.prices[i].from < spec.prices[i - 1].until)
      report(Severity::error, "R0306", spec.prices[i].at,
             "model `" + spec.name + "`: this price begins before the one above it ends");
  }
}

void CatalogCompiler::check_period(const ModelSpec& spec, const PricePeriod& period) {
  const auto wrong = [&](const char* what) {
    report(Severity::error, "R0306", period.at, "model `" + spec.name + "`: " + what);
  };
  if (period.cliffs.size() > cliffs_max) wrong("too many cliffs in one price");
  std::int64_t above = 0;
  for (const Cliff& cliff : period.cliffs) {
    if (cliff.above_tokens <= above) wrong("cliffs must have rising thresholds above 0");
    above = cliff.above_tokens;
  }
  const auto negative = [](const Rates& rates) {
    return std::any_of(rates.price.begin(), rates.price.end(), [](PicoUsd p) { return p.v < 0; });
  };
  bool bad = negative(period.rates);
  for (const Cliff& cliff : period.cliffs) bad = bad || negative(cliff.rates);
  for (const auto* rates : {&period.batch, &period.flex, &period.priority})
    bad = bad || (*rates && negative(**rates));
  if (bad) wrong("a price is negative");
  for (const ClockRule& rule : period.clock)
    if (rule.percent < 0 || rule.minute_from < 0 || rule.minute_to > 1440 ||
        rule.minute_from >= rule.minute_to)
      wrong("a clock rule is out of range");
}

}  // namespace steelyard::router
