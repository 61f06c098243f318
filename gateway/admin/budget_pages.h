#pragma once
// Budgets for operators:
//   GET  /admin/budgets
//   POST /admin/budgets/adjust?scope=acme/search&per=month&amount_nano_usd=-500&note=invoice
//   POST /admin/budgets/top-up  the same
//   POST /admin/budgets/reset   without an amount
//   POST /admin/budgets/set     amount_nano_usd is the new limit
//   POST /admin/budgets/approve lets the running window pass its next `require_approval` threshold
// `per` may be left out when the scope has one budget. The answer is the budget as it is then.
#include <string_view>

#include "gateway/admin/admin_listener.h"
#include "gateway/server_state.h"

namespace steelyard {

class JsonWriter;

// The budgets as an array, with pace and forecast.
void append_budgets(JsonWriter& json, const Server::State& state);

// The caller is authorised. `get`: the method; otherwise POST.
AdminReply budget_page(Server::State& state, bool get, std::string_view target);

// The value of `name` in a query, percent-decoded; "" when it is not there or badly encoded.
std::string query_value(std::string_view target, std::string_view name);

}  // namespace steelyard
