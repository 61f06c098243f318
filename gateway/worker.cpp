#include "gateway/worker.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/calibrations.h"
#include "gateway/cloud/token_source.h"
#include "gateway/net/dialer.h"
#include "gateway/net/upstream_pool.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/session.h"
#include "gateway/stream_guard.h"
#include "gateway/telemetry/metrics.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

bool same_origin(const net::Origin& a, const net::Origin& b) {
  return a.host == b.host && a.port == b.port && a.tls == b.tls;
}

}  // namespace

Worker::Worker(WorkerSeams seams, std::shared_ptr<const Runtime> runtime,
               std::unique_ptr<router::TokenCounter> counter)
    : seams_(std::move(seams)),
      wheel_(seams_.clock.tick()),
      random_(seams_.random_seed),
      tools_(std::make_unique<WorkerTools>(std::move(counter), random_.next())),
      serving_(begin_serving(std::move(runtime))),
      overload_(overload_limits(*serving_->runtime)) {
  prepare_counts();
}

Worker::~Worker() = default;

void Serving::begin_counting(Calibrations* calibrations) {
  const router::Catalog& catalog = runtime->catalog;
  inputs = catalog.inputs();
  calibrated.assign(catalog.models().size(), 0);
  token_bytes.assign(catalog.targets().size(), StreamGuard::first_token_bytes);
  for (const router::Model& model : catalog.models()) {
    if (model.target_count == 0) continue;
    some_text_unknown |= !model.framing.exact_text;
    // Of the public tokenizers none makes less than 0.94 of it (framing_table.cpp).
    const std::int64_t window = model.context_tokens;
    enough_tokens =
        std::max(enough_tokens, window > 0 ? window + window / 8 : std::int64_t{1} << 30);
  }
  if (calibrations == nullptr) return;
  slots = calibrations->slots_of(catalog);
  bills.assign(slots.size(), 0);
  calibrations->fetch(*this, &calibration_seen);
}

void Serving::apply(std::int32_t target, const router::InputWeights& weights, bool is_calibrated) {
  const auto model = static_cast<std::size_t>(runtime->catalog.target(target).model);
  if (!is_calibrated) return;
  inputs.set(model, weights);
  calibrated[model] = 1;
}

// Pools of providers that did not change are kept, with their connections.
std::shared_ptr<Serving> Worker::begin_serving(std::shared_ptr<const Runtime> runtime) {
  auto next = std::make_shared<Serving>(
      Serving{runtime, router::Health(runtime->catalog, runtime->spec.breaker), {}, {}, {}});
  next->begin_counting(seams_.calibrations);
  for (const ProviderRuntime& provider : runtime->providers) {
    next->keys.emplace_back(provider.chat_heads.size());
    if (provider.tokens) provider.tokens->start();
  }
  for (std::size_t p = 0; p < runtime->providers.size(); ++p) {
    const ProviderRuntime& provider = runtime->providers[p];
    std::shared_ptr<net::UpstreamPool> pool;
    for (std::size_t i = 0; serving_ != nullptr && i < serving_->pools.size(); ++i) {
      const Runtime& before = *serving_->runtime;
      const bool same = before.providers[i].name == provider.name &&
                        same_origin(before.providers[i].origin, provider.origin) &&
                        before.spec.providers[i].ca_file == runtime->spec.providers[p].ca_file;
      if (same) pool = serving_->pools[i];
    }
    if (!pool) {
      net::UpstreamPool::Options options;
      options.connections_max = provider.connections_max;
      pool = std::make_shared<net::UpstreamPool>(seams_.dialer, wheel_, provider.origin, options);
    }
    next->pools.push_back(std::move(pool));
  }
  if (serving_ != nullptr)
    next->health.carry_over(serving_->health, serving_->runtime->catalog, runtime->catalog);
  return next;
}

