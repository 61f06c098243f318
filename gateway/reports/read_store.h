#pragma once
// The read store: an SQLite file for questions. Derived from the decision log and the ledger's
// directory, never the truth: delete it and `steelyard ledger rebuild` makes it again.
//
//   requests  one row a request            budgets  every window the books still hold
//   attempts  one row a try at a provider  sources  how far each log file has been read
//   tags      request, tag                 charges  a view: one row a try, with its request's
//   outcomes  one row a closed task   columns
//   fees      seats and packs of plans
//
// Money is integer nano-dollars, instants are nanoseconds since 1970.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/types/money.h"
#include "gateway/reports/sqlite.h"

namespace steelyard::reports {

struct StoreTotals {
  std::uint64_t requests = 0;
  Int128 spend = 0;
};

struct RefreshReport {
  std::uint64_t lines = 0;  // new ones
  std::uint64_t windows = 0;
};

class ReadStore {
 public:
  using Mode = Database::Mode;
  // Fails when the file is no read store, or one of another version.
  static Result<ReadStore> open(const std::string& path, Mode mode);
  // Removes the file (and what SQLite keeps beside it) first.
  static Result<ReadStore> rebuild(const std::string& path);

  // Reads what the files hold beyond what was read before (a file that was rotated is read from its
  // start; a request is never counted twice), and the balances of `directory` ("": none).
  Result<RefreshReport> refresh(const std::vector<std::string>& decisions,
                                const std::string& directory);
  Result<StoreTotals> totals();
  Database& database() { return database_; }

 private:
  explicit ReadStore(Database database) : database_(std::move(database)) {}
  Result<std::uint64_t> read_log(const std::string& path);
  Result<std::uint64_t> read_balances(const std::string& directory);
  // Lines of a file that only grows, from where it was read last; `write` takes one.
  Result<void> read_lines(const std::string& path,
                          const std::function<Result<void>(std::string_view)>& write);
  Result<void> read_outcomes(const std::string& directory);
  Result<void> read_fees(const std::string& directory);
  Result<void> tie_outcomes(std::int64_t newest_before);
  Result<std::int64_t> newest();  // row of `requests`

  Database database_;
};

}  // namespace steelyard::reports
