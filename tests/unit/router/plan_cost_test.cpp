// What a plan costs the hot path: no allocation, and microseconds.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <new>

#include "specs.h"

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define STEELYARD_FOREIGN_ALLOCATOR  // that build has one of its own: nothing is counted
#endif
#endif

namespace {
std::size_t allocations = 0;  // this test program has one thread
}
#ifndef STEELYARD_FOREIGN_ALLOCATOR
// Not inlined: g++ 12 would take the pair for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
// std::stable_sort's, whose memory goes to the delete below.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#endif

using namespace steelyard;
using namespace steelyard::router;

TEST_CASE("plan: 20 candidates cost microseconds and no allocation") {
  GatewaySpec spec = market();
  spec.models.clear();
  spec.providers = {provider_spec("p", {"m*"})};
  for (int i = 0; i < 20; ++i)
    spec.models.push_back(
        model_spec(("m" + std::to_string(i)).c_str(), rates(100 + i * 37, 500 + i * 111, 10), 60));
  Bench bench(spec);
  for (const Model& model : bench.catalog.models())
    for (int k = 0; k < 50; ++k) bench.outputs.observe(1, model.id, 300 + k);
  bench.verdict.route = 1;
  bench.verdict.escalate_on = 3;
  PlanInput input = bench.input();
  input.every_candidate = false;
  const WarmCache warm[] = {{3, 800}};
  for (const bool session : {false, true}) {
    if (session) input.warm = warm;
    input.warm_target = session ? 3 : no_target;
    bench.run(input);
    const std::size_t before = allocations;
    constexpr int rounds = 2'000;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; ++i) bench.run(input);
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                        std::chrono::steady_clock::now() - start)
                        .count() /
                    rounds;
    const std::size_t allocated = allocations - before;
    CHECK(allocated == 0);
    CHECK(bench.plan.attempt_count == 4);
    CHECK(ns < 500'000);  // generous: sanitizers and busy machines
    MESSAGE("plan, 20 candidates", std::string(session ? ", in a session: " : ": "), ns, " ns");
  }
}
