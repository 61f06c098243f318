#pragma once
// A request of OpenAI's Responses may refer to what a provider keeps: who keeps it, and whether it
// belongs to who asks.
#include "config/types/result.h"

namespace steelyard {

class Worker;
struct Decision;
struct Principal;
struct Runtime;

// Sets d.kept_at, if the worker's hub_request refers to such a thing. Fails with not_kept for what
// another team made, or nobody here remembers: all keys share the provider's account, so knowing an
// id is not enough.
Result<void> find_keeper(Worker& worker, const Runtime& runtime, const Principal& principal,
                         Decision& d);

}  // namespace steelyard
