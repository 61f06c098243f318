#include "gateway/calibrations.h"

#include <algorithm>
#include <fstream>
#include <mutex>
#include <sstream>

#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/store/file_ops.h"
#include "gateway/telemetry/log.h"

namespace steelyard {

struct Calibrations::State {
  std::string path;
  std::mutex lock;  // held for some hundred instructions a bill
  router::CalibrationTable table;
  std::vector<std::uint64_t> taught;  // by slot: version of its last lesson
  router::Conversations conversations;
  std::uint64_t saved = 0;
};

bool add_learned(const router::Calibrator& filter, router::InputWeights& weights) {
  if (!filter.calibrated() || filter.weights().value == weights.tokens.value) return false;
  weights.tokens = filter.weights();
  weights.factor = filter.factor();
  weights.per_request = std::max(weights.per_request, router::Calibrator::slack_tokens);
  return true;
}

Calibrations::Calibrations(std::string path) : state_(std::make_unique<State>()) {
  state_->path = std::move(path);
  if (state_->path.empty()) return;
  std::ifstream file(state_->path, std::ios::binary);
  if (!file) return;  // the first start
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!state_->table.decode(std::move(bytes).str()))
    telemetry::log_warn("`{}` is damaged or of another version: token counts are learned anew",
                        state_->path);
}

Calibrations::~Calibrations() = default;

std::vector<std::uint32_t> Calibrations::slots_of(const router::Catalog& catalog) {
  const std::lock_guard hold(state_->lock);
  std::vector<std::uint32_t> slots;
  for (const router::Target& target : catalog.targets()) {
    const router::Model& model = catalog.model(target.model);
    const std::string& provider = catalog.providers()[static_cast<std::size_t>(target.provider)];
    const std::uint64_t key = router::calibration_key(provider, model.name, target.upstream_name);
    slots.push_back(
        static_cast<std::uint32_t>(state_->table.slot(key, router::prior_of(model.framing))));
  }
  state_->taught.resize(state_->table.size());
  return slots;
}

Calibrations::Learned Calibrations::learn(const Bill& bill, const router::InputWeights& prior) {
  const std::lock_guard hold(state_->lock);
  router::Calibrator& filter = state_->table.at(bill.slot);
  Learned learned;
  if (bill.before != nullptr) {
    const router::InputFeatures added = router::added_since(*bill.before, bill.features);
    learned.result = filter.observe(added, static_cast<float>(bill.billed - bill.before->billed));
  } else {
    learned.result = filter.observe(bill.features, static_cast<float>(bill.billed));
  }
  state_->conversations.put(bill.turn);
  learned.weights = prior;
  learned.calibrated = add_learned(filter, learned.weights);
  const std::uint64_t version = version_.load(std::memory_order_relaxed) + 1;
  state_->taught[bill.slot] = version;
  version_.store(version, std::memory_order_relaxed);
  return learned;
}

void Calibrations::remember(const router::TurnBilled& turn) {
  const std::lock_guard hold(state_->lock);
  state_->conversations.put(turn);
}

std::optional<router::TurnBilled> Calibrations::last_turn(std::uint64_t key) const {
  const std::lock_guard hold(state_->lock);
  const router::TurnBilled* turn = state_->conversations.find(key);
  return turn == nullptr ? std::nullopt : std::optional(*turn);
}

void Calibrations::fetch(Serving& serving, std::uint64_t* seen) const {
  const router::Catalog& catalog = serving.runtime->catalog;
  const std::lock_guard hold(state_->lock);
  for (std::size_t t = 0; t < serving.slots.size(); ++t) {
    const std::uint32_t slot = serving.slots[t];
    if (state_->taught[slot] <= *seen && *seen != 0) continue;
    const auto model = static_cast<std::size_t>(catalog.targets()[t].model);
    router::InputWeights weights = router::weights_of(catalog.models()[model].framing);
    const bool learned = add_learned(state_->table.at(slot), weights);
    serving.apply(static_cast<std::int32_t>(t), weights, learned);
  }
  *seen = version_.load(std::memory_order_relaxed);
}

void Calibrations::save() {
  std::string bytes;
  {
    const std::lock_guard hold(state_->lock);
    if (state_->path.empty() || state_->saved == version()) return;
    state_->saved = version();
    bytes = state_->table.encode();
  }
  if (const int error = store::replace_file(state_->path, bytes); error != 0)
    telemetry::log_warn("cannot write `{}`: {}", state_->path, store::error_text(error));
}

}  // namespace steelyard
