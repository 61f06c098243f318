#pragma once
// GET /admin/fleet: this replica, the store, and what it was granted of each budget.
// POST /admin/fleet/forget?replica=NAME: a replica that will not come back.
#include <string_view>

#include "gateway/admin/admin_listener.h"
#include "gateway/server_state.h"

namespace steelyard {

AdminReply fleet_page(Server::State& state, bool get, std::string_view target);

}  // namespace steelyard
