#pragma once
// The bench configuration, compiled once, as a worker sees it; with as many teams as wanted.
#include <memory>
#include <string>
#include <vector>

#include "config/spec/gateway_spec.h"
#include "gateway/store/books.h"
#include "policies/facts.h"
#include "policies/rule_set.h"
#include "router/catalog.h"
#include "router/health.h"
#include "router/output_estimate.h"
#include "router/plan.h"

namespace steelyard::bench {

// tests/bench/config/steelyard.yaml, with the last team copied until there are `teams`. Ends the
// program when the file is wrong.
// `models`: only the first so many of the catalogue; 0: all.
GatewaySpec bench_spec(std::size_t teams, std::size_t models = 0);

// A file of tests/bench/bodies.
std::string body_text(const std::string& name);

// In memory when `directory` is empty.
std::unique_ptr<store::Books> open_books(const std::string& directory);

struct Setting {
  explicit Setting(std::size_t teams, std::size_t models = 0);
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

  GatewaySpec spec;
  policies::RuleSet rules;
  router::Catalog catalog;
  router::Health health;
  router::OutputEstimates outputs;
  std::unique_ptr<store::Books> books;
  std::vector<store::KeyChain> chains;
  std::vector<policies::ModelMask> access;  // by key, as the chains
  router::Plan plan;
};

// A question of 213 tokens for at most 256, from key `index`; `model` as the client wrote it.
policies::RequestFacts facts_of(const Setting& setting, std::size_t index, std::string_view model);

inline constexpr Instant bench_time = Instant::from_seconds(1'795'000'000);

}  // namespace steelyard::bench
