// Where calibration starts: the shipped weights, and how far each may be from the truth.
#include <algorithm>

#include "router/calibration/calibrator.h"
#include "router/tokens/framing_table.h"

namespace steelyard::router {
namespace {

struct Doubt {
  Feature feature;
  float exact, other;  // standard deviation where the vocabulary is known, and where it is not
};

// Tokens for each unit. Frames of a published vocabulary are known, too, unless a provider's bills
// say otherwise (Calibrator::deviation). Elsewhere a hidden prompt may be hundreds of tokens (Grok,
// coding plans); frames are a few.
constexpr Doubt doubts[] = {
    {Feature::request, 0, 60},      {Feature::text, 0, 0.25f},
    {Feature::messages, 0, 3},      {Feature::words, 0, 0.3f},
    {Feature::newlines, 0, 0.4f},   {Feature::punct, 0, 0.25f},
    {Feature::upper, 0, 0.3f},      {Feature::non_ascii, 0, 0.5f},
    {Feature::replies, 0, 3},       {Feature::tool_calls, 4, 8},
    {Feature::with_tools, 60, 300}, {Feature::system_with_tools, 6, 20},
    {Feature::tool_text, 0, 0.3f},  {Feature::tool_shown, 0.15f, 0.2f},
    {Feature::tools, 8, 20},        {Feature::with_schema, 4, 20},
    {Feature::wide, 0, 0.5f},       {Feature::responses_tools, 20, 20},
    {Feature::named_tool, 4, 20},   {Feature::right_to_left, 0, 0.5f},
    {Feature::thinking, 4, 30},     {Feature::required_tool, 4, 20},
    {Feature::beside_calls, 2, 8},  {Feature::schema_text, 0, 0.3f},
};
static_assert(std::size(doubts) == feature_count);

}  // namespace

CalibrationPrior prior_of(const Framing& framing) {
  const InputWeights weights = weights_of(framing);
  CalibrationPrior prior;
  prior.weight = weights.tokens;
  prior.factor = weights.factor;
  prior.noise = framing.exact_text ? 0.004f : 0.06f;
  for (const Doubt& doubt : doubts)
    prior.deviation[doubt.feature] = framing.exact_text ? doubt.exact : doubt.other;
  // A long prompt of the provider's own may as well not be there: Azure's Grok has none.
  float& request = prior.deviation[Feature::request];
  if (!framing.exact_text) request = std::max(request, prior.weight[Feature::request]);
  return prior;
}

}  // namespace steelyard::router
