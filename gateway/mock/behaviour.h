#pragma once
// How the pretend provider behaves: what it says, how fast, what it reports and how it fails. The
// same names are used by CLI flags, POST /mock/behaviour, a model's own settings and the directive
// inside a user message
// (`{"mock":{"latency_ms":50}} hello`). One table, behaviour_fields.cpp, binds names to members.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/result.h"

namespace steelyard::mock {

enum class UsageMode : std::uint8_t {
  on_request,   // as OpenAI: last chunk if stream_options.include_usage, always in whole answers
  always,       // last chunk although nobody asked
  every_chunk,  // running totals on each chunk
  none,         // never, not even in whole answers
  in_finish,    // wrong place: inside the chunk that carries finish_reason
};
enum class Answer : std::uint8_t { text, empty, refusal, tool_call, json, invalid_json };
enum class Framing : std::uint8_t { automatic, chunked, length, close };
enum class Fault : std::uint8_t {
  none,
  close_before_head,  // reads the request, closes
  close_after_head,   // sends the head, closes
  cut,                // closes after `after_chunks` content chunks (whole answer: half of the body)
  reset,              // the same with a TCP RST
  stall,              // the same, but keeps the connection open and says nothing more
  hang,               // never sends a byte
  drip,               // one byte per `drip_ms`
  garbage,            // bytes that are not HTTP
  huge_line,          // one SSE line of `huge_line_bytes`
  error_event,        // an error object inside a 200
  no_finish,          // no finish_reason
  no_done,            // no `data: [DONE]`
  bad_body,           // JSON cut short, framing intact
  html,               // the error page of a proxy in between, with `status` or 200
  empty,              // the same without a body
};
enum class BillOnAbort : std::uint8_t { generated, all, none };

// Times are microseconds here and (decimal) milliseconds in JSON: `latency_ms` sets latency_us. -1
// means "not set".
struct Behaviour {
  // What it reports.
  UsageMode usage = UsageMode::on_request;
  std::int64_t input_tokens = -1;       // -1: message text bytes / 4, rounded up
  std::int64_t cached_tokens = 0;       // part of the input; clamped to it
  std::int64_t cache_write_tokens = 0;  // part of the input, reported where the dialect does
  std::int64_t reasoning_tokens = 0;    // hidden output, part of completion_tokens
  std::int64_t web_searches = 0;        // made for the model, and billed at:
  std::int64_t web_search_nano_usd = 10'000'000;  // each
  BillOnAbort bill_on_abort = BillOnAbort::generated;

  // What it says.
  Answer answer = Answer::text;
  std::string text;                 // exact content; empty: echo of the question, then filler
  std::int64_t output_tokens = 16;  // words of the default text, per choice
  std::string tool_name;            // empty: the first tool of the request
  std::string tool_arguments;       // empty: made from the tool's schema
  bool ignore_limit = false;        // goes on beyond the request's max_tokens
  std::int64_t tool_calls = 1;      // parallel calls
  std::string finish_reason;        // empty: the true one
  std::int64_t context_limit =
      0;  // more input tokens than this: 400 context_length_exceeded; 0: no limit

  // How fast, and in which pieces.
  std::int64_t latency_us = 0;      // before the first byte
  std::int64_t latency_p50_us = 0;  // with p90 and p99: a distribution instead of latency_us
  std::int64_t latency_p90_us = 0;
  std::int64_t latency_p99_us = 0;
  std::int64_t seed = 1;         // of everything drawn by chance
  std::int64_t interval_us = 0;  // between content chunks, by deadline: lateness does not add up
  std::int64_t tokens_per_chunk = 1;
  std::int64_t merge_events =
      0;  // events per write; 0: one per write when paced, else as many as fit 16 KiB
  bool split_writes = false;        // each event in two writes, cut at a random byte
  std::int64_t split_gap_us = 200;  // between the two
  bool crlf = false;                // SSE line ends
  std::int64_t ping_every = 0;      // a comment line before every Nth content chunk
  std::int64_t ping_us = 0;  // streams: head at once, a comment this often until the first chunk
  Framing framing = Framing::automatic;
  bool close = false;  // `connection: close` after the answer

  // How it fails. Without fail_* every request does; they combine by "or".
  std::int64_t status = 0;  // 0: none; else 400..599
  Fault fault = Fault::none;
  double fail_rate = -1;        // 0..1
  std::int64_t fail_first = 0;  // the first K requests
  std::int64_t fail_every = 0;  // every Nth request
  std::string counter;     // named counter for fail_first and fail_every; empty: the model's own
  std::string error_type;  // empty: what the status usually carries
  std::string error_code;
  std::string error_message;
  std::int64_t retry_after_s = -1;   // header retry-after
  std::int64_t retry_after_ms = -1;  // header retry-after-ms
  bool rate_limit_headers = false;   // x-ratelimit-* on successes too; a 429 always has them
  std::int64_t after_chunks = 1;     // where cut, reset, stall, error_event strike
  std::int64_t drip_us = 1000;
  std::int64_t huge_line_bytes = 2 << 20;
  std::string
      headers;  // extra response head lines, each ending in CRLF; JSON: an object of strings
};

// Applies a JSON object of the names above to `behaviour`; on any error nothing is changed. Unknown
// keys, wrong types and values out of range are errors that name the key.
Result<void> apply_behaviour(Behaviour& behaviour, std::string_view json);

// The whole behaviour as a JSON object which apply_behaviour() accepts.
std::string behaviour_json(const Behaviour& behaviour);

// For --help and the README: name, what it takes, one line of text.
struct BehaviourDoc {
  std::string name;
  std::string takes;
  std::string text;
};
std::vector<BehaviourDoc> behaviour_docs();

}  // namespace steelyard::mock
