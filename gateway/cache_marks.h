#pragma once
// Whether a request asks its provider to keep parts of it in a prompt cache, and for how long.
#include "router/meter.h"

namespace steelyard {

namespace dialect {
struct ChatRequest;
}

// The longest-lived entry that the request may ask for (`cache_control`): what is written costs
// more than what is read, and must be held for. Looks only at what is neither text nor media: a
// resent history is not searched once more.
router::CacheWrites cache_marks(const dialect::ChatRequest& chat);

}  // namespace steelyard
