#include "router/catalog.h"

#include <algorithm>
#include <cmath>

#include "policies/glob.h"

namespace steelyard::router {

using policies::Glob;

std::int32_t Catalog::find_target(std::int32_t model_index, std::int32_t provider) const {
  const Model& m = model(model_index);
  for (std::int32_t i = m.target_first; i < m.target_first + m.target_count; ++i)
    if (target(i).provider == provider) return i;
  return no_target;
}

ModelMask Catalog::mask_of(std::span<const std::string> allow,
                           std::span<const std::string> deny) const {
  ModelMask mask;
  const auto each = [&](std::span<const std::string> patterns, auto act) {
    for (const std::string& pattern : patterns) {
      const Glob glob(pattern);
      for (std::size_t i = 0; i < models_.size(); ++i)
        if (glob.matches(models_[i].name)) act(i);
    }
  };
  each(allow, [&](std::size_t i) { mask.set(i); });
  each(deny, [&](std::size_t i) { mask.reset(i); });
  return mask;
}

ModelMask Catalog::access_of(const TeamSpec& team, const KeySpec& key) const {
  return mask_of(team.allow, team.deny) & mask_of(key.allow, key.deny);
}

// Bisection on the error function: exact to the last bits, run a few times at start.
double z_of(double confidence) {
  if (!(confidence > 0)) return -8;
  if (!(confidence < 1)) return 8;
  double low = -8, high = 8;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < confidence ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace steelyard::router
