// What is written down about each request.
#include <benchmark/benchmark.h>

#include "gateway/telemetry/metrics.h"
#include "gateway/telemetry/receipt_json.h"
#include "tests/unit/telemetry/sample.h"

namespace steelyard::bench {
namespace {

void format_receipt(benchmark::State& state) {
  const telemetry::Receipt receipt = telemetry::test::typical();
  telemetry::ReceiptFormatter formatter;
  std::size_t bytes = 0;
  for (auto _ : state) bytes = formatter.format(receipt).size();
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}
BENCHMARK(format_receipt);

void count_in_metrics(benchmark::State& state) {
  const telemetry::Receipt receipt = telemetry::test::typical();
  telemetry::Metrics metrics(1);
  for (auto _ : state) metrics.worker(0).record(receipt);
}
BENCHMARK(count_in_metrics);

}  // namespace
}  // namespace steelyard::bench
