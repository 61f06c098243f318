#pragma once
// GET /v1/models and /v1/models/{model}, also below /v1beta: what this key may ask for, in the
// shape that the head of the request asks for (routes.h, client_wire).
#include "gateway/net/task.h"
#include "gateway/routes.h"

namespace steelyard {

class Session;

net::Task<void> serve_models(Session& session, Route route);

}  // namespace steelyard
