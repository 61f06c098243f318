#pragma once
// A receipt as one line of JSON: the decision log. Field names follow LiteLLM's spend log where it
// has one; money is integer nano-dollars (`_nano_usd`), instants are RFC 3339 with nanoseconds,
// UTC.
#include <cstddef>
#include <string_view>

#include "gateway/telemetry/receipt_fields.h"

namespace steelyard::telemetry {

struct Receipt;

inline constexpr std::size_t receipt_line_bytes_max = 4096;  // a line is one atomic write

// Formats into its own buffer; one per worker. Never fails: long texts are cut, and lists that do
// not fit are shortened with a `candidates_omitted`, `budgets_omitted` count. Valid UTF-8, control
// bytes escaped.
class ReceiptFormatter {
 public:
  // The line, LF included, at most receipt_line_bytes_max bytes. Valid until the next call.
  std::string_view format(const Receipt& receipt);

 private:
  ReceiptPieces pieces_;
  char buffer_[receipt_line_bytes_max +
               1024];  // one element may be written past the end before it is taken back
};

}  // namespace steelyard::telemetry
