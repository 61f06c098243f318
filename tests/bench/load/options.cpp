#include "tests/bench/load/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/bench/common/loopback.h"

namespace steelyard::bench {
namespace {

constexpr std::int64_t grace_ns = 30'000'000'000;  // beyond --seconds, for what is under way

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(stderr, "steelyard_load: %s\n", why.c_str());
  std::exit(2);
}

std::string read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) refuse("cannot read " + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

void check(const LoadOptions& options) {
  if (options.requests == 0 && options.seconds <= 0) refuse("give --requests or --seconds");
  if (options.rate > 0 && options.seconds <= 0) refuse("--rate needs --seconds");
  if (options.rate > 0 && options.stream) refuse("--stream is a closed loop: no --rate");
  if (options.stream && options.frames == 0) refuse("--stream needs --frames");
}

}  // namespace

LoadOptions read_options(int argc, char** argv) {
  LoadOptions options;
  std::string target, body_file;
  double ramp_ms = 0, held_back_ms = 0, deadline = 0;
  CLI::App app("loads a proxy on this machine, checks every byte it answers, prints JSON");
  app.add_option("--target", target, "PORT, or HOST:PORT of 127.0.0.0/8")->required();
  app.add_option("--path", options.path);
  app.add_option("--body", body_file,
                 "file with the JSON body; FRAMES in it becomes --frames, SERIAL00 another number "
                 "in each request")
      ->required();
  app.add_option("--header", options.headers, "`Name: value`, as often as wanted");
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 20'000));
  app.add_option("--requests", options.requests)->check(CLI::Range(1, 50'000'000));
  app.add_option("--warmup", options.warmup)->check(CLI::Range(0, 1'000'000));
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.01, 600.0));
  app.add_option("--rate", options.rate, "open loop, requests a second")
      ->check(CLI::Range(0.1, 1e6));
  app.add_option("--seed", options.seed, "of the open loop's arrival times");
  app.add_flag("--stream", options.stream, "answers are event streams; checks every event");
  app.add_option("--frames", options.frames, "content events of a stream");
  app.add_option("--ramp-ms", ramp_ms, "streams start evenly over this time");
  app.add_option("--held-back-ms", held_back_ms, "count events that are older on arrival");
  app.add_option("--answer-bytes", options.answer_bytes,
                 "as told to the bench upstream; without it, bodies are not compared");
  app.add_flag("--sheds", options.sheds, "count 429, 503 and 529 apart instead of failing");
  app.add_flag("--any-events", options.any_events,
               "count the events of a stream, whatever they say");
  app.add_option("--deadline", deadline, "seconds for the whole run, then it fails")
      ->check(CLI::Range(0.1, 900.0));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  const auto address = loopback(target);
  if (!address) refuse("--target: only loopback addresses");
  options.target = *address;
  options.body = read_file(body_file);
  options.ramp_ns = static_cast<std::int64_t>(ramp_ms * 1e6);
  options.held_back_ns = static_cast<std::int64_t>(held_back_ms * 1e6);
  options.deadline_ns = deadline > 0 ? static_cast<std::int64_t>(deadline * 1e9)
                                     : static_cast<std::int64_t>(options.seconds * 1e9) + grace_ns;
  check(options);
  return options;
}

std::string request_text(const LoadOptions& options) {
  std::string body = options.body;
  const std::size_t mark = body.find("FRAMES");
  if (mark != body.npos) body.replace(mark, 6, std::to_string(options.frames));
  std::string text = "POST " + options.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  for (const std::string& header : options.headers) text += header + "\r\n";
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return text + body;
}

}  // namespace steelyard::bench
