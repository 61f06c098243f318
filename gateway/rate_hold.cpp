#include "gateway/rate_hold.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/net/head_writer.h"
#include "gateway/runtime.h"
#include "gateway/session.h"
#include "gateway/telemetry/receipt.h"
#include "gateway/telemetry/timestamp.h"
#include "gateway/worker.h"

namespace steelyard {
namespace {

// As OpenAI writes them: "120ms", "1.5s", "6m0s".
struct GoDuration {
  explicit GoDuration(std::int64_t ms) {
    char* at = room;
    if (ms < 1'000) {
      at = fmt::format_to(at, "{}ms", ms);
    } else {
      if (ms >= 60'000) at = fmt::format_to(at, "{}m", ms / 60'000);
      at = fmt::format_to(at, "{}", ms / 1'000 % 60);
      if (ms % 1'000 != 0) at = fmt::format_to(at, ".{:03}", ms % 1'000);
      while (ms % 1'000 != 0 && at[-1] == '0') --at;
      *at++ = 's';
    }
    text = {room, static_cast<std::size_t>(at - room)};
  }
  char room[48];
  std::string_view text;
};

// "2026-11-22T00:00:00Z", rounded up.
struct Date {
  explicit Date(Instant at) {
    telemetry::Timestamps times;
    char* const end = times.put_seconds(room, {at.ns + Instant::kPerSecond - 1});
    text = {room + 1, static_cast<std::size_t>(end - room) - 2};  // without its quotes
  }
  char room[telemetry::Timestamps::bytes_max];
  std::string_view text;
};

// One line of at most 120 bytes.
template <class... Values>
void put_line(net::HeadWriter& head, fmt::format_string<Values...> format, Values&&... values) {
  char line[120];
  const auto end = fmt::format_to_n(line, sizeof line, format, std::forward<Values>(values)...);
  head.append_raw({line, std::min(end.size, sizeof line)});
}

void append_openai(net::HeadWriter& head, const char* unit, const store::RateStanding& s) {
  if (s.limit == 0) return;
  put_line(head, "x-ratelimit-limit-{}: {}\r\n", unit, s.limit);
  put_line(head, "x-ratelimit-remaining-{}: {}\r\n", unit, s.remaining);
  put_line(head, "x-ratelimit-reset-{}: {}\r\n", unit, GoDuration(s.reset_ms).text);
}

void append_anthropic(net::HeadWriter& head, const char* unit, const store::RateStanding& s,
                      Instant now) {
  if (s.limit == 0) return;
  put_line(head, "anthropic-ratelimit-{}-limit: {}\r\n", unit, s.limit);
  put_line(head, "anthropic-ratelimit-{}-remaining: {}\r\n", unit, s.remaining);
  put_line(head, "anthropic-ratelimit-{}-reset: {}\r\n", unit,
           Date({now.ns + s.reset_ms * 1'000'000}).text);
}

}  // namespace

bool RateHold::take(Session& session, std::int64_t tokens) {
  Worker& worker = session.worker();
  answer_ = worker.seams().books.rates().take(session.principal()->rates, tokens, worker.tick_now(),
                                              ticket_);
  return answer_.taken;
}

Error RateHold::refusal() const {
  std::string text = fmt::format("rate limit of `{}`: {} {}, this request needs {}", answer_.scope,
                                 answer_.limit, answer_.unit, answer_.asked);
  text += answer_.retry_after_ms < 0
              ? std::string("; lower its `max_tokens`")
              : fmt::format("; try again in {}", GoDuration(answer_.retry_after_ms).text);
  return Error(ErrorKind::rate_limited, ErrorSource::gateway, Retry::never, std::move(text));
}

void RateHold::settle(Session& session, const telemetry::Receipt& receipt) {
  if (!answer_.taken) return;
  std::int64_t used = 0;
  bool unknown = false;
  for (const telemetry::ReceiptAttempt& attempt : receipt.attempts) {
    const std::int64_t tokens = attempt.usage.prompt + attempt.usage.completion;
    used += tokens;
    unknown |= tokens == 0 && attempt.cost.v != 0;
  }
  if (unknown) return;  // billed, and nobody knows for what
  session.worker().seams().books.rates().settle(session.principal()->rates, ticket_, used);
}

void RateHold::append(net::HeadWriter& head, const Session& session, Instant now) const {
  if (session.wire() == dialect::hub::Wire::anthropic) {
    append_anthropic(head, "requests", answer_.requests, now);
    append_anthropic(head, "tokens", answer_.tokens, now);
  } else {
    append_openai(head, "requests", answer_.requests);
    append_openai(head, "tokens", answer_.tokens);
  }
  if (answer_.taken) return;
  if (answer_.retry_after_ms < 0) {
    head.append_raw("x-should-retry: false\r\n");
    return;
  }
  put_line(head, "retry-after: {}\r\nretry-after-ms: {}\r\n",
           (answer_.retry_after_ms + 999) / 1'000, answer_.retry_after_ms);
}

}  // namespace steelyard
