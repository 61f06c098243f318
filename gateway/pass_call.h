#pragma once
// /{provider}/...: any path a key may reach (pass_through.h), passed on as it is. Bodies stream
// both ways; the bill is a price per call, or the usage that the answer reports.
#include "gateway/net/task.h"

namespace steelyard {

class Session;

net::Task<void> serve_pass_through(Session& session);

}  // namespace steelyard
