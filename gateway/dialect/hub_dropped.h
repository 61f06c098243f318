#pragma once
// What a translation could not carry, for readers and writers of dialects.
#include "config/types/losses.h"

namespace steelyard::dialect::hub {

using steelyard::Dropped;
using steelyard::Loss;
using steelyard::losses_count;

}  // namespace steelyard::dialect::hub
