#include "gateway/mock/behaviour_fields.h"

namespace steelyard::mock {
namespace {

constexpr std::int64_t kTokensMax = 10'000'000;
constexpr std::int64_t kManyMax = 1'000'000'000;

constexpr const char* kUsage[] = {"on_request", "always", "every_chunk", "none", "in_finish"};
constexpr const char* kAnswer[] = {"text", "empty", "refusal", "tool_call", "json", "invalid_json"};
constexpr const char* kFraming[] = {"auto", "chunked", "length", "close"};
constexpr const char* kAbort[] = {"generated", "all", "none"};
constexpr const char* kFault[] = {"none",
                                  "close_before_head",
                                  "close_after_head",
                                  "cut",
                                  "reset",
                                  "stall",
                                  "hang",
                                  "drip",
                                  "garbage",
                                  "huge_line",
                                  "error_event",
                                  "no_finish",
                                  "no_done",
                                  "bad_body",
                                  "html",
                                  "empty"};

template <auto Member>
ChoiceField choice(std::span<const char* const> names) {
  using Enum = std::remove_reference_t<decltype(std::declval<Behaviour&>().*Member)>;
  return {names, [](Behaviour& b, std::uint8_t value) { b.*Member = static_cast<Enum>(value); },
          [](const Behaviour& b) { return static_cast<std::uint8_t>(b.*Member); }};
}

using B = Behaviour;
const Field kFields[] = {
    {"usage", choice<&B::usage>(kUsage), "where usage is reported"},
    {"input_tokens", IntegerField{&B::input_tokens, -1, kTokensMax},
     "prompt tokens; -1: message text bytes / 4, rounded up"},
    {"cached_tokens", IntegerField{&B::cached_tokens, 0, kTokensMax}, "cached part of the input"},
    {"cache_write_tokens", IntegerField{&B::cache_write_tokens, 0, kTokensMax},
     "part of the rest written to the cache; reported by Anthropic's dialect"},
    {"reasoning_tokens", IntegerField{&B::reasoning_tokens, 0, kTokensMax},
     "hidden output, part of completion_tokens"},
    {"web_searches", IntegerField{&B::web_searches, 0, 100},
     "searches made for the model; told as the dialect tells it, in Chat not at all"},
    {"web_search_nano_usd", IntegerField{&B::web_search_nano_usd, 0, kManyMax},
     "what each of them is billed at"},
    {"bill_on_abort", choice<&B::bill_on_abort>(kAbort),
     "what is billed when the client leaves in the middle"},
    {"answer", choice<&B::answer>(kAnswer), "kind of answer"},
    {"text", TextField{&B::text}, "exact content; empty: echo of the question, then filler"},
    {"output_tokens", IntegerField{&B::output_tokens, 0, kTokensMax},
     "words of the default text, per choice"},
    {"ignore_limit", FlagField{&B::ignore_limit}, "goes on beyond the request's max_tokens"},
    {"tool_name", TextField{&B::tool_name}, "tool to call; empty: the first of the request"},
    {"tool_arguments", TextField{&B::tool_arguments},
     "arguments text; empty: made from the tool's schema"},
    {"tool_calls", IntegerField{&B::tool_calls, 1, 64}, "parallel tool calls in one answer"},
    {"finish_reason", TextField{&B::finish_reason}, "empty: the true one"},
    {"context_limit", IntegerField{&B::context_limit, 0, kManyMax},
     "more input tokens: 400 context_length_exceeded; 0: no limit"},
    {"latency_ms", MillisecondsField{&B::latency_us}, "before the first byte"},
    {"latency_p50_ms", MillisecondsField{&B::latency_p50_us},
     "latency drawn from a distribution instead: median,"},
    {"latency_p90_ms", MillisecondsField{&B::latency_p90_us}, "90th percentile,"},
    {"latency_p99_ms", MillisecondsField{&B::latency_p99_us}, "99th percentile"},
    {"seed", IntegerField{&B::seed, 0, INT64_MAX}, "of everything drawn by chance"},
    {"interval_ms", MillisecondsField{&B::interval_us}, "between content chunks, by deadline"},
    {"tokens_per_chunk", IntegerField{&B::tokens_per_chunk, 1, 100'000}, "tokens in one chunk"},
    {"merge_events", IntegerField{&B::merge_events, 0, 100'000},
     "events per write; 0: one when paced, else as many as fit 16 KiB"},
    {"split_writes", FlagField{&B::split_writes}, "each event in two writes, cut at a random byte"},
    {"split_gap_ms", MillisecondsField{&B::split_gap_us}, "between the two writes"},
    {"crlf", FlagField{&B::crlf}, "SSE lines end in CR LF"},
    {"ping_every", IntegerField{&B::ping_every, 0, kManyMax},
     "a comment line before every Nth content chunk"},
    {"ping_ms", MillisecondsField{&B::ping_us},
     "streams: head at once, comments this often until the first chunk"},
    {"framing", choice<&B::framing>(kFraming),
     "auto: length for whole answers, chunked for streams"},
    {"close", FlagField{&B::close}, "close the connection after the answer"},
    {"status", IntegerField{&B::status, 0, 599}, "error status 400..599; 0: none"},
    {"fault", choice<&B::fault>(kFault), "how the answer breaks"},
    {"fail_rate", RateField{&B::fail_rate},
     "share of requests that get status or fault; -1: not set"},
    {"fail_first", IntegerField{&B::fail_first, 0, kManyMax}, "only the first K requests fail"},
    {"fail_every", IntegerField{&B::fail_every, 0, kManyMax}, "every Nth request fails"},
    {"counter", TextField{&B::counter},
     "requests naming the same counter are counted together by fail_*; empty: per model"},
    {"error_type", TextField{&B::error_type}, "error.type; empty: usual for the status"},
    {"error_code", TextField{&B::error_code}, "error.code"},
    {"error_message", TextField{&B::error_message}, "error.message"},
    {"retry_after", IntegerField{&B::retry_after_s, -1, kManyMax}, "header retry-after, seconds"},
    {"retry_after_ms", IntegerField{&B::retry_after_ms, -1, kManyMax}, "header retry-after-ms"},
    {"rate_limit_headers", FlagField{&B::rate_limit_headers},
     "x-ratelimit-* on successes too; a 429 always has them"},
    {"after_chunks", IntegerField{&B::after_chunks, 0, kManyMax},
     "content chunks before cut, reset, stall, error_event"},
    {"drip_ms", MillisecondsField{&B::drip_us}, "fault drip: time per byte"},
    {"huge_line_bytes", IntegerField{&B::huge_line_bytes, 1, 256 << 20},
     "fault huge_line: length of the content in that line"},
    {"headers", HeadersField{&B::headers}, "extra response headers"},
};

}  // namespace

std::span<const Field> behaviour_fields() {
  return kFields;
}

const Field* find_behaviour_field(std::string_view name) {
  for (const Field& field : kFields) {
    if (name == field.name) return &field;
  }
  return nullptr;
}

}  // namespace steelyard::mock
