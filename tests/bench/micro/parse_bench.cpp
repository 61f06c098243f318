// From bytes to meaning: heads, request bodies, tokens, event streams.
#include <benchmark/benchmark.h>

#include "gateway/dialect/chat.h"
#include "gateway/dialect/openai_request.h"
#include "gateway/dialect/openai_stream.h"
#include "gateway/net/head_reader.h"
#include "router/tokens/counter.h"
#include "router/tokens/memo.h"
#include "tests/bench/common/answers.h"
#include "tests/bench/micro/fixture.h"

namespace steelyard::bench {
namespace {

void per_byte(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void read_head(benchmark::State& state) {
  const std::string head =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: "
      "application/json\r\nAuthorization: Bearer sk-steelyard-bench\r\nUser-Agent: OpenAI/Python "
      "2.8.0\r\nAccept: application/json\r\nx-stainless-lang: python\r\nx-stainless-retry-count: "
      "0\r\nContent-Length: 1014\r\n\r\n";
  net::HeadLines lines;
  net::RequestHead parsed;
  for (auto _ : state) {
    lines.reset();
    if (net::read_head(head, lines, parsed) != net::HeadStatus::complete)
      return state.SkipWithError("refused");
    benchmark::DoNotOptimize(parsed.fields);
  }
  per_byte(state, head.size());
}
BENCHMARK(read_head);

// A conversation: the bench question, `turns` times over.
std::string conversation(std::int64_t turns) {
  const std::string text = body_text("auto.json");
  const std::size_t from = text.find('[') + 1, to = text.rfind(']');
  const std::string turn = text.substr(from, to - from);
  std::string body = text.substr(0, from) + turn;
  for (std::int64_t i = 1; i < turns; ++i) body += "," + turn;
  return body + text.substr(to);
}

void parse_request(benchmark::State& state) {
  const std::string body = conversation(state.range(0));
  dialect::openai::RequestParser parser;
  dialect::ChatRequest request;
  for (auto _ : state) {
    if (!parser.parse(body, request)) return state.SkipWithError("refused");
    benchmark::DoNotOptimize(request.texts.data());
  }
  per_byte(state, body.size());
}
BENCHMARK(parse_request)->Arg(1)->Arg(100);

void count_slices(benchmark::State& state, router::TokenCounter& counter) {
  const std::string body = body_text("auto.json");
  dialect::openai::RequestParser parser;
  dialect::ChatRequest request;
  if (!parser.parse(body, request)) return state.SkipWithError("refused");
  std::int64_t tokens = 0;
  std::size_t bytes = 0;
  for (const dialect::TextSlice& slice : request.texts) bytes += slice.raw.size();
  for (auto _ : state) {
    tokens = 0;
    for (const dialect::TextSlice& slice : request.texts) tokens += counter.count_json(slice.raw);
    benchmark::DoNotOptimize(tokens);
  }
  per_byte(state, bytes);
  state.counters["tokens"] = static_cast<double>(tokens);
}

void count_tokens(benchmark::State& state) {
  count_slices(state, *router::make_o200k_counter(router::load_o200k()));
}
BENCHMARK(count_tokens);

void count_tokens_seen_before(benchmark::State& state) {
  router::MemoCounter counter(router::make_o200k_counter(router::load_o200k()), {});
  count_slices(state, counter);
}
BENCHMARK(count_tokens_seen_before);

void watch_stream_event(benchmark::State& state) {
  const StreamScript script(1'000'000, true);
  char role[StreamScript::event_bytes_max], event[StreamScript::event_bytes_max];
  const std::size_t role_bytes = script.write(0, 0, role), bytes = script.write(1, 0, event);
  dialect::openai::TapOptions options;
  options.drop_usage_chunk = state.range(0) != 0;
  dialect::openai::StreamTap tap(options);
  dialect::openai::TapOutput out;
  tap.feed({role, role_bytes}, out);
  std::size_t passed = 0;
  for (auto _ : state) {
    out.clear();
    tap.feed({event, bytes}, out);
    passed += out.size();
  }
  benchmark::DoNotOptimize(passed);
  per_byte(state, bytes);
}
BENCHMARK(watch_stream_event)->Arg(0)->Arg(1);

}  // namespace
}  // namespace steelyard::bench
