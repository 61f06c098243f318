#include "gateway/cli/mock_command.h"

#include <fmt/core.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/types/json_writer.h"
#include "gateway/mock/mock_server.h"

namespace steelyard::cli {
namespace {

using mock::Behaviour;
using mock::MockOptions;
using mock::ModelOptions;

// What the flags say; the common ones are short for names of --set.
struct Flags {
  MockOptions options;
  std::vector<std::string> models;
  std::vector<std::string> settings;  // NAME=VALUE
  std::string behaviour;              // JSON or @FILE
  std::string api_key_env;
  bool list = false;
};

constexpr const char* kExamples = R"(
examples:
  steelyard mock --port 9100
  steelyard mock --latency-ms 300 --interval-ms 20 --output-tokens 200
  steelyard mock --model gpt-5.5,1.25,10,0.125 --model slow --set fault=cut --set fail_every=10
  steelyard mock --behaviour '{"status":429,"retry_after":2,"fail_first":3}'
  curl localhost:9100/mock/bill; curl localhost:9100/mock/requests?last=1
  curl localhost:9100/mock/behaviour -d '{"models":{"slow":{"latency_ms":2000}}}'
A user message that starts with {"mock":{"latency_ms":50}} sets the behaviour of its own request.)";

// NAME[,INPUT,OUTPUT[,CACHED]]: prices in USD per million tokens.
std::optional<ModelOptions> parse_model(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t comma = text.find(',', begin);
    parts.push_back(text.substr(begin, comma == std::string::npos ? comma : comma - begin));
    if (comma == std::string::npos) break;
    begin = comma + 1;
  }
  if (parts[0].empty() || parts.size() == 2 || parts.size() > 4) return std::nullopt;
  ModelOptions model;
  model.name = parts[0];
  if (parts.size() > 2) model.input_price = parts[1];
  if (parts.size() > 2) model.output_price = parts[2];
  if (parts.size() > 3) model.cached_input_price = parts[3];
  return model;
}

// {"NAME":VALUE}: the value as it is when that is valid, else as a string.
Result<void> apply_setting(Behaviour& behaviour, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const std::string value = equals == std::string::npos ? "true" : text.substr(equals + 1);
  const auto plain = mock::apply_behaviour(behaviour, "{\"" + name + "\":" + value + "}");
  if (plain) return plain;
  std::string quoted = "{\"" + name + "\":\"";
  append_json_escaped(quoted, value);
  return mock::apply_behaviour(behaviour, quoted + "\"}");
}

Result<void> apply_json(Behaviour& behaviour, const std::string& text) {
  if (!text.starts_with('@')) return mock::apply_behaviour(behaviour, text);
  std::ifstream file(text.substr(1), std::ios::binary);
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  if (!file) {
    return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never,
                "cannot read " + text.substr(1));
  }
  return mock::apply_behaviour(behaviour, content);
}

Result<void> complete(Flags& flags) {
  for (const std::string& text : flags.models) {
    const auto model = parse_model(text);
    if (!model) {
      return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never,
                  "--model " + text + ": expected NAME[,INPUT,OUTPUT[,CACHED]]");
    }
    flags.options.models.push_back(*model);
  }
  if (!flags.behaviour.empty()) {
    const auto applied = apply_json(flags.options.behaviour, flags.behaviour);
    if (!applied) return applied;
  }
  for (const std::string& text : flags.settings) {
    const auto applied = apply_setting(flags.options.behaviour, text);
    if (!applied) return applied;
  }
  if (!flags.api_key_env.empty()) {
    const char* key = std::getenv(flags.api_key_env.c_str());
    flags.options.api_key = Secret(key == nullptr ? "" : key);
    if (flags.options.api_key.empty()) {
      return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never,
                  "environment variable " + flags.api_key_env + " is not set");
    }
  }
  return {};
}

void print_list() {
  for (const auto& doc : mock::behaviour_docs()) {
    fmt::print("{:<20} {}\n{:<20}   {}\n", doc.name, doc.takes, "", doc.text);
  }
}

int refuse(const Error& error) {
  fmt::print(stderr, "steelyard mock: {}\n", error.context);
  return 1;
}

// The signals are blocked before any thread starts, so that only sigwait() sees them.
int run(Flags& flags) {
  if (flags.list) {
    print_list();
    return 0;
  }
  const auto completed = complete(flags);
  if (!completed) return refuse(completed.error());
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const std::string address = flags.options.address;
  mock::MockServer server(std::move(flags.options));
  const auto port = server.start();
  if (!port) return refuse(port.error());
  const bool v6 = address.find(':') != std::string::npos;
  fmt::print("mock listening on http://{}:{}\n", v6 ? "[" + address + "]" : address, *port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

}  // namespace

void add_mock_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<Flags>();
  MockOptions& options = flags->options;
  CLI::App* command = app.add_subcommand("mock", "run a pretend OpenAI provider with its own bill");
  command->footer(kExamples);
  options.port = 9100;
  command->add_option("--listen", options.address, "IP address to listen on")
      ->capture_default_str();
  command->add_option("-p,--port", options.port, "port; 0: any free one")->capture_default_str();
  command->add_option("--threads", options.threads, "threads, each with its own listener")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--model", flags->models,
                      "NAME[,INPUT,OUTPUT[,CACHED]], prices in USD per million tokens; NAME * is "
                      "any other model; may be repeated");
  command->add_flag("--strict-models", options.strict_models, "unknown models get 404");
  command->add_option("--api-key-env", flags->api_key_env,
                      "environment variable with the only accepted bearer token");
  command->add_option("--record", options.requests_kept, "requests kept for /mock/requests")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  command->add_option("--charges", options.charges_kept, "charges kept on /mock/bill")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  command->add_option("--behaviour", flags->behaviour, "JSON object, or @FILE with one");
  command->add_option("--set", flags->settings, "NAME=VALUE of one behaviour; may be repeated");
  command->add_flag("--list", flags->list, "print all behaviours and what they take");
  const auto shorthand = [command, flags](const char* flag, const char* name, const char* text) {
    const auto keep = [flags, name](const std::string& value) {
      flags->settings.push_back(std::string(name) + "=" + value);
    };
    command->add_option_function<std::string>(flag, keep, text);
  };
  shorthand("--latency-ms", "latency_ms", "time before the first byte");
  shorthand("--interval-ms", "interval_ms", "time between stream chunks");
  shorthand("--output-tokens", "output_tokens", "length of the answer in words");
  shorthand("--usage", "usage", "on_request, always, every_chunk, none or in_finish");
  shorthand("--status", "status", "answer with this error status");
  shorthand("--fault", "fault", "break answers: cut, reset, stall, hang, ... (see --list)");
  shorthand("--fail-rate", "fail_rate", "share of requests that fail, 0..1");
  command->callback([flags, &exit_code] { exit_code = run(*flags); });
}

}  // namespace steelyard::cli
