#pragma once
// POST /route/explain, or any request of a dialect with `x-steelyard-explain: true`: the decision
// for a real body, with its reasons; nothing is sent or held.
#include "gateway/net/head_reader.h"
#include "gateway/net/task.h"

namespace steelyard {

class Session;

bool wants_explanation(const net::RequestHead& head);
net::Task<void> serve_explain(Session& session);

}  // namespace steelyard
