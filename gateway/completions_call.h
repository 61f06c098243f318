#pragma once
// POST /v1/completions, the legacy one: passed to a provider of OpenAI's Chat that serves the model
// asked for, bytes as they are, held and settled. No other dialect has it.
#include "gateway/net/task.h"

namespace steelyard {

class Session;

net::Task<void> serve_completions(Session& session);

}  // namespace steelyard
