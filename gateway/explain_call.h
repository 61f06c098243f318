#pragma once
// POST /route/explain: the decision for a real body, with its reasons; nothing is sent or held.
#include "gateway/net/task.h"

namespace steelyard {

class Session;

net::Task<void> serve_explain(Session& session);

}  // namespace steelyard
