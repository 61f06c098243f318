#pragma once
// How a task ended, as the file beside the ledger keeps it: one JSON object a line.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/instant.h"
#include "config/types/money.h"

namespace steelyard::reports {

enum class TaskResult : std::uint8_t { success, failure, cancelled };
const char* name_of(TaskResult result);
bool parse_task_result(std::string_view text, TaskResult& out);

inline constexpr std::size_t task_bytes_max = 96;  // as the decision log keeps them
inline constexpr std::size_t outcome_note_bytes_max = 200;

struct Outcome {
  std::string organisation, team, key;  // who says so
  std::string task;                     // of that organisation; 1 to task_bytes_max bytes
  TaskResult result = TaskResult::success;
  NanoUsd value;     // what the result is worth; may be negative
  std::string note;  // in the client's words
  Instant closed;
};

// One line of the file, and back. False: it is none.
std::string outcome_line(const Outcome& outcome);
bool parse_outcome_line(std::string_view line, Outcome& out);
// Where they are kept, beside the journal.
inline std::string outcomes_path(const std::string& ledger) {
  return ledger + "/outcomes.jsonl";
}

}  // namespace steelyard::reports
