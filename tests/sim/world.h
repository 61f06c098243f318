#pragma once
// One run: real workers, books, runtime and metrics; everything around them simulated from a seed.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/net/dialer.h"
#include "gateway/worker.h"
#include "tests/sim/client.h"
#include "tests/sim/loop.h"
#include "tests/sim/provider.h"
#include "tests/sim/records.h"
#include "tests/sim/scenario.h"

namespace steelyard::telemetry {
class Metrics;
class ReceiptFormatter;
}  // namespace steelyard::telemetry

namespace steelyard::sim {

struct Outcome {
  std::vector<std::string> violations;  // empty: all invariants held
  std::string receipts;                 // every receipt as a line, in order
  std::uint64_t events = 0;
  std::size_t requests = 0, attempts = 0, refused = 0, streams = 0, arrivals = 0, left = 0;
};

struct World final : net::Dialer {
  World(std::uint64_t seed, bool traced);
  ~World() override;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Outcome run();

  // For the parties.
  void violation(const std::string& what);
  template <class... Parts>
  void trace(const Parts&... parts) {
    if (!traced) return;
    std::ostringstream text;
    (text << ... << parts);
    say(text.str());
  }
  std::unique_ptr<net::Connection> open(const net::Origin& origin, net::IoSlot& connected) override;

  Scenario scenario;
  Dice dice;  // of the world itself
  Loop loop;
  bool traced;
  std::vector<Arrival> arrivals;
  std::vector<ReceiptRecord> receipts;
  Outcome outcome;

 private:
  friend class Audit;
  void say(const std::string& text);
  std::shared_ptr<const Runtime> compile();
  void open_worker(std::size_t index, const std::shared_ptr<const Runtime>& runtime);
  void keep_ticking(std::size_t index);
  void keep_house();
  void remember(const telemetry::Receipt& receipt);
  void bring_clients();
  void bring_trouble();
  void reload();
  void step_wall();
  void begin_drain();
  void watch_drain();
  void after_event();
  LinkOptions link_options(bool to_provider);

  std::unique_ptr<store::Books> books_;
  std::unique_ptr<telemetry::Metrics> metrics_;
  std::unique_ptr<telemetry::ReceiptFormatter> formatter_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<bool> ticking_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<ProviderConnection>> served_;
  std::uint64_t generation_ = 0;
  std::map<std::string, std::int64_t> highest_limit_;  // by budget: reloads may lower it
  std::size_t checked_receipts_ = 0, dials_ = 0;
  std::int64_t drain_until_ = -1, drain_timeout_ns_ = 0;
  bool ended_streams_ = false, finished_ = false;
};

}  // namespace steelyard::sim
