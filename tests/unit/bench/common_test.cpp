// Histogram, answers, addresses, and what the upstream reads of a request.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/bench/common/answers.h"
#include "tests/bench/common/histogram.h"
#include "tests/bench/common/loopback.h"
#include "tests/bench/upstream/request.h"

using namespace steelyard::bench;

TEST_CASE("percentiles are within 0.8 % of the exact ones, from nanoseconds to hours") {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> durations(12, 4);
  Histogram histogram;
  std::vector<std::int64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    all.push_back(static_cast<std::int64_t>(durations(random)));
    histogram.add(all.back());
  }
  std::sort(all.begin(), all.end());
  for (const double fraction : {0.0001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * 20'000)) - 1;
    const auto exact = static_cast<double>(all[rank]);
    CAPTURE(fraction);
    CHECK(static_cast<double>(histogram.percentile(fraction)) >= exact);
    CHECK(static_cast<double>(histogram.percentile(fraction)) <= exact * 1.008 + 1);
  }
  CHECK(histogram.max() == all.back());
  CHECK(histogram.count() == all.size());
}

TEST_CASE("a histogram takes nothing, negative and the largest durations") {
  Histogram histogram;
  CHECK(histogram.percentile(0.5) == 0);
  histogram.add(-5);
  CHECK(histogram.percentile(1) == 0);
  histogram.add(INT64_MAX);
  CHECK(histogram.percentile(1) == INT64_MAX);
}

TEST_CASE("a completion is as long as asked") {
  for (const std::size_t bytes : {400u, 1100u, 100'000u}) CHECK(completion(bytes).size() == bytes);
}

TEST_CASE("only addresses of this machine") {
  const struct {
    const char* text;
    bool allowed;
  } rows[] = {{"8080", true},
              {"127.0.0.1:80", true},
              {"127.9.8.7:65535", true},
              {"10.0.0.1:80", false},
              {"0.0.0.0:80", false},
              {"localhost:80", false},
              {"127.0.0.1:0", false},
              {"127.0.0.1", false},
              {"127.0.0.1:65536", false},
              {"127.0.0.1:80x", false},
              {"", false},
              {"[::1]:80", false},
              {"128.0.0.1:80", false},
              {"127.0.0.1.1:80", false}};
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(loopback(row.text).has_value() == row.allowed);
  }
}

TEST_CASE("the upstream finds the end of requests") {
  const struct {
    const char* text;
    Completeness state;
    std::size_t bytes;
  } rows[] = {
      {"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}", Completeness::whole, 40},
      {"POST / HTTP/1.1\r\nA: b\r\nContent-Length:2\r\n\r\n{}POST", Completeness::whole, 45},
      {"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n{}", Completeness::partial, 41},
      {"POST / HTTP/1.1\r\ncontent-length: 3\r\n", Completeness::partial, 0},
      {"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", Completeness::refused, 0},
      {"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", Completeness::refused, 0},
      {"POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", Completeness::refused, 0},
      {"GET / HTTP/1.1\r\n\r\n", Completeness::whole, 18},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const Request request = read_request(row.text);
    CHECK(request.state == row.state);
    CHECK(request.bytes == row.bytes);
  }
}

TEST_CASE("the upstream finds what a stream should be, whatever else the body says") {
  StreamWish defaults;
  defaults.contents = 64;
  defaults.pace_ns = 7;
  CHECK_FALSE(read_wish(R"({"stream":false})", defaults).stream);
  CHECK_FALSE(read_wish(R"({"a":"\"stream\":true"})", defaults).stream);
  CHECK_FALSE(read_wish(R"({"a":"stream"})", defaults).stream);
  const StreamWish plain = read_wish(R"({"stream": true})", defaults);
  CHECK(plain.stream);
  CHECK(plain.contents == 64);
  CHECK(plain.pace_ns == 7);
  CHECK_FALSE(plain.include_usage);
  const StreamWish full =
      read_wish(R"({"messages":[{"role":"user"}],"max_tokens":9,"stream":true,)"
                R"("stream_options":{"include_usage":true},"user":"pace=1500"})",
                defaults);
  CHECK(full.contents == 9);
  CHECK(full.pace_ns == 1'500'000);
  CHECK(full.include_usage);
}
