#pragma once
// What several writers of requests lose in the same way.
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"

namespace steelyard::dialect::hub {

// What a document says beside its content: that answers are to cite it, and what it is about.
inline void lose_settings(const Part& part, Dropped& dropped) {
  if (part.kind != PartKind::document) return;
  if (part.citations.find("true") != std::string_view::npos) dropped.add(Loss::citations);
  if (!part.arguments.empty()) dropped.add(Loss::documents);
}

}  // namespace steelyard::dialect::hub
