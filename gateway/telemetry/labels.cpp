#include "gateway/telemetry/labels.h"

#include <algorithm>

namespace steelyard::telemetry {
namespace {

constexpr std::string_view kOther = "_other";

// The number of `name` in `list`, appended if new and there is room.
std::uint16_t number_of(std::deque<std::string>& list, std::string_view name, std::size_t max) {
  if (name.empty()) return other_label;
  const auto at = std::find(list.begin(), list.end(), name);
  if (at == list.end() && list.size() == max) return other_label;
  const auto index = static_cast<std::uint16_t>(at - list.begin());
  if (at == list.end()) list.emplace_back(name);
  return index;
}

}  // namespace

Labels::Labels() {
  providers_.emplace_back(kOther);
  policies_.emplace_back(kOther);
  targets_.push_back({std::string(kOther), std::string(kOther)});
}

ProviderId Labels::provider(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return number_of(providers_, name, providers_max);
}

PolicyId Labels::policy(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return number_of(policies_, name, policies_max);
}

TargetId Labels::target(std::string_view provider, std::string_view model) {
  const std::lock_guard lock(mutex_);
  const auto same = [&](const Target& t) { return t.provider == provider && t.model == model; };
  const auto at = std::find_if(targets_.begin(), targets_.end(), same);
  if (at == targets_.end() && targets_.size() == targets_max) return other_label;
  const auto index = static_cast<TargetId>(at - targets_.begin());
  if (at == targets_.end()) targets_.push_back({std::string(provider), std::string(model)});
  return index;
}

std::deque<std::string> Labels::providers() const {
  const std::lock_guard lock(mutex_);
  return providers_;
}

std::deque<Labels::Target> Labels::targets() const {
  const std::lock_guard lock(mutex_);
  return targets_;
}

std::deque<std::string> Labels::policies() const {
  const std::lock_guard lock(mutex_);
  return policies_;
}

}  // namespace steelyard::telemetry