// Limits are of the process; connections spread evenly.
Overload::Limits Worker::overload_limits(const Runtime& runtime) const {
  const OverloadSpec& spec = runtime.spec.overload;
  const auto share = [this](std::size_t all) {
    return all / seams_.worker_count + (all % seams_.worker_count != 0 ? 1 : 0);
  };
  Overload::Limits limits;
  limits.in_flight = share(spec.in_flight > 0 ? static_cast<std::size_t>(spec.in_flight)
                                              : seams_.in_flight_default);
  limits.queue_delay_ns = seams_.thread_cpu_ns != nullptr ? spec.queue_delay_ms * 1'000'000 : 0;
  return limits;
}

void Worker::await_turn(net::IoSlot& slot) {
  slot.arm();
  turns_.push_back(&slot);
  if (turns_.size() == 1) seams_.post([this] { give_turn(); });
}

// What is posted runs after all that is ready now.
void Worker::give_turn() {
  net::IoSlot* const next = turns_.front();
  if (turns_.size() > 1) seams_.post([this] { give_turn(); });
  turns_.pop_front();
  next->complete({});
}

void Worker::install(std::shared_ptr<const Runtime> runtime) {
  serving_ = begin_serving(std::move(runtime));
  overload_.set(overload_limits(*serving_->runtime));
  breakers_changed(*serving_);
  prepare_counts();
  tools_->zone_offsets.clear();
  tools_->zone_offsets_minute = INT64_MIN;
}

void Worker::breakers_changed(const Serving& serving) {
  if (&serving != serving_.get()) return;  // of a configuration that was replaced
  std::array<Tick, telemetry::targets_max> open_until{};
  const std::vector<telemetry::TargetId>& labels = serving.runtime->target_labels;
  for (std::size_t t = 0; t < labels.size(); ++t) {
    Tick& until = open_until[labels[t]];  // beyond the bounds several share `_other`
    until = std::max(until, serving.health.open_until(static_cast<std::int32_t>(t)));
  }
  seams_.metrics.breakers_changed(open_until);
}

void Worker::accept(std::unique_ptr<net::Connection> connection) {
  if (draining_) return;
  seams_.metrics.connection_opened();
  (void)tick_now();
  auto session = std::make_unique<Session>(*this, std::move(connection));
  Session& started = *session;
  sessions_.push_front(std::move(session));
  started.self_ = sessions_.begin();
  started.start();
}

void Worker::forget(Session& session) {
  seams_.metrics.connection_closed();
  sessions_.erase(session.self_);
}

void Worker::begin_drain() {
  draining_ = true;
  for (const auto& session : sessions_) session->begin_drain();
}

void Worker::end_streams() {
  for (const auto& session : sessions_) session->end_stream();
}

bool Worker::tick() {
  wheel_.advance(tick_now());
  if (seams_.thread_cpu_ns != nullptr)
    overload_.on_tick(last_tick_, seams_.thread_cpu_ns(), net::Wheel::resolution_ns);
  return !wheel_.empty();
}

void Worker::set_deadline(net::Deadline& deadline, std::int64_t from_now_ms) {
  set_deadline_at(deadline, last_tick_.plus_ms(from_now_ms));
}

void Worker::set_deadline_at(net::Deadline& deadline, Tick due) {
  const bool wake = wheel_.empty();
  deadline.set(wheel_, due);
  if (wake && seams_.deadlines_wanted) seams_.deadlines_wanted();
}

Instant Worker::now() {
  constexpr std::int64_t carried_ns = 5'000'000;  // a stepped clock is noticed this late
  if (last_tick_ - wall_tick_ >= carried_ns) {
    wall_ = seams_.clock.now();
    wall_tick_ = last_tick_;
  }
  return Instant{wall_.ns + (last_tick_ - wall_tick_)};
}

void Worker::prepare_counts() {
  if (seams_.memo == nullptr) {
    router::MemoSeed seed;
    for (unsigned char& byte : seed) byte = static_cast<unsigned char>(random_.next() >> 32);
    seams_.memo = std::make_shared<router::CountMemo>(seed);
  }
  tools_->exact.prepare(*serving_->runtime, seams_.memo, random_.next());
}

router::RequestId Worker::new_request_id() {
  return {random_.next(), random_.next()};
}

}  // namespace steelyard
