#pragma once
// What a provider says of one key says nothing of its others: that key rests, and they carry on.
#include <cstddef>
#include <cstdint>

#include "config/types/instant.h"
#include "gateway/dialect/fault.h"

namespace steelyard {

struct Serving;

// After an error of this class for a request with key number `key` of a provider (index into
// Runtime::providers): refused and out of money rest for ten minutes, limited as long as `hint_ms`
// asks (-1: it does not; then as a breaker). True: it was about the key, and another one does not
// rest. A provider's only key never rests.
bool rest_key(Serving& serving, std::size_t provider, std::size_t key, dialect::FaultClass cls,
              std::int64_t hint_ms, Tick now);

}  // namespace steelyard
