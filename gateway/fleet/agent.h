#pragma once
// The thread that talks to the fleet's store: at every beat, and at once when a request waits for
// room. Requests ask it only when their own process's room did not suffice.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/spec/fleet_spec.h"
#include "config/types/money.h"
#include "config/types/result.h"
#include "gateway/fleet/server.h"
#include "gateway/store/books.h"

namespace steelyard::sys {
class Clock;
}

namespace steelyard::fleet {

enum class Answer : std::uint8_t {
  try_again,    // there may be room now
  none,         // there is none, or nobody gave any in time
  unreachable,  // nobody can say: the store does not answer
};

// A request that waits. From ask() until its answer, or until it is withdrawn, it stays in place.
struct Asking {
  store::Chain chain;
  NanoUsd amount;
  void (*done)(void* context, Answer answer) = nullptr;  // on the agent's thread, once per ask()
  void* context = nullptr;
  Tick until;  // set by the first ask(); later ones wait no longer
  std::uint64_t number = 0;
};

struct AgentStatus {
  std::string replica;
  bool reachable = false;  // heard within the last lease
  bool learning = false;   // the store was restarted and grants nothing yet
  std::string error;       // of the last call that failed, while it does
  std::int64_t live = 0;   // replicas that were heard of within a lease, this one included
  std::uint64_t calls = 0, failures = 0;
  std::uint64_t waited = 0, granted = 0, refused = 0, unanswered = 0;  // requests
};

class Agent {
 public:
  // `directory`: the ledger's; keeps who this replica is. `server`: null: the one of `spec`.
  // Waits for the first answer of the store, for a call's time at most; without one it goes on
  // trying. Fails when the name is another directory's, or the directory cannot be written.
  static Result<std::unique_ptr<Agent>> open(const FleetSpec& spec, const std::string& directory,
                                             store::Books& books, const sys::Clock& clock,
                                             std::unique_ptr<Server> server = nullptr);
  ~Agent();  // as stop()
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // From any thread. Answers at once (none, unreachable), or later through `asking.done`.
  std::optional<Answer> ask(Asking& asking);
  // The request found room, or gave up: its place is nobody's any more. After it `done` is not
  // called. It may not be called from `done`.
  void withdraw(Asking& asking);
  // Room for `amount` will be wanted soon: tries to have it here. Never waits.
  void prepare(const store::Chain& chain, NanoUsd amount);

  // Answers who waits, gives back what is not used, ends the thread. Once nothing is under way.
  void stop();
  // A replica that will not come back: all that it was granted counts as spent. How much that was
  // more than it had said. From any thread; blocks.
  Result<NanoUsd> forget(const std::string& replica);

  AgentStatus status() const;
  // False: requests that a budget limits are refused, since nobody can say what others spend.
  bool ready() const;

 private:
  struct State;
  explicit Agent(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace steelyard::fleet
