#pragma once
// GET /admin/overview: what the dashboard shows, as one JSON object.
#include "gateway/admin/admin_listener.h"
#include "gateway/server_state.h"

namespace steelyard {

// Budgets with pace and forecast, figures of this process since its start, models, and the last
// lines of the decision log as they are.
AdminReply overview_page(const Server::State& state);

}  // namespace steelyard
