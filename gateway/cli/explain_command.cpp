#include "gateway/cli/explain_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "config/types/json_writer.h"
#include "gateway/cli/config_source.h"
#include "gateway/decide.h"
#include "gateway/explain_line.h"
#include "gateway/instant_text.h"
#include "gateway/net/dialer.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/store/books.h"
#include "gateway/sys/clock.h"
#include "gateway/telemetry/metrics.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"
#include "router/explain.h"

namespace steelyard::cli {
namespace {

struct Flags {
  std::string request, config, key, at, tier, tags, session;
  bool json = false, demo = false;
};

// The time the user pretends it is.
class PretendClock final : public sys::Clock {
 public:
  explicit PretendClock(Instant now) : now_(now) {}
  Instant now() const override { return now_; }
  Tick tick() const override { return real_.tick(); }

 private:
  Instant now_;
  sys::SystemClock real_;
};

class NoDialer final : public net::Dialer {
 public:
  std::unique_ptr<net::Connection> open(const net::Origin&, net::IoSlot&) override {
    return nullptr;  // explain sends nothing
  }
};

const Principal* find_principal(const Runtime& runtime, const std::string& key) {
  for (const Principal& principal : runtime.principals) {
    const bool named = key.empty() || principal.key == key || principal.team == key ||
                       principal.organisation + "/" + principal.team == key;
    if (named) return &principal;
  }
  return nullptr;
}

bool read_request(const std::string& path, std::string& body) {
  if (path == "-") {
    body.assign(std::istreambuf_iterator<char>(std::cin), {});
    return true;
  }
  if (std::filesystem::is_directory(path)) return false;
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  body.assign(std::istreambuf_iterator<char>(file), {});
  return file.good() || file.eof();
}

// Everything a decision needs, without a socket: budgets as configured, none of them used.
struct Bench {
  explicit Bench(Instant at) : clock(at) {}
  PretendClock clock;
  NoDialer dialer;
  telemetry::Metrics metrics{1};
  std::unique_ptr<store::Books> books;
  std::shared_ptr<const Runtime> runtime;
  std::unique_ptr<Worker> worker;
};

// nullptr: why was printed.
std::unique_ptr<Bench> set_up(GatewaySpec spec, Instant at) {
  auto bench = std::make_unique<Bench>(at);
  spec.ledger.directory.clear();
  auto books = store::Books::open(spec.ledger, at);
  if (!books) {
    std::cerr << books.error().context << "\n";
    return nullptr;
  }
  bench->books = std::move(*books);
  auto runtime = build_runtime(std::move(spec), *bench->books, bench->metrics.labels(), at, 1);
  if (!runtime) {
    std::cerr << runtime.error().context << "\n";
    return nullptr;
  }
  bench->runtime = *runtime;
  WorkerSeams seams{bench->clock, bench->dialer, *bench->books, bench->metrics.worker(0)};
  bench->worker = std::make_unique<Worker>(std::move(seams), *runtime,
                                           router::make_o200k_counter(router::load_o200k()));
  return bench;
}

std::optional<GatewaySpec> load_spec(const Flags& flags) {
  if (!flags.demo) return load_or_explain(flags.config, std::cerr);
  LoadResult loaded = load_demo(1);
  return std::move(loaded.spec);
}

void print(const Flags& flags, const Bench& bench, const Decision& decision,
           const Result<void>& decided) {
  std::vector<router::BudgetLine> lines;
  const std::uint16_t count = decision.budgets != nullptr ? decision.budgets->count : 0;
  for (std::uint16_t i = 0; i < count; ++i) {
    lines.push_back(budget_line(decision.budgets->accounts[i], decision.at));
  }
  const router::ExplainInput input{bench.runtime->catalog,
                                   bench.worker->serving()->health,
                                   decision.facts,
                                   decision.verdict,
                                   bench.worker->tools().plan,
                                   lines,
                                   bench.clock.tick(),
                                   router::name_of(decision.tokens.quality),
                                   bench.runtime->spec.digest};
  if (flags.json) {
    std::string text;
    JsonWriter json(text);
    router::explain_json(json, input);
    std::cout << text << "\n";
    return;
  }
  const char* no_color = std::getenv("NO_COLOR");
  const bool color = ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
  std::cout << router::explain_text(input, color ? router::Colour::yes : router::Colour::no);
  if (!decided) std::cout << "refused    " << decided.error().context << "\n";
}

int explain(const Flags& flags) {
  std::string body;
  if (!read_request(flags.request, body)) {
    std::cerr << "cannot read `" << flags.request << "`\n";
    return 2;
  }
  Instant at = sys::SystemClock().now();
  if (!flags.at.empty() && !parse_instant(flags.at, at)) {
    std::cerr << "`" << flags.at << "` is not a time: write 2026-11-22T10:00:00Z\n";
    return 2;
  }
  std::optional<GatewaySpec> spec = load_spec(flags);
  if (!spec) return 1;
  const std::unique_ptr<Bench> bench = set_up(std::move(*spec), at);
  if (bench == nullptr) return 1;
  const Principal* principal = find_principal(*bench->runtime, flags.key);
  if (principal == nullptr) {
    std::cerr << "no key or team is called `" << flags.key << "`\n";
    return 2;
  }
  RequestHints hints;
  hints.tier = flags.tier;
  hints.tags = flags.tags;
  hints.session = flags.session;
  Decision decision;
  const Result<void> decided = decide(*bench->worker, *bench->worker->serving(), *principal, body,
                                      hints, policies::Trace::yes, decision);
  if (!decided && decided.error().kind == ErrorKind::bad_request) {
    std::cerr << "the request is not valid: " << decided.error().context << "\n";
    return 1;
  }
  print(flags, *bench, decision, decided);
  return decided ? 0 : 1;
}

}  // namespace

void add_explain_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("explain", "which model would this request go to, and why?");
  command->add_option("request", flags->request, "a chat completions body; `-` is standard input")
      ->required();
  CLI::Option* config = command->add_option("-c,--config", flags->config, "the main file")
                            ->envname("STEELYARD_CONFIG");
  command->add_flag("--demo", flags->demo, "the demo configuration")->excludes(config);
  command->add_option("--key,--key-team", flags->key, "key id, team, or organisation/team");
  command->add_option("--at", flags->at, "pretend it is this time: 2026-11-22T10:00:00Z");
  command->add_option("--tier", flags->tier, "as x-steelyard-tier");
  command->add_option("--tags", flags->tags, "as x-steelyard-tags");
  command->add_option("--session", flags->session, "as x-steelyard-session");
  command->add_flag("--json", flags->json, "one JSON object");
  command->footer(
      "examples:\n"
      "  steelyard explain request.json --key search-prod\n"
      "  echo '{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}' | "
      "steelyard explain - --demo\n"
      "Exit codes: 0 routed, 1 refused or invalid, 2 usage.");
  command->callback([flags, &exit_code] { exit_code = explain(*flags); });
}

}  // namespace steelyard::cli
