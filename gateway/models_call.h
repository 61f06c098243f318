#pragma once
// GET /v1/models and /v1/models/{model}: what this key may ask for.
#include "gateway/net/task.h"
#include "gateway/routes.h"

namespace steelyard {

class Session;

net::Task<void> serve_models(Session& session, Route route);

}  // namespace steelyard
