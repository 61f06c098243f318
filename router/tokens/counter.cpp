#include "router/tokens/counter.h"

namespace steelyard::router {

const char* name_of(CountQuality quality) {
  switch (quality) {
    case CountQuality::exact: return "exact";
    case CountQuality::calibrated: return "calibrated";
    case CountQuality::prior: return "prior";
  }
  return "prior";
}

}  // namespace steelyard::router
