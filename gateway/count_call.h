#pragma once
// POST /v1/messages/count_tokens and POST /v1beta/models/{model}:countTokens: asked of the model's
// own provider where that speaks the client's dialect; if it does not answer, and for all others,
// answered here: how many tokens a request is, with how sure that is in
// `x-steelyard-estimate-quality` (exact, calibrated or prior) and the bound that admission would
// use in `x-steelyard-estimated-tokens-max`.
#include "gateway/net/task.h"
#include "gateway/routes.h"

namespace steelyard {

class Session;

net::Task<void> serve_count(Session& session, Route route);

}  // namespace steelyard
