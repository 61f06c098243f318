// What a request costs in telemetry, in instructions: run under `valgrind --tool=callgrind` with
// two counts and divide the difference. `telemetry_cost line 1000` formats log lines,
// `telemetry_cost record 1000` counts requests.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "gateway/telemetry/metrics.h"
#include "gateway/telemetry/receipt_json.h"
#include "tests/unit/telemetry/sample.h"

using namespace steelyard::telemetry;

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("telemetry_cost line|record COUNT\n", stderr), 2;
  const int count = std::atoi(argv[2]);
  Receipt receipt = test::typical();
  receipt.generation = 1;
  std::size_t bytes = 0;
  if (std::strcmp(argv[1], "line") == 0) {
    ReceiptFormatter formatter;
    for (int i = 0; i < count; ++i) bytes += formatter.format(receipt).size();
  } else {
    Metrics metrics(1);
    for (int i = 0; i < count; ++i) metrics.worker(0).record(receipt);
  }
  return std::printf("%zu bytes\n", bytes) < 0;
}
