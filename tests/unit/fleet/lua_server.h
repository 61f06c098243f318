#pragma once
// The fleet's store without a store: the very scripts, run by Lua 5.1 (as Redis runs them) on
// hashes in memory. A test sets its clock, makes it restart or forget, loses answers, and lets
// calls arrive late.
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gateway/fleet/server.h"

struct lua_State;

namespace steelyard::fleet {

using Hash = std::map<std::string, std::string>;

class LuaStore {
 public:
  LuaStore();
  ~LuaStore();
  LuaStore(const LuaStore&) = delete;
  LuaStore& operator=(const LuaStore&) = delete;

  Result<std::vector<std::string>> run(const Script& script, std::span<const std::string> keys,
                                       std::span<const std::string> arguments);
  std::int64_t number(const std::string& key, const std::string& field) const;
  std::vector<std::string> windows() const;  // keys
  void restart() { run_name = "run-" + std::to_string(++restarts_); }

  std::map<std::string, Hash> hashes;
  std::int64_t now_ms = 1'000'000;
  std::string run_name = "run-0";
  std::uint64_t calls = 0;
  // After each sync: its keys and arguments, and the hashes as they were before.
  std::function<void(std::span<const std::string>, std::span<const std::string>,
                     const std::map<std::string, Hash>&)>
      watch;

 private:
  static int call(lua_State* lua);
  int command(lua_State* lua);

  lua_State* lua_;
  int restarts_ = 0;
};

// A link of one replica to it, with faults.
class Link final : public Server {
 public:
  enum class Fault : std::uint8_t { none, call_lost, answer_lost, late };

  explicit Link(LuaStore& store) : store_(store) {}
  Result<std::vector<std::string>> run(const Script& script, std::span<const std::string> keys,
                                       std::span<const std::string> arguments) override;
  Result<std::string> run_name() override;
  Result<std::vector<std::string>> keys(const std::string& prefix) override;
  // Calls that were given up and arrive now.
  void deliver_late();
  bool any_late() const { return !late_.empty(); }

  Fault next = Fault::none;  // of the next call only
  bool down = false;

 private:
  LuaStore& store_;
  std::deque<std::function<void()>> late_;
};

}  // namespace steelyard::fleet
