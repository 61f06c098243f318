#pragma once
// Between tables_price.cpp and tables_catalog.cpp.
#include <vector>

#include "config/binder.h"
#include "config/price_draft.h"

namespace steelyard {

const Table<PeriodDraft>& period_table();
void append_price_parts(std::vector<TableInfo>& out);

}  // namespace steelyard
