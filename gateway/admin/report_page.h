#pragma once
// GET /admin/report: what `steelyard report` prints, FOCUS included.
#include <string_view>

#include "gateway/admin/admin_listener.h"
#include "gateway/server_state.h"

namespace steelyard {

// ?by=team,model&where=team=search,tier=premium&from=yesterday&to=today&time_zone=Europe/Berlin
// &format=json|csv|table|focus (json if nothing is said). Made on the listener's helper thread: the
// read store is brought up to date first.
AdminReply report_page(const Server::State& state, std::string_view target);

}  // namespace steelyard
