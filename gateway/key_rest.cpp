#include "gateway/key_rest.h"

#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/telemetry/log.h"

namespace steelyard {
namespace {

constexpr std::int64_t refused_key_rests_ms = 600'000;  // revoked, or its account is empty

}  // namespace

bool rest_key(Serving& serving, std::size_t provider, std::size_t key, dialect::FaultClass cls,
              std::int64_t hint_ms, Tick now) {
  KeyRing& keys = serving.keys[provider];
  const bool refused = dialect::policy_of(cls).disables_key;
  const bool limited = cls == dialect::FaultClass::rate_limited;
  if (keys.size() < 2 || (!refused && !limited)) return false;
  const std::int64_t ms = refused       ? refused_key_rests_ms
                          : hint_ms > 0 ? hint_ms
                                        : serving.runtime->spec.breaker.open_ms;
  keys.rest(key, now.plus_ms(ms), refused);
  telemetry::log_warn("provider `{}`: key {} of {} rests for {} s: {}",
                      serving.runtime->providers[provider].name, key + 1, keys.size(), ms / 1000,
                      dialect::name_of(cls));
  return keys.any_ready(now);
}

}  // namespace steelyard
