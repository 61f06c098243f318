#include "gateway/telemetry/metrics.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <thread>

#include "gateway/telemetry/metrics_tables.h"
#include "tests/unit/telemetry/sample.h"

using namespace steelyard;
using namespace steelyard::telemetry;

namespace {

constexpr std::size_t chat = static_cast<std::size_t>(CallType::chat_completions);
constexpr std::size_t openai = static_cast<std::size_t>(WireDialect::openai);

template <class Histogram>
std::int64_t count(const Histogram& h) {
  std::int64_t sum = 0;
  for (const Counter& bucket : h.buckets) sum += bucket.read();
  return sum;
}

}  // namespace

TEST_CASE("histogram: a value at a bound belongs to it, one more does not") {
  using H = Histogram<10, 4>;  // 10, 20, 40, 80, above
  struct Row {
    std::int64_t value;
    std::size_t bucket;
  };
  for (const Row& row :
       {Row{-5, 0}, Row{0, 0}, Row{1, 0}, Row{10, 0}, Row{11, 1}, Row{20, 1}, Row{21, 2},
        Row{40, 2}, Row{41, 3}, Row{80, 3}, Row{81, 4}, Row{INT64_MAX, 4}}) {
    CAPTURE(row.value);
    H h;
    h.observe(row.value);
    CHECK(h.buckets[row.bucket].read() == 1);
    CHECK(count(h) == 1);
    CHECK(h.sum.read() == (row.value < 0 ? 0 : row.value));
  }
  static_assert(RequestSeconds::bound(0) == 10'000'000 &&
                RequestSeconds::bound(13) == 81'920'000'000);
  static_assert(OverheadSeconds::bound(0) == 10'000 && OverheadSeconds::bound(14) == 163'840'000);
}

TEST_CASE("metrics: a request that failed over is counted where it belongs") {
  Metrics metrics(1);
  const ProviderId openai_id = metrics.labels().provider("openai"),
                   anthropic_id = metrics.labels().provider("anthropic");
  const TargetId luna = metrics.labels().target("openai", "gpt-6-luna");
  const TargetId sonnet = metrics.labels().target("anthropic", "claude-sonnet-5");
  const PolicyId rule = metrics.labels().policy("short-questions");

  Receipt r = test::typical();
  r.policy_id = rule;
  r.target = sonnet;
  ReceiptAttempt answered = r.attempts[0];
  r.attempts.clear();
  ReceiptAttempt& first = *r.attempts.add();
  first.target = luna;
  first.provider_id = openai_id;
  first.failed = true;
  first.error = ErrorKind::upstream_status;
  first.status = 529;
  answered.target = sonnet;
  answered.provider_id = anthropic_id;
  r.attempts.add(answered);
  r.retries = 1;
  metrics.worker(0).record(r);

  const MetricsTables& t = metrics.worker(0).tables();
  CHECK(t.requests[openai][chat][0].read() == 1);
  CHECK(t.duration[0].sum.read() == r.durations.total);
  CHECK(t.overhead.sum.read() == r.durations.overhead);
  CHECK(t.targets[luna].attempts[1 + static_cast<std::size_t>(ErrorKind::upstream_status)].read() ==
        1);
  CHECK(t.targets[luna].cost.read() == 0);
  const TargetCounters& served = t.targets[sonnet];
  CHECK(served.attempts[0].read() == 1);
  CHECK(served.input.read() == 3820 - 2048 - 512);
  CHECK(served.input_cached.read() == 2048);
  CHECK(served.input_cache_write.read() == 512);
  CHECK(served.output.read() == 377 - 120);
  CHECK(served.output_reasoning.read() == 120);
  CHECK(served.cost.read() == 12'345'678);
  CHECK(served.first_token.sum.read() == r.durations.ttft);
  CHECK(t.failovers[openai_id][anthropic_id].read() == 1);
  CHECK(t.failovers[anthropic_id][openai_id].read() == 0);
  CHECK(t.policies[rule][0].read() == 1);
  CHECK(t.retries.read() == 1);
  CHECK(t.saved.read() == 81'111'111);
  CHECK(t.inter_token.sum.read() == (r.durations.total - r.durations.ttft) / 376);
  CHECK(served.estimate_error[0].sum.read() == 9 * 1'000'000 / 3820);
  CHECK(served.estimate_error[1].empty());
}

TEST_CASE("metrics: refusals, aborts, odd figures") {
  Metrics metrics(1);
  WorkerMetrics& worker = metrics.worker(0);
  const MetricsTables& t = worker.tables();

  Receipt denied;
  denied.failed = true;
  denied.error = ErrorKind::forbidden;
  denied.policy = "no-mondays";
  denied.policy_id = metrics.labels().policy("no-mondays");
  worker.record(denied);
  CHECK(t.policies[denied.policy_id][1].read() == 1);
  CHECK(t.requests[0][0][1 + static_cast<std::size_t>(ErrorKind::forbidden)].read() == 1);
  CHECK(count(t.duration[static_cast<std::size_t>(RequestEnd::failure)]) == 1);

  Receipt gone = test::typical();
  gone.client_abort = ClientAbort::mid_stream;
  gone.durations.total = gone.durations.ttft - 1;  // clocks of two steps may disagree
  gone.target = 9999;  // no such number: counted as _other, never out of bounds
  gone.attempts[0].target = 60'000;
  gone.policy_id = 50'000;
  worker.record(gone);
  CHECK(t.aborted_mid_stream.read() == 1);
  CHECK(t.aborted_early.read() == 0);
  CHECK(count(t.duration[static_cast<std::size_t>(RequestEnd::aborted)]) == 1);
  CHECK(t.targets[other_label].first_token.sum.read() == gone.durations.ttft);
  CHECK(t.targets[other_label].cost.read() == 12'345'678);
  CHECK(t.policies[other_label][0].read() == 1);
  CHECK(t.inter_token.sum.read() == 0);
}

TEST_CASE("labels: numbers are stable, sets are closed") {
  Labels labels;
  const ProviderId first = labels.provider("openai");
  CHECK(first != other_label);
  CHECK(labels.provider("anthropic") != first);
  CHECK(labels.provider("openai") == first);
  CHECK(labels.provider("") == other_label);
  CHECK(labels.target("a", "m") != labels.target("b", "m"));
  CHECK(labels.target("a", "m") == labels.target("a", "m"));
  for (int i = 0; i < 2000; ++i) {
    (void)labels.provider("p" + std::to_string(i));
    (void)labels.target("p", "m" + std::to_string(i));
    (void)labels.policy("r" + std::to_string(i));
  }
  CHECK(labels.provider("one-more") == other_label);
  CHECK(labels.target("p", "one-more") == other_label);
  CHECK(labels.policy("one-more") == other_label);
  CHECK(labels.provider("openai") == first);
  CHECK(labels.providers().size() == providers_max);
  CHECK(labels.targets().size() == targets_max);
  CHECK(labels.policies().size() == policies_max);
  CHECK(labels.providers()[0] == "_other");
}

TEST_CASE("metrics: workers write while a scrape reads; the sum is exact in the end") {
  constexpr int requests = 2000;
  Metrics metrics(2);
  std::atomic<bool> done{false}, sane{true};
  std::thread scraper([&] {
    while (!done.load()) {
      const auto total = std::make_unique<MetricsTables>();
      for (std::size_t w = 0; w < metrics.workers(); ++w) merge(*total, metrics.worker(w).tables());
      if (total->requests[openai][chat][0].read() > 2 * requests) sane.store(false);
    }
  });
  std::thread workers[2];
  for (std::size_t w = 0; w < 2; ++w)
    workers[w] = std::thread([&metrics, w] {
      const Receipt r = test::typical();
      for (int i = 0; i < requests; ++i) metrics.worker(w).record(r);
    });
  for (std::thread& worker : workers) worker.join();
  done.store(true);
  scraper.join();
  CHECK(sane.load());
  MetricsTables total;
  for (std::size_t w = 0; w < metrics.workers(); ++w) merge(total, metrics.worker(w).tables());
  CHECK(total.requests[openai][chat][0].read() == 2 * requests);
  CHECK(total.targets[other_label].cost.read() == 2LL * requests * 12'345'678);
  CHECK(count(total.overhead) == 2 * requests);
}

TEST_CASE("breakers: the worker that sees it worst is shown, until it says otherwise") {
  Metrics metrics(2);
  const TargetId luna = metrics.labels().target("openai", "luna");
  const TargetId terra = metrics.labels().target("openai", "terra");
  const auto state = [&](TargetId target, std::int64_t now) {
    return metrics.breaker(target, Tick{now});
  };
  using enum BreakerState;
  CHECK(state(luna, 5) == closed);
  std::array<Tick, targets_max> first{}, second{};
  first[luna] = Tick{100};
  second[luna] = Tick{50};
  second[terra] = Tick{70};
  metrics.worker(0).breakers_changed(first);
  metrics.worker(1).breakers_changed(second);
  CHECK(state(luna, 5) == open);
  CHECK(state(luna, 99) == open);  // the second one is half open already
  CHECK(state(luna, 100) == half_open);
  CHECK(state(terra, 69) == open);
  CHECK(state(terra, 70) == half_open);
  metrics.worker(0).breakers_changed({});
  CHECK(state(luna, 60) == half_open);
  metrics.worker(1).breakers_changed(std::array<Tick, 1>{});  // short: the rest is closed
  CHECK(state(luna, 60) == closed);
  CHECK(state(terra, 5) == closed);
  CHECK(state(targets_max, 5) == closed);  // no such label: `_other`
}
