#pragma once
// POST /v1/embeddings, and Gemini's :embedContent and :batchEmbedContents: to a provider of either
// shape that serves the model asked for. Another provider of the same model may step in, another
// model never: their vectors mean different things.
#include "gateway/net/task.h"

namespace steelyard {

class Session;

net::Task<void> serve_embeddings(Session& session);

}  // namespace steelyard
