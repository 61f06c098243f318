#include "gateway/dialect/hub.h"

#include <array>
#include <utility>

namespace steelyard::dialect::hub {
namespace {

constexpr std::array<std::string_view, 8> kEfforts = {"",       "none", "minimal", "low",
                                                      "medium", "high", "xhigh",   "max"};

}  // namespace

void Request::clear() {
  // The vectors keep their memory; everything else becomes new.
  Request fresh;
  fresh.messages = std::move(messages);
  fresh.parts = std::move(parts);
  fresh.nested = std::move(nested);
  fresh.tools = std::move(tools);
  fresh.stops = std::move(stops);
  fresh.extras = std::move(extras);
  fresh.kept_items = std::move(kept_items);
  fresh.messages.clear();
  fresh.parts.clear();
  fresh.nested.clear();
  fresh.tools.clear();
  fresh.stops.clear();
  fresh.extras.clear();
  fresh.kept_items.clear();
  unknown.clear();
  fresh.unknown = std::move(unknown);
  pairs.clear();
  fresh.pairs = std::move(pairs);
  *this = std::move(fresh);
}

Effort effort_named(std::string_view name) {
  for (std::size_t i = 1; i < kEfforts.size(); ++i)
    if (kEfforts[i] == name) return static_cast<Effort>(i);
  return Effort::unset;
}

std::string_view name_of(Effort effort) {
  return kEfforts[static_cast<std::size_t>(effort)];
}

}  // namespace steelyard::dialect::hub
