#pragma once
// What several writers of requests lose in the same way.
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"

namespace steelyard::dialect::hub {

// What a document says beside its content: that answers are to cite it, and what it is about.
inline void lose_settings(const Part& part, Dropped& dropped) {
  if (part.kind != PartKind::document) return;
  if (part.citations.find("true") != std::string_view::npos) dropped.add(Loss::citations);
  if (!part.arguments.empty()) dropped.add(Loss::documents);
}

// Several answers, where only one can be had. `behind`: "Anthropic's interface".
Result<void> refuse_choices(const Request& request, std::string_view behind);

// A field of the request that the target's dialect has no place for. `names`: where it is told how
// the client calls it; may be null.
void lose_extra(const Extra& extra, Dropped& dropped, LostFields* names);

}  // namespace steelyard::dialect::hub
