#pragma once
// A fleet from a seed: replicas with real books on real files, the real scripts, and everything
// that goes wrong between them. B17 and what it rests on is checked after every event.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gateway/fleet/sharing.h"
#include "gateway/sys/random.h"
#include "lua_server.h"
#include "tests/unit/ledger/books_support.h"

namespace fleet_test {

using namespace ledger_test;
using fleet::Link;

struct FleetCounts {
  std::uint64_t events = 0, held = 0, denied = 0, settled = 0, overruns = 0, released = 0,
                syncs = 0, lost = 0, late = 0, crashes = 0, leaves = 0, lapses = 0, days = 0,
                limits = 0, top_ups = 0, corrections = 0, restarts = 0, granted = 0, returned = 0,
                rests = 0;
};

class FleetWorld {
 public:
  FleetWorld(std::uint64_t seed, int replicas);
  ~FleetWorld();
  // "": all invariants held after each event, and at rest at the end; or what broke.
  std::string run(std::uint64_t events);
  const FleetCounts& counts() const { return counts_; }

 private:
  struct Open {
    BookHold hold;
    NanoUsd amount;
  };
  struct Replica {
    explicit Replica(fleet::LuaStore& store) : link(store) {}
    std::string name, directory;
    Link link;
    std::unique_ptr<Books> books;
    std::unique_ptr<fleet::Sharing> sharing;
    std::vector<KeyChain> chains;
    std::vector<Open> open;
    std::vector<fleet::Need> needs;
    NanoUsd unsaid;  // posted above holds, or corrected upwards, since the store last heard
    std::map<std::string, NanoUsd> used;  // by window, when it was killed
    std::int64_t generation = 0;
    bool known = false, up = false;
  };

  void start(Replica& replica);
  void stop(Replica& replica, bool kill);
  bool configure(Replica& replica);
  void step();
  void request(Replica& replica);
  bool try_request(Replica& replica, std::size_t key, NanoUsd amount);
  void finish(Replica& replica);
  void sync(Replica& replica, Link::Fault fault);
  void operators(Replica& replica);
  void trouble(Replica& replica);
  void pass_time(std::int64_t ms);
  std::map<std::string, NanoUsd> used_of(const Replica& replica) const;
  std::string check() const;
  std::string rest();
  std::string spend_the_rest();
  void watch(std::span<const std::string> keys, std::span<const std::string> arguments,
             const std::map<std::string, fleet::Hash>& before);
  std::uint64_t draw(std::uint64_t below) { return random_.next() % below; }

  sys::Random random_;
  fleet::LuaStore store_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::filesystem::path home_;
  Instant now_ = may(1);
  Tick tick_{1'000'000'000};
  std::int64_t organisation_ = 5'000, team_ = 3'000, each_key_ = 2'000;  // limits
  std::uint64_t next_key_ = 1;
  std::string broken_;
  FleetCounts counts_;
};

}  // namespace fleet_test
