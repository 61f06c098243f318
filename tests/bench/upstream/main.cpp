// steelyard_bench_upstream: a provider that is never the bottleneck.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/bench/common/loopback.h"
#include "tests/bench/upstream/server.h"

namespace {

volatile bool stop = false;

void on_signal(int) {
  stop = true;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace steelyard::bench;
  CLI::App app("answers every POST with a chat completion, or with a stream when `stream` is true");
  std::string listen;
  UpstreamOptions options;
  std::int64_t pace_us = 20'000;
  options.stream.contents = 64;
  app.add_option("--listen", listen, "PORT, or HOST:PORT of 127.0.0.0/8")->required();
  app.add_option("--answer-bytes", options.answer_bytes, "size of a completion")
      ->check(CLI::Range(400, 16 << 20));
  app.add_option("--frames", options.stream.contents, "content events, when max_tokens is absent");
  app.add_option("--pace-us", pace_us, "between events, when `user` does not say pace=N")
      ->check(CLI::Range(0, 60'000'000));
  CLI11_PARSE(app, argc, argv);
  options.stream.pace_ns = pace_us * 1000;
  const auto address = loopback(listen);
  if (!address) return std::fputs("--listen: only loopback addresses\n", stderr), 2;
  raise_descriptor_limit();
  const int fd = listen_on(*address);
  if (fd < 0) return std::perror("listen"), 1;
  struct sigaction action {};
  action.sa_handler = on_signal;  // no SA_RESTART: epoll_wait returns
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  UpstreamServer(fd, options).run(stop);
  return 0;
}
