#pragma once
// Short words for ledger tests.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "router/ledger/ledger.h"
#include "router/ledger/zone.h"

namespace ledger_test {

using namespace steelyard;
using namespace steelyard::router;

inline BudgetSpec budget(std::int64_t limit, WindowKind per = WindowKind::lifetime) {
  BudgetSpec out;
  out.limit = {limit};
  out.per = per;
  return out;
}

inline Threshold at(std::int32_t percent, ThresholdAction action, const char* tier = "") {
  Threshold out;
  out.percent = percent;
  out.action = action;
  out.max_tier = tier;
  return out;
}

inline AttemptKey key(std::uint64_t n, std::uint8_t attempt = 0) {
  return {{n, ~n}, attempt};
}

// 2026-05-DD HH:MM UTC.
inline Instant may(int day, int hour = 12, int minute = 0) {
  return Instant::from_seconds(days_from_civil({2026, 5, 1}) * 86'400 + (day - 1) * 86'400 +
                               hour * 3600 + minute * 60);
}

// A ledger with one account per limit.
struct Bench {
  explicit Bench(const std::vector<AccountSpec>& specs) { ids = *ledger.configure(specs, zones); }
  explicit Bench(const std::vector<BudgetSpec>& budgets) {
    std::vector<AccountSpec> specs;
    for (std::size_t i = 0; i < budgets.size(); ++i)
      specs.push_back({"level" + std::to_string(i), budgets[i]});
    ids = *ledger.configure(specs, zones);
  }
  ReserveOutcome reserve(std::uint64_t n, std::int64_t amount, Instant now = may(1),
                         Tick lease = {1'000}) {
    return ledger.reserve({key(n), ids, {amount}, now, lease});
  }
  AccountView view(std::size_t account = 0, Instant now = may(1)) const {
    return ledger.view(ids[account], now);
  }
  ZoneTable zones;
  Ledger ledger;
  std::vector<AccountId> ids;
};

// A directory of its own, removed at the end.
struct TemporaryDirectory {
  TemporaryDirectory() {
    std::string name =
        (std::filesystem::temp_directory_path() / "steelyard-ledger-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

}  // namespace ledger_test
