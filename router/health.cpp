#include "router/health.h"

#include <algorithm>

#include "router/catalog.h"

namespace steelyard::router {
namespace {

constexpr std::int32_t million = 1'000'000;
constexpr std::int32_t forget = 32;  // an outcome weighs 1/32 of the running share

std::int64_t smoothed(std::int64_t old, std::int64_t sample) {
  if (sample <= 0) return old;
  return old == 0 ? sample : old + (sample - old) / 8;
}

// Whole parts per million do not fade below `forget` on their own: the last of them are dropped.
void count_outcome(std::int32_t& failure_ppm, bool failed) {
  failure_ppm += ((failed ? million : 0) - failure_ppm) / forget;
  if (!failed && failure_ppm < forget) failure_ppm = 0;
}

}  // namespace

const char* name_of(Admission admission) {
  switch (admission) {
    case Admission::ok: return "ok";
    case Admission::probe: return "probe";
    case Admission::open: return "open";
    case Admission::parked: return "parked";
  }
  return "unknown";
}

Admission Health::Circuit::admits(Tick now) const {
  if (!open) return Admission::ok;
  if (now < retry_at || (probing && now < probe_until)) return Admission::open;
  return Admission::probe;
}

bool Health::Circuit::fail(Tick now, const BreakerSpec& breaker) {
  in_row = std::min(in_row + 1, million);
  probing = false;
  if (!open && in_row < breaker.failures) return false;
  open = true;
  retry_at = now.plus_ms(breaker.open_ms);
  return true;
}

bool Health::Circuit::close() {
  if (in_row == 0) return false;  // then it is neither open nor probing
  const bool was_open = open;
  in_row = 0;
  open = false;
  probing = false;
  return was_open;
}

Health::Health(const Catalog& catalog, BreakerSpec breaker)
    : breaker_(breaker),
      targets_(catalog.targets().size()),
      providers_(catalog.providers().size()) {
  for (std::size_t i = 0; i < targets_.size(); ++i)
    targets_[i].provider = catalog.targets()[i].provider;
}

Admission Health::provider_admits(std::int32_t provider, Tick now) const {
  return providers_[static_cast<std::size_t>(provider)].admits(now);
}

Tick Health::available_at(std::int32_t target) const {
  const State& state = at(target);
  Tick when = state.parked_until;
  for (const Circuit* circuit : {&state.circuit, &provider_of(state)})
    if (circuit->open)
      when = std::max(when, circuit->probing ? circuit->probe_until : circuit->retry_at);
  return when;
}

Tick Health::open_until(std::int32_t target) const {
  const State& state = at(target);
  Tick until;
  for (const Circuit* circuit : {&state.circuit, &provider_of(state)})
    if (circuit->open) until = std::max(until, circuit->retry_at);
  return until;
}

bool Health::on_dispatch(std::int32_t target, Tick now, bool forced) {
  State& state = at(target);
  Circuit& provider = provider_of(state);
  const Admission admission = admits(target, now);
  if (!forced && (admission == Admission::open || admission == Admission::parked)) return false;
  for (Circuit* circuit : {&state.circuit, &provider}) {
    if (circuit->admits(now) != Admission::probe) continue;
    circuit->probing = true;
    circuit->probe_until = now.plus_ms(std::max<std::int64_t>(breaker_.open_ms, 1));
  }
  return true;
}

bool Health::on_success(std::int32_t target, std::int64_t first_byte_ns, std::int64_t total_ns) {
  State& state = at(target);
  const bool closed = state.circuit.close() | provider_of(state).close();
  count_outcome(state.failure_ppm, false);
  state.first_byte_ns = smoothed(state.first_byte_ns, first_byte_ns);
  state.total_ns = smoothed(state.total_ns, total_ns);
  return closed;
}

bool Health::on_failure(std::int32_t target, FailureClass failure, Tick now, Tick until) {
  const FailureRule rule = rule_of(failure);
  State& state = at(target);
  if (rule.parks) {
    const bool hinted = now < until;
    if (hinted ||
        failure != FailureClass::overloaded)  // without a hint the breaker deals with overload
      state.parked_until =
          std::max(state.parked_until, hinted ? until : now.plus_ms(breaker_.open_ms));
  }
  bool changed = false;
  if (rule.breaks) {
    count_outcome(state.failure_ppm, true);
    changed = state.circuit.fail(now, breaker_);
  }
  // An answer, even a bad one, shows that the provider can be reached.
  if (rule.breaks_provider) {
    changed |= provider_of(state).fail(now, breaker_);
  } else if (failure != FailureClass::client_gone && failure != FailureClass::budget &&
             failure != FailureClass::timeout) {
    changed |= provider_of(state).close();
  }
  if (!rule.breaks) on_abandoned(target);
  return changed;
}

void Health::on_unusable(std::int32_t target) {
  count_outcome(at(target).failure_ppm, true);
}

void Health::on_abandoned(std::int32_t target) {
  State& state = at(target);
  state.circuit.probing = false;
  provider_of(state).probing = false;
}

TargetHealth Health::view(std::int32_t target, Tick now) const {
  const State& state = at(target);
  TargetHealth out;
  out.admission = admits(target, now);
  out.failures_in_row = state.circuit.in_row;
  out.failure_ppm = state.failure_ppm;
  out.first_byte_ns = state.first_byte_ns;
  out.total_ns = state.total_ns;
  out.until = out.admission == Admission::ok ? Tick{} : available_at(target);
  return out;
}

void Health::carry_over(const Health& old, const Catalog& old_catalog, const Catalog& catalog) {
  const auto provider_in_old = [&](std::int32_t provider) {
    const std::string& name = catalog.providers()[static_cast<std::size_t>(provider)];
    const auto names = old_catalog.providers();
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? -1 : static_cast<std::int32_t>(found - names.begin());
  };
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    const std::int32_t before = provider_in_old(static_cast<std::int32_t>(i));
    if (before >= 0) providers_[i] = old.providers_[static_cast<std::size_t>(before)];
  }
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const Target& target = catalog.targets()[i];
    const std::int32_t model = old_catalog.find_model(catalog.model(target.model).name);
    const std::int32_t provider = provider_in_old(target.provider);
    if (model < 0 || provider < 0) continue;
    const std::int32_t before = old_catalog.find_target(model, provider);
    if (before == no_target) continue;
    targets_[i] = old.at(before);
    targets_[i].provider = target.provider;
  }
}

}  // namespace steelyard::router
