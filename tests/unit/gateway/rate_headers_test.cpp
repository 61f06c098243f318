// What answers say of a key's rate limit.
#include "gateway/rate_headers.h"

#include <doctest/doctest.h>

namespace steelyard {
namespace {

const Instant now = Instant::from_seconds(1'780'000'000);  // 2026-05-28T20:26:40Z

std::int64_t rest_of(const char* lines, const ProviderSpec& spec) {
  const std::string text = std::string("HTTP/1.1 200 OK\r\n") + lines + "\r\n";
  net::HeadLines scanned;
  net::ResponseHead head;
  REQUIRE(net::read_response_head(text, scanned, head) == net::HeadStatus::complete);
  const std::vector<RateHeaderSpec> fields = rate_headers_of(spec);
  return rest_said(head, fields, now);
}

}  // namespace

TEST_CASE("rate headers: times of every spelling") {
  struct Row {
    const char* text;
    std::int64_t ms;
  };
  const Row rows[] = {{"1s", 1'000},
                      {"6m0s", 360'000},
                      {"1h2m3.5s", 3'723'500},
                      {"20ms", 20},
                      {"2m59.56s", 179'560},
                      {"12", 12'000},
                      {"0.5", 500},
                      {"1d", 86'400'000},
                      {"1780000060", 60'000},
                      {"1779999999", 0},
                      {"2026-05-28T20:27:40Z", 60'000},
                      {"2026-05-28T20:00:00Z", 0},
                      {"", -1},
                      {"soon", -1},
                      {"-1s", -1},
                      {"1x", -1},
                      {"1s!", -1}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(reset_ms(row.text, now) == row.ms);
  }
}

TEST_CASE("rate headers: a key with nothing left rests until it has") {
  ProviderSpec openai, anthropic, own, gemini;
  anthropic.dialect = "anthropic";
  gemini.dialect = "gemini";
  own.rate_headers = {{"x-left-minute", "", {}}};
  CHECK(rest_of("x-ratelimit-remaining-requests: 3\r\nx-ratelimit-reset-requests: 1s\r\n"
                "x-ratelimit-remaining-tokens: 100\r\n",
                openai) == 0);
  CHECK(rest_of("x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 6m0s\r\n"
                "x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 1s\r\n",
                openai) == 360'000);
  CHECK(rest_of("x-ratelimit-remaining-tokens: 0\r\n", openai) == 60'000);
  CHECK(rest_of("x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 9h\r\n", openai) ==
        3'600'000);
  CHECK(rest_of("anthropic-ratelimit-output-tokens-remaining: 0\r\n"
                "anthropic-ratelimit-output-tokens-reset: 2026-05-28T20:26:50Z\r\n",
                anthropic) == 10'000);
  CHECK(rest_of("x-ratelimit-remaining-requests: 0\r\n", anthropic) == 0);
  CHECK(rest_of("x-left-minute: 0\r\n", own) == 60'000);
  CHECK(rest_of("x-left-minute: many\r\n", own) == 0);
  CHECK(rest_of("x-ratelimit-remaining-requests: 0\r\n", gemini) == 0);
}

}  // namespace steelyard
