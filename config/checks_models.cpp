// Providers and tiers against the catalogue.
#include <algorithm>

#include "config/checks.h"
#include "config/nearest.h"
#include "config/types/glob.h"

namespace steelyard {
namespace {

std::vector<std::string> model_names(const GatewaySpec& spec) {
  std::vector<std::string> names;
  for (const ModelSpec& model : spec.models) names.push_back(model.name);
  return names;
}

bool serves(const ProviderSpec& provider, const std::string& model) {
  return std::any_of(provider.models.begin(), provider.models.end(),
                     [&](const std::string& glob) { return glob_match(glob, model); });
}

bool served(const GatewaySpec& spec, const std::string& model) {
  return std::any_of(spec.providers.begin(), spec.providers.end(),
                     [&](const ProviderSpec& provider) { return serves(provider, model); });
}

// Does the name stand beside a pattern that would rename it too?
bool is_exception(const ProviderSpec& provider, const std::string& name) {
  return std::any_of(provider.rename.begin(), provider.rename.end(), [&](const auto& other) {
    return other.first.find('*') != std::string::npos && glob_match(other.first, name);
  });
}

void check_provider(const GatewaySpec& spec, const ProviderSpec& provider, DiagnosticSink& sink) {
  const auto fits = [&](const ModelSpec& model) { return serves(provider, model.name); };
  if (provider.models.empty()) {
    sink.error("C0404", provider.at,
               "provider `" + provider.name + "` does not say which models it serves",
               "no vendor of the catalogue has this name",
               "add `models: [\"gpt-*\"]`, or name the provider after a vendor");
    return;
  }
  if (std::none_of(spec.models.begin(), spec.models.end(), fits)) {
    sink.error(
        "C0404", provider.at, "provider `" + provider.name + "` serves no model of the catalogue",
        "none of its `models` matches", "correct `models`, or add the models to a catalogue file");
    return;
  }
  for (const std::string& glob : provider.models) check_model_glob(spec, glob, provider.at, sink);
  for (const auto& renamed : provider.rename) {
    const std::string& from = renamed.first;
    // Of a preset, whose patterns are for all that the provider may serve.
    const bool pattern = from.find('*') != std::string::npos;
    if (pattern || is_exception(provider, from)) continue;
    if (std::any_of(spec.models.begin(), spec.models.end(),
                    [&](const ModelSpec& m) { return m.name == from && fits(m); }))
      continue;
    const std::optional<std::string> close = nearest(from, model_names(spec));
    sink.warning("C0418", provider.at,
                 "provider `" + provider.name + "` renames `" + from + "`, which it does not serve",
                 "has no effect", close ? "the closest model is `" + *close + "`" : "");
  }
}

void check_clear_text(const ProviderSpec& provider, DiagnosticSink& sink) {
  const std::string_view url = provider.base_url.value;
  const bool nothing = provider.keys.empty() && provider.credentials.type == CredentialType::none;
  if (nothing || !url.starts_with("http://")) return;
  const std::string_view host = url.substr(7);
  if (host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]"))
    return;
  sink.warning("C0408", provider.base_url.at,
               "the keys of `" + provider.name + "` would travel in clear text", "not `https`",
               "write `https://`");
}

void check_tier(const GatewaySpec& spec, const TierSpec& tier, DiagnosticSink& sink) {
  double best = -1;
  for (const ModelSpec& model : spec.models) {
    if (model.score && served(spec, model.name)) best = std::max(best, model.score->value);
  }
  if (best >= tier.min_score) return;
  std::string seen = std::to_string(best);
  seen.resize(seen.find('.') + 2);
  sink.warning("C0412", tier.at, "no model can keep the promise of tier `" + tier.name + "`",
               best < 0 ? "no served model has a score" : "the best served model scores " + seen,
               "lower `min_score`, serve a better model, or add evidence under `scores:`");
}

}  // namespace

void check_model_glob(const GatewaySpec& spec, const std::string& glob, SourceSpan at,
                      DiagnosticSink& sink) {
  const auto matches = [&](const ModelSpec& model) { return glob_match(glob, model.name); };
  if (std::any_of(spec.models.begin(), spec.models.end(), matches)) return;
  const std::optional<std::string> close = nearest(glob, model_names(spec));
  sink.warning("C0403", at, "`" + glob + "` matches no model of the catalogue", "has no effect",
               close ? "the closest model is `" + *close + "`" : "");
}

bool vendor_fits(std::string_view vendor, std::string_view name) {
  if (vendor.find('(') != std::string_view::npos) return false;
  std::string whole, word;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const char raw : std::string(vendor) + " ") {
    const char c = lower(raw);
    if (c == ' ' || c == '/') {
      if (word == name) return true;
      whole += (whole.empty() || word.empty() ? "" : "-") + word;
      word.clear();
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word += c;
    }
  }
  return whole == name;
}

void check_models(const GatewaySpec& spec, DiagnosticSink& sink) {
  for (const ProviderSpec& provider : spec.providers) {
    check_provider(spec, provider, sink);
    check_clear_text(provider, sink);
  }
  for (const TierSpec& tier : spec.tiers) check_tier(spec, tier, sink);
}

}  // namespace steelyard
