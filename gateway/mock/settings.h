#pragma once
// Who is who in this mock: models, prices, behaviours. Immutable snapshots, replaced as a whole;
// threads notice by the version number. Internal to gateway/mock.
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/result.h"
#include "gateway/mock/mock_server.h"

namespace steelyard::mock {

using Counter = std::atomic<std::uint64_t>;

struct ModelSettings {
  std::string name;
  Prices prices;
  Behaviour behaviour;  // options, then global changes, then the model's own
  bool listed = true;   // in /v1/models
  std::shared_ptr<Counter> requests = std::make_shared<Counter>(0);  // starts again at each change
};

struct Settings {
  std::map<std::string, ModelSettings, std::less<>> models;
  ModelSettings other;  // any other name
  Behaviour global;
  bool strict = false;
  bool directives = true;
  std::string authorization;  // "Bearer KEY", or empty: anybody

  // nullptr: no such model.
  const ModelSettings* find(std::string_view name) const;
};

class SettingsStore {
 public:
  // Fails on bad prices and bad behaviours in the options.
  static Result<std::unique_ptr<SettingsStore>> make(const MockOptions& options);

  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const Settings> get() const;

  // POST /mock/behaviour: names of behaviour.h at the top, "models": {NAME: {...} or null},
  // "reset": true.
  Result<void> update(std::string_view json);
  void reset();
  std::string json() const;  // what is in force

  // The named counter of Behaviour::counter; 10,000 names at most, then one for all others.
  std::uint64_t count(const std::string& name);

 private:
  using Overrides = std::map<std::string, std::string, std::less<>>;  // model name to JSON

  explicit SettingsStore(const MockOptions& options) : options_(options) {}
  Result<std::shared_ptr<Settings>> build(const Behaviour& global, const Overrides& own) const;
  void publish(std::shared_ptr<Settings> settings, const Behaviour& global, Overrides own);

  const MockOptions options_;
  std::mutex update_mutex_;  // one change at a time
  mutable std::mutex mutex_;
  Behaviour global_;
  Overrides own_;
  std::map<std::string, std::uint64_t> counters_;
  std::shared_ptr<const Settings> current_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace steelyard::mock
