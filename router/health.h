#pragma once
// Passive health: what recent attempts say about each target and each provider. A plain value owned
// by one worker; time comes in as ticks. Breaker: closed → open after N failures in a row → one
// probe at a time.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "config/spec/gateway_spec.h"
#include "config/types/instant.h"
#include "router/failure_class.h"

namespace steelyard::router {

class Catalog;

enum class Admission : std::uint8_t {
  ok,
  probe,   // half open: one attempt may go and see
  open,    // breaker open, or its probe is on the way
  parked,  // a retry-after hint has not passed
};
const char* name_of(Admission admission);

struct TargetHealth {  // for dashboards and explain
  Admission admission = Admission::ok;
  std::int32_t failures_in_row = 0;
  std::int32_t failure_ppm = 0;  // recent share of attempts that failed or gave an unusable answer
  std::int64_t first_byte_ns = 0;  // EWMA; 0: nothing seen
  std::int64_t total_ns = 0;       // EWMA
  Tick until;                      // open or parked until
};

class Health {
 public:
  Health(const Catalog& catalog, BreakerSpec breaker);

  // May an attempt go there? Both the target's and its provider's breaker are asked; changes
  // nothing.
  Admission admits(std::int32_t target, Tick now) const {
    const State& state = at(target);
    if (now < state.parked_until) return Admission::parked;
    const Circuit& provider = provider_of(state);
    if (!state.circuit.open && !provider.open) return Admission::ok;
    return std::max(state.circuit.admits(now), provider.admits(now));
  }
  // The moment at which `admits` may answer better; `now` or earlier when it is ok.
  Tick available_at(std::int32_t target) const;

  // The attempt is about to be sent. Claims the probe if one is due; false: somebody else has it,
  // take the next attempt. `forced` sends anyway (the last target left is never ejected).
  bool on_dispatch(std::int32_t target, Tick now, bool forced = false);
  // A usable answer. Durations in nanoseconds, 0 when unknown.
  // True: a breaker closed, and open_until() of its targets says so.
  bool on_success(std::int32_t target, std::int64_t first_byte_ns, std::int64_t total_ns);
  // `until`: the provider's hint (retry-after) as a tick; {0}: none, then parking classes park for
  // open_ms. Classes that say nothing about the target (rule_of) only give a claimed probe back.
  // True: a breaker opened, stays open for longer, or closed.
  bool on_failure(std::int32_t target, FailureClass failure, Tick now, Tick until = {});
  // Answered, but the answer had to be escalated (empty, refused, invalid): raises failure_ppm,
  // nothing else.
  void on_unusable(std::int32_t target);
  // Dispatched, then given up by our side (client gone): says nothing, gives the probe back.
  void on_abandoned(std::int32_t target);

  // Recent failure share in parts per million, shrunk towards 0 while there is little evidence.
  std::int32_t failure_ppm(std::int32_t target) const {
    return targets_[static_cast<std::size_t>(target)].failure_ppm;
  }
  bool any_failures() const {  // some target's failure_ppm() is above 0
    return std::any_of(targets_.begin(), targets_.end(),
                       [](const State& state) { return state.failure_ppm != 0; });
  }
  TargetHealth view(std::int32_t target, Tick now) const;
  // Until then its breaker or its provider's lets nobody through; later, one probe at a time. {0}:
  // both are closed. Parking is no breaker.
  Tick open_until(std::int32_t target) const;
  Admission provider_admits(std::int32_t provider, Tick now) const;

  // After a reload: takes over what was learned about targets and providers that still exist (by
  // name).
  void carry_over(const Health& old, const Catalog& old_catalog, const Catalog& catalog);

 private:
  struct Circuit {
    std::int32_t in_row = 0;
    bool open = false;
    bool probing = false;
    Tick retry_at;     // open: when the next probe may go
    Tick probe_until;  // a probe not heard of by then is forgotten
    Admission admits(Tick now) const;
    bool fail(Tick now, const BreakerSpec& breaker);  // true: open, until a new moment
    bool close();                                     // true: it was open
  };
  struct State {
    Circuit circuit;
    Tick parked_until;
    std::int32_t failure_ppm = 0;
    std::int32_t provider = 0;
    std::int64_t first_byte_ns = 0, total_ns = 0;
  };
  State& at(std::int32_t target) { return targets_[static_cast<std::size_t>(target)]; }
  const State& at(std::int32_t target) const { return targets_[static_cast<std::size_t>(target)]; }
  Circuit& provider_of(const State& state) {
    return providers_[static_cast<std::size_t>(state.provider)];
  }
  const Circuit& provider_of(const State& state) const {
    return providers_[static_cast<std::size_t>(state.provider)];
  }
  BreakerSpec breaker_;
  std::vector<State> targets_;
  std::vector<Circuit> providers_;
};

}  // namespace steelyard::router
