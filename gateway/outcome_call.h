#pragma once
// POST /v1/outcomes: how a task ended, and what the result is worth. The task is one of the key's
// own organisation: ids of others mean nothing here.
//
//   {"task": "ticket-4711", "result": "success" | "failure" | "cancelled",
//    "value_usd": "12.50", "note": "..."}
//
// Answered when it is on the disk. The same again: the same answer, with "already": true. Another
// result or value for a closed task: 409.
#include "config/types/result.h"
#include "gateway/net/task.h"
#include "gateway/outcomes.h"

namespace steelyard {

class Session;

net::Task<void> serve_outcome(Session& session);

// Fills task, result, value and note. Fails with a clause that names the field.
Result<void> read_outcome(std::string_view body, Outcome& out);

}  // namespace steelyard
