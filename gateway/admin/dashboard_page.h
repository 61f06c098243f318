#pragma once
// GET / and /dashboard: one page with its script and style inside, nothing from elsewhere. It holds
// no figures: it asks /admin/overview for them, with the admin token that its reader types.
#include <string_view>

#include "gateway/admin/admin_listener.h"

namespace steelyard {

AdminReply dashboard_page();

// dashboard.html, linked in (cmake/embed_page.cmake writes the definition).
std::string_view dashboard_html();
// What lets a browser run the page's own script and style, and nothing else.
std::string content_security_policy(std::string_view html);

}  // namespace steelyard
