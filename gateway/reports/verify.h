#pragma once
// `steelyard ledger verify`: do the balances, the journal, the snapshots, the decision log and the
// read store tell one story, to the nano-dollar?
#include <cstdint>
#include <string>
#include <vector>

#include "config/types/result.h"
#include "gateway/reports/journal_trace.h"

namespace steelyard::reports {

struct VerifyOptions {
  std::string directory;               // of the ledger
  std::vector<std::string> decisions;  // files of the decision log; none: not compared
  std::string read_store;              // "": not compared
  // The text of a /metrics page of the process that runs, or ran last, taken while nothing was
  // under way; "": not compared.
  std::string metrics;
  Instant since;                     // requests that began earlier are not compared with the log
  std::size_t differences_max = 50;  // listed; all are counted
};

struct Difference {
  std::string what;     // "balance", "request", "journal", "read store", "metric"
  std::string subject;  // which one
  std::string text;     // both figures
};

struct VerifyReport {
  std::uint64_t records = 0, attempts = 0, open = 0, accounts = 0, windows = 0, snapshots = 0;
  std::uint64_t lines = 0, requests_compared = 0, lines_out_of_reach = 0, stored = 0;
  std::uint64_t metrics_compared = 0;
  bool complete = false;        // the journal is there from its first record on
  std::uint64_t recovered = 0;  // attempts whose end nobody saw, booked in full
  NanoUsd recovered_amount;
  std::uint64_t differences = 0;
  std::vector<Difference> listed;
  bool good() const { return differences == 0; }
};

// Fails when something cannot be read at all.
Result<VerifyReport> verify(const VerifyOptions& options);

std::string verify_text(const VerifyReport& report);
std::string verify_json(const VerifyReport& report);

}  // namespace steelyard::reports
