#pragma once
// A request for chat, completions or embeddings with an `idempotency-key`: answered once, however
// often it is asked. What passes through is the provider's to repeat.
#include "gateway/net/task.h"

namespace steelyard {

class Session;

// Whether the request wants it, and the gateway keeps such keys.
bool asks_once(Session& session);
net::Task<void> serve_once(Session& session);

}  // namespace steelyard
