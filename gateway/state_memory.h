#pragma once
// Who made the signed and encrypted parts of answers: so that they go back to their maker, wherever
// a client sends them from. One for the whole process, of fixed size: of those that share a place
// the oldest goes. Safe from all workers. Kept in a file over a restart.
#include <cstdint>
#include <memory>
#include <string>

#include "config/types/instant.h"

namespace steelyard {

class StateMemory {
 public:
  // What a provider signed is bound to it for as long as the conversation goes on.
  static constexpr std::int64_t bound_s = 86'400;

  StateMemory();
  ~StateMemory();

  // Reads the file; damaged or of another version: a log line, and nothing is known. Before workers
  // start. "": nothing is kept.
  void open(std::string path, Instant now);
  // Writes it if anything changed since; atomic by rename. Once a minute and at the end.
  void save(Instant now);

  // `state`: dialect::state_hash, never 0; `maker`: StateMakers::id_of, never 0.
  void remember(std::uint64_t state, std::uint64_t maker, Instant now);
  // 0: not known, or too long ago.
  std::uint64_t maker_of(std::uint64_t state, Instant now) const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace steelyard
