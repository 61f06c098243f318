#pragma once
// A fee of a plan, as the file beside the ledger keeps it: one JSON object a line.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/instant.h"
#include "config/types/money.h"

namespace steelyard::reports {

struct Fee {
  std::string organisation, team;
  std::string kind;        // "seats" or "packs"
  std::string what;        // packs: the quota's scope
  std::int64_t count = 0;  // seats, packs
  NanoUsd amount;          // of all of them
  Instant at;
};

std::string fee_line(const Fee& fee);
// False: it is none.
bool parse_fee_line(std::string_view line, Fee& out);
inline std::string fees_path(const std::string& ledger) {
  return ledger + "/fees.jsonl";
}

}  // namespace steelyard::reports
