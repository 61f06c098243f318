#pragma once
// Which target served a conversation last, and how much of it that may still have in its cache. One
// for the whole process: a client's next turn may come on another connection, to another worker. A
// fixed table, the newest entry of a place wins. Safe from all workers.
#include <cstdint>
#include <memory>

#include "config/types/instant.h"

namespace steelyard {

class SessionMemory {
 public:
  static constexpr std::int64_t warm_ms = 300'000;  // providers keep a prefix about 5 minutes
  // Where a conversation was is worth knowing for longer, if it may hold state of who served it.
  static constexpr std::int64_t bound_ms = 86'400'000;

  struct Turn {
    std::uint64_t target = 0;  // Runtime::target_hashes; 0: not known
    std::int64_t tokens = 0;   // input of that turn; find() says 0 once the cache is cold
  };

  SessionMemory();
  ~SessionMemory();

  // `key`: of the session, never 0.
  void remember(std::uint64_t key, Turn turn, Tick now);
  // Of a turn that ended at most `within_ms` ago.
  Turn find(std::uint64_t key, Tick now, std::int64_t within_ms = warm_ms) const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace steelyard
