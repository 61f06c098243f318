#pragma once
// What the admin listener answers: health, metrics, configuration, budgets, reload.
#include <string_view>

#include "gateway/admin/admin_listener.h"
#include "gateway/server_state.h"

namespace steelyard {

// /healthz and /readyz are open; /metrics is open on a loopback address; everything else needs the
// admin token, and without one configured is closed.
AdminReply admin_page(Server::State& state, net::Method method, std::string_view target,
                      std::string_view key);

// {"error":{"message":...}}
AdminReply problem(unsigned status, std::string_view text);

}  // namespace steelyard
