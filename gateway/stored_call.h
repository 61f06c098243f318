#pragma once
// GET and DELETE /v1/responses/{id}, GET .../input_items, POST .../cancel: passed on to the target
// that keeps the answer, for those who made it only (kept_answers.h). Costs nothing.
#include "gateway/net/task.h"

namespace steelyard {

class Session;

net::Task<void> serve_stored(Session& session);

}  // namespace steelyard
