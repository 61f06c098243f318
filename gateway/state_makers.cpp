#include "gateway/state_makers.h"

#include <algorithm>
#include <string>

#include "config/spec/gateway_spec.h"
#include "router/catalog.h"

namespace steelyard {
namespace {

// What a provider knows us by: its keys; where it has none a cloud's secret, or the admin token,
// which clients do not know either.
std::vector<std::string_view> secrets_of(const ProviderSpec& spec, const AdminSpec& admin) {
  std::vector<std::string_view> secrets;
  for (const Secret& key : spec.keys)
    secrets.push_back(spec.one_account ? spec.keys.front().reveal() : key.reveal());
  if (!secrets.empty()) return secrets;
  std::string_view secret = spec.credentials.secret.reveal();
  if (secret.empty() && admin.token) secret = admin.token->reveal();
  return {secret};
}

}  // namespace

void StateMakers::build(const GatewaySpec& spec, const router::Catalog& catalog) {
  for (const router::Target& target : catalog.targets()) {
    const ProviderSpec& provider = spec.providers[static_cast<std::size_t>(target.provider)];
    first_.push_back(static_cast<std::int32_t>(keys_.size()));
    for (const std::string_view secret : secrets_of(provider, spec.admin))
      keys_.push_back(dialect::hub::state_key_of(provider.base_url.value + "\n" + provider.region,
                                                 secret, target.upstream_name));
  }
  first_.push_back(static_cast<std::int32_t>(keys_.size()));
}

std::int32_t StateMakers::target_of(std::int32_t maker) const {
  const auto next = std::upper_bound(first_.begin(), first_.end(), maker);
  return static_cast<std::int32_t>(next - first_.begin()) - 1;
}

std::uint32_t StateMakers::name_of(std::int32_t maker) const {
  std::uint32_t name = 0;
  for (const char c : key_of(maker).name) name = name << 8 | static_cast<unsigned char>(c);
  return name;
}

std::int32_t StateMakers::named(std::int32_t target, std::uint32_t name) const {
  const std::int32_t end = first_[static_cast<std::size_t>(target) + 1];
  for (std::int32_t maker = first_[static_cast<std::size_t>(target)]; maker < end; ++maker)
    if (name_of(maker) == name) return maker;
  return nobody;
}

}  // namespace steelyard
