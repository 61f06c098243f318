#pragma once
// What one seed decides before the run: who the providers, models, keys and budgets are, and which
// faults may happen with which weight (a swarm: most seeds have only some of them).
#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/loop.h"

namespace steelyard::sim {

// Chances, 0 when the seed switched the fault off.
struct Faults {
  // dialling
  double refused = 0, unresolved = 0, connect_hangs = 0, connect_slow = 0;
  // providers
  double status_429 = 0, status_5xx = 0, status_4xx = 0, status_timeout = 0, error_in_200 = 0;
  double error_event = 0, cut = 0, cut_hard = 0, cut_before_head = 0, stall = 0, garbage = 0;
  double no_usage = 0, no_done = 0, slow_drip = 0, close_after = 0, interim = 0, left_over = 0;
  double until_close = 0, empty_answer = 0, idle_close = 0;
  // clients
  double leave = 0, leave_hard = 0, slow_reader = 0, stops_reading = 0, half_sent = 0;
  double malformed = 0, bad_json = 0, bad_key = 0, bad_path = 0, pipelined = 0, chunked = 0;
  double expect_continue = 0, http_1_0 = 0, deadline = 0, unknown_model = 0;
  // the world
  double reload = 0, wall_step = 0, early_drain = 0;
};

struct ModelPlan {
  std::string name;
  std::int64_t input = 1, cache_read = 0, output = 2;  // $ per million tokens; cache_read 0: none
};

struct ProviderPlan {
  std::string name, rename_suffix;  // "" : models keep their names
  std::vector<std::size_t> models;
  bool max_completion_tokens = false;
};

struct KeyPlan {
  std::string text, scope;  // the key, "organisation/team/key"
  bool explain = false;
};

struct Scenario {
  std::uint64_t seed = 0;
  Faults faults;
  std::vector<ModelPlan> models;
  std::vector<ProviderPlan> providers;
  std::vector<KeyPlan> keys;
  std::size_t workers = 1, connections = 8;
  std::int64_t span_ns = 0;  // clients come during this
  bool small_pipes = false, deep_pipes = false;
  bool short_pieces = false;  // two bytes a token, the least a tokenizer makes of ordinary text

  static Scenario of(std::uint64_t seed);
  // The main file; every call draws new limits, timeouts and policies: that is a reload.
  std::string gateway_yaml(Dice& dice) const;
  std::string policies_yaml(Dice& dice) const;
  std::string catalog_yaml() const;
};

}  // namespace steelyard::sim
