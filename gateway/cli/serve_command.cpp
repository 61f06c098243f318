#include "gateway/cli/serve_command.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <memory>
#include <optional>

#include "gateway/cli/config_source.h"
#include "gateway/config_files.h"
#include "gateway/mock/mock_server.h"
#include "gateway/server.h"

namespace steelyard::cli {
namespace {

struct Flags {
  std::string config, listen, admin;
  std::int32_t workers = 0;
  bool demo = false;
};

// "host:port", ":port" or "port" over what the file says.
bool apply(const std::string& text, ListenSpec& listen, std::ostream& err) {
  if (text.empty()) return true;
  const std::size_t colon = text.rfind(':');
  const std::string host = colon == std::string::npos ? "" : text.substr(0, colon);
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  std::uint16_t number = 0;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), number);
  if (read.ec != std::errc() || read.ptr != port.data() + port.size()) {
    err << "`" << text << "` is not HOST:PORT\n";
    return false;
  }
  if (!host.empty()) listen.host = host;
  listen.port = number;
  return true;
}

bool apply(const Flags& flags, GatewaySpec& spec, std::ostream& err) {
  if (flags.workers > 0) spec.workers = flags.workers;
  return apply(flags.listen, spec.listen, err) && apply(flags.admin, spec.admin.listen, err);
}

Error invalid(std::string text) {
  return Error(ErrorKind::bad_request, ErrorSource::gateway, Retry::never, std::move(text));
}

// What SIGHUP reads: the same file, under the same flags.
Result<GatewaySpec> read_again(const Flags& flags, std::uint16_t mock_port) {
  const std::string path =
      flags.config.empty() ? find_default_config().value_or("config/gateway.yaml") : flags.config;
  LoadResult result = flags.demo ? load_demo(mock_port) : load_from_disk(path);
  if (!result.spec) return fail(invalid(first_problem(result)));
  if (!apply(flags, *result.spec, std::cerr)) return fail(invalid("a flag is not valid"));
  return std::move(*result.spec);
}

void print_demo(const Server& server, const mock::MockServer& mock) {
  const std::string base = "http://127.0.0.1:" + std::to_string(server.port());
  std::cerr << "steelyard is ready on " << base << " with pretend providers on " << mock.base_url()
            << "\n\n"
            << "  curl " << base << "/v1/chat/completions \\\n"
            << "    -H 'authorization: Bearer sk-steelyard-demo' \\\n"
            << "    -d "
               "'{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n\n"
            << "  dashboard http://127.0.0.1:" << server.admin_port() << "/#steelyard-demo\n"
            << "  metrics   http://127.0.0.1:" << server.admin_port() << "/metrics\n"
            << "  why       curl " << base
            << "/route/explain, same body; add -H 'accept: text/plain'\n"
            << "  end       ctrl-C\n\n"
            << std::flush;
}

int serve(const Flags& flags, const char* version) {
  std::unique_ptr<mock::MockServer> mock;
  std::uint16_t mock_port = 0;
  if (flags.demo) {
    mock::MockOptions options;
    options.behaviour.output_tokens = 24;
    options.behaviour.latency_us = 20'000;
    options.behaviour.interval_us = 15'000;
    options.models.push_back({"*", "", "", "", ""});
    mock = std::make_unique<mock::MockServer>(std::move(options));
    const Result<std::uint16_t> started = mock->start();
    if (!started) {
      std::cerr << "the pretend providers did not start: " << started.error().context << "\n";
      return 1;
    }
    mock_port = *started;
  }
  std::optional<GatewaySpec> spec;
  if (flags.demo) {
    LoadResult loaded = load_demo(mock_port);
    if (!loaded.spec) print_problems(loaded, std::cerr);
    spec = std::move(loaded.spec);
  } else {
    spec = load_or_explain(flags.config, std::cerr);
  }
  if (!spec || !apply(flags, *spec, std::cerr)) return spec ? 2 : 1;
  ServerOptions options;
  options.spec = std::move(*spec);
  options.version = version;
  options.reload = [flags, mock_port] { return read_again(flags, mock_port); };
  auto server = Server::open(std::move(options));
  if (!server) {
    std::cerr << "steelyard did not start: " << server.error().context << "\n";
    return 1;
  }
  if (mock) {
    print_demo(**server, *mock);
  } else {
    std::cerr << "steelyard is ready on port " << (*server)->port() << ", admin on port "
              << (*server)->admin_port() << "\n"
              << std::flush;
  }
  (*server)->run();
  if (mock) mock->stop();
  return 0;
}

}  // namespace

void add_serve_command(CLI::App& app, const char* version, int& exit_code) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("serve", "run the gateway");
  CLI::Option* config = command->add_option("-c,--config", flags->config, "the main file")
                            ->envname("STEELYARD_CONFIG");
  command->add_flag("--demo", flags->demo, "pretend providers and a demo configuration")
      ->excludes(config);
  command->add_option("--listen", flags->listen, "HOST:PORT for clients, over the file's")
      ->envname("STEELYARD_LISTEN");
  command->add_option("--admin", flags->admin, "HOST:PORT for metrics and health")
      ->envname("STEELYARD_ADMIN_LISTEN");
  command->add_option("--workers", flags->workers, "threads; 0: one per core")
      ->envname("STEELYARD_WORKERS")
      ->check(CLI::Range(0, 256));
  command->footer(
      "examples:\n"
      "  steelyard serve --demo\n"
      "  steelyard serve --config config/gateway.yaml\n"
      "SIGHUP reloads the configuration, SIGUSR1 reopens the decision log, SIGTERM drains.");
  command->callback([flags, version, &exit_code] { exit_code = serve(*flags, version); });
}

}  // namespace steelyard::cli
