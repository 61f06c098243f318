// steelyard_bench_micro: what single steps of the request path cost. `--benchmark_filter=decide`.
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
