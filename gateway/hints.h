#pragma once
// Request headers a policy may look at.
#include "gateway/client_facts.h"
#include "gateway/decide.h"
#include "gateway/net/head_reader.h"

namespace steelyard {

inline RequestHints hints_of(const net::RequestHead& head) {
  RequestHints hints;
  hints.session = head.value(net::RequestField::steelyard_session);
  hints.tags = head.value(net::RequestField::steelyard_tags);
  hints.task = head.value(net::RequestField::steelyard_task);
  hints.tier = head.value(net::RequestField::steelyard_tier);
  hints.client = client_facts(head);
  return hints;
}

class Session;
// Of a whole request: also its dialect, and what its path says.
RequestHints hints_of(const Session& session);

}  // namespace steelyard
