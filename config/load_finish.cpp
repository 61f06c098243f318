#include "config/load_finish.h"

#include <algorithm>
#include <map>

#include "config/checks.h"
#include "config/nearest.h"

namespace steelyard {
namespace {

void refuse_twins(std::vector<ModelSpec>& models, DiagnosticSink& sink) {
  std::map<std::string, SourceSpan> seen;
  for (const ModelSpec& model : models) {
    const auto [first, fresh] = seen.emplace(model.name, model.at);
    if (fresh) continue;
    sink.add({Severity::error,
              "C0401",
              "two models are called `" + model.name + "`",
              {model.at, "the second one"},
              {{first->second, "the first one"}},
              "keep one; to change only a score, write it under `scores:`"});
  }
}

void apply_score(CatalogDraft& catalog, const ScoreOverride& score, DiagnosticSink& sink) {
  const auto model = std::find_if(catalog.models.begin(), catalog.models.end(),
                                  [&](const ModelSpec& m) { return m.name == score.name; });
  if (model != catalog.models.end()) {
    model->score = score.score;
    return;
  }
  std::vector<std::string> names;
  for (const ModelSpec& known : catalog.models) names.push_back(known.name);
  const std::optional<std::string> close = nearest(score.name, names);
  sink.error("C0403", score.at,
             "a score for `" + score.name + "`, which is no model of the catalogue",
             "no such model", close ? "the closest model is `" + *close + "`" : "");
}

bool word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

void finish_catalog(CatalogDraft& catalog, DiagnosticSink& sink) {
  refuse_twins(catalog.models, sink);
  for (const ScoreOverride& score : catalog.scores) apply_score(catalog, score, sink);
  for (ModelSpec& model : catalog.models) {
    if (model.output_tokens_max == 0) model.output_tokens_max = model.context_tokens;
  }
}

void finish_gateway(GatewaySpec& spec) {
  for (ProviderSpec& provider : spec.providers) {
    if (!provider.models.empty()) continue;
    for (const ModelSpec& model : spec.models) {
      if (vendor_fits(model.vendor, provider.name)) provider.models.push_back(model.name);
    }
  }
  std::stable_sort(spec.tiers.begin(), spec.tiers.end(),
                   [](const TierSpec& a, const TierSpec& b) { return a.min_score < b.min_score; });
}

void mask_keys(std::vector<SourceText>& sources) {
  constexpr std::size_t key_bytes_min = 20;
  for (SourceText& source : sources) {
    std::string& text = source.text;
    for (std::size_t at = text.find("sk-"); at != std::string::npos; at = text.find("sk-", at)) {
      std::size_t end = at;
      while (end < text.size() && word_byte(text[end])) ++end;
      const bool starts_word = at == 0 || !word_byte(text[at - 1]);
      if (starts_word && end - at >= key_bytes_min)
        std::fill(text.begin() + static_cast<std::ptrdiff_t>(at + 3),
                  text.begin() + static_cast<std::ptrdiff_t>(end), '*');
      at = end;
    }
  }
}

}  // namespace steelyard
