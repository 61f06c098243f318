#pragma once
// What a provider of OpenAI's Responses keeps, under /v1/responses/{id} and /v1/conversations:
// shown, changed and deleted at the provider that keeps it, by the team that made it only
// (kept_answers.h). Costs nothing.
#include "gateway/net/task.h"

namespace steelyard {

class Session;

net::Task<void> serve_stored(Session& session);

}  // namespace steelyard
