#pragma once
// What a worker uses to serve under one configuration. A request keeps the one it began with, so a
// reload renumbers nothing under its feet.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "config/types/instant.h"
#include "gateway/key_ring.h"
#include "router/health.h"
#include "router/input_counts.h"
#include "router/plan.h"

namespace steelyard {

class Calibrations;
struct Runtime;
namespace net {
class UpstreamPool;
}

struct Serving {
  std::shared_ptr<const Runtime> runtime;
  router::Health health;                                  // by target of this catalogue
  std::vector<std::shared_ptr<net::UpstreamPool>> pools;  // by provider
  std::vector<KeyRing> keys;                              // by provider
  std::vector<Tick> count_rests;  // by provider: until when it is not asked for counts

  // Counting, as far as it was learned from bills (calibrations.h).
  router::InputRows inputs;              // by model; of several targets the one taught last
  std::vector<std::uint32_t> slots;      // by target
  std::vector<std::uint8_t> calibrated;  // by model
  std::uint64_t calibration_seen = 0;
  std::vector<std::uint32_t> bills;        // by target: how many this worker has seen
  std::vector<std::uint16_t> token_bytes;  // by target: StreamGuard::learn()
  std::uint32_t until_fetch = 0;           // requests until what other workers learned is fetched
  bool some_text_unknown = false;          // some model's tokenizer is not the counter's
  std::int64_t enough_tokens = 0;  // by the gateway's counter: more than any served model takes

  void begin_counting(Calibrations* calibrations);
  void apply(std::int32_t target, const router::InputWeights& weights, bool is_calibrated);
};

}  // namespace steelyard
