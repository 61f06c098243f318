#pragma once
// Which target served a conversation last, and how much of it that may still have in its cache. One
// for the whole process: a client's next turn may come on another connection, to another worker. A
// fixed table, the newest entry of a place wins. Safe from all workers. Kept in a file over a
// restart, for conversations whose signed parts belong to who served them.
#include <cstdint>
#include <memory>
#include <string>

#include "config/types/instant.h"

namespace steelyard {

class SessionMemory {
 public:
  static constexpr std::int64_t warm_ms = 300'000;  // providers keep a prefix about 5 minutes
  // What a provider signed or encrypted is bound to it for as long as the conversation goes on.
  static constexpr std::int64_t bound_ms = 86'400'000;

  struct Turn {
    std::uint64_t target = 0;  // Runtime::target_hashes; 0: not known
    std::int64_t tokens = 0;   // input of that turn; find() says 0 once the cache is cold
    // StateMakers::name_of: whose key served it, with which model; 0: not known.
    std::uint32_t maker = 0;
    // Of its messages, so many from the beginning may hold what others signed: it moved.
    std::int32_t foreign_messages = 0;
  };

  SessionMemory();
  ~SessionMemory();

  // Reads the file; damaged or of another version: a log line, and nothing is known. Before workers
  // start. "": nothing is kept. `now` and `unix_second` are one moment by two clocks.
  void open(std::string path, Tick now, std::int64_t unix_second);
  // Writes it if anything changed since; atomic by rename. Once a minute and at the end.
  void save(Tick now, std::int64_t unix_second);

  // `key`: of the session, never 0.
  void remember(std::uint64_t key, Turn turn, Tick now);
  // Of a turn that ended at most `within_ms` ago.
  Turn find(std::uint64_t key, Tick now, std::int64_t within_ms = warm_ms) const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace steelyard
