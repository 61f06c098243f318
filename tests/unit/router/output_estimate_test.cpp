#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "router/output_estimate.h"

using steelyard::router::OutputEstimateOptions;
using steelyard::router::OutputEstimates;
using steelyard::router::OutputLength;

TEST_CASE("output lengths: the prior before evidence, what is near before what is far") {
  OutputEstimates lengths;
  CHECK(lengths.estimate(1, 1).mean == 600);
  CHECK(lengths.mean(1, 1) == 600);
  CHECK(lengths.estimate(1, 1).evidence == 0);
  for (int i = 0; i < 400; ++i) lengths.observe(1, 7, 3'000);
  CHECK(lengths.mean(1, 7) > 2'950);
  CHECK(lengths.mean(1, 7) <= 3'000);
  CHECK(lengths.mean(2, 7) > 2'900);  // a new route leans on the model
  CHECK(lengths.mean(1, 8) > 2'900);  // a model nobody tried there: as the others on the route
  CHECK(lengths.mean(2, 8) == 600);   // neither is known
  for (int i = 0; i < 400; ++i) lengths.observe(2, 7, 50);
  CHECK(lengths.mean(2, 7) < 100);
  CHECK(lengths.mean(1, 7) > 2'900);
  CHECK(lengths.estimate(2, 7).mean == lengths.mean(2, 7));
}

TEST_CASE("output lengths: mean and p95 of a heavy tail") {
  OutputEstimates lengths;
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> answers(5.5, 1.0);
  for (int i = 0; i < 20'000; ++i) lengths.observe(3, 3, std::llround(answers(random)));
  const OutputLength estimate = lengths.estimate(3, 3);
  const double mean = std::exp(5.5 + 0.5), p95 = std::exp(5.5 + 1.645);
  CHECK(static_cast<double>(estimate.mean) == doctest::Approx(mean).epsilon(0.25));
  CHECK(static_cast<double>(estimate.p95) == doctest::Approx(p95).epsilon(0.25));
}

TEST_CASE("output lengths: the old is forgotten") {
  OutputEstimates lengths({64, 50, 600, 4});
  for (int i = 0; i < 1'000; ++i) lengths.observe(1, 1, 4'000);
  for (int i = 0; i < 50; ++i) lengths.observe(1, 1, 200);
  const std::int64_t half_way = lengths.mean(1, 1);  // one half-life later
  CHECK(half_way > 1'900);
  CHECK(half_way < 2'300);
  for (int i = 0; i < 500; ++i) lengths.observe(1, 1, 200);
  CHECK(lengths.mean(1, 1) < 230);
  for (int i = 0; i < 100'000; ++i) lengths.observe(1, 1, 200);  // past many rescalings
  CHECK(lengths.mean(1, 1) == doctest::Approx(225).epsilon(0.15));
  CHECK(lengths.estimate(1, 1).p95 < 300);
}

TEST_CASE("output lengths: bounded, whatever comes") {
  OutputEstimates lengths({64, 50, 600, 4});
  for (std::uint64_t i = 0; i < 50'000; ++i)
    lengths.observe(i, i % 300, static_cast<std::int64_t>(i));
  CHECK(lengths.entries() <= 64);
  lengths.observe(5, 5, INT64_MAX);
  lengths.observe(5, 5, -1);
  lengths.observe(5, 5, 0);
  CHECK(lengths.mean(5, 5) >= 0);
  CHECK(lengths.estimate(5, 5).p95 <= std::int64_t{1} << 22);
}

TEST_CASE("output estimate: means of a route are the means of its pairs") {
  OutputEstimateOptions options;
  options.entries = 64;  // small, so that pairs are pushed out
  OutputEstimates outputs(options);
  std::mt19937_64 random(11);
  int compared = 0;
  for (int round = 0; round < 400; ++round) {
    for (int i = 0; i < 3; ++i)
      outputs.observe(random() % 12, 1 + random() % 20,
                      static_cast<std::int64_t>(random() % 5'000));
    const std::uint64_t route = random() % 12;
    const auto means = outputs.means_of(route);
    for (std::uint64_t model = 0; model < 24; ++model, ++compared)
      // Some share a cell: the place is taken modulo the length of the row.
      REQUIRE(means.mean(model % 7 * 128 + model % 5, model) == outputs.mean(route, model));
  }
  CHECK(compared == 9'600);
}
