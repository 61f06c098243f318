#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "config/load.h"
#include "gateway/runtime.h"
#include "gateway/store/books.h"
#include "gateway/telemetry/metrics.h"
#include "gateway/telemetry/receipt_json.h"
#include "router/tokens/memo.h"
#include "tests/sim/audit.h"

namespace steelyard::sim {
namespace {

// The vocabulary takes a while to load and never changes.
const std::shared_ptr<const router::Vocabulary>& vocabulary() {
  static const std::shared_ptr<const router::Vocabulary> loaded = router::load_o200k();
  return loaded;
}

}  // namespace

World::World(std::uint64_t seed, bool wants_trace)
    : scenario(Scenario::of(seed)),
      dice(seed * 3 + 1),
      loop(seed * 5 + 2),
      traced(wants_trace),
      metrics_(std::make_unique<telemetry::Metrics>(scenario.workers)),
      formatter_(std::make_unique<telemetry::ReceiptFormatter>()) {
  LedgerSpec ledger;
  ledger.directory.clear();
  auto books = store::Books::open(ledger, loop.now());
  if (!books) {
    violation("books: " + books.error().context);
    return;
  }
  books_ = std::move(*books);
  const auto runtime = compile();
  if (runtime == nullptr) return;
  ticking_.resize(scenario.workers);
  for (std::size_t i = 0; i < scenario.workers; ++i) open_worker(i, runtime);
}

World::~World() = default;

void World::say(const std::string& text) {
  const std::int64_t at = loop.elapsed();
  std::printf("%5lld.%06lld  %s\n", static_cast<long long>(at / 1'000'000'000),
              static_cast<long long>(at / 1'000 % 1'000'000), text.c_str());
}

void World::violation(const std::string& what) {
  if (outcome.violations.size() < 10) outcome.violations.push_back(what);
  trace("VIOLATION ", what);
}

// A new configuration out of the scenario: limits, timeouts and policies are drawn afresh.
std::shared_ptr<const Runtime> World::compile() {
  const std::string main = scenario.gateway_yaml(dice), policies = scenario.policies_yaml(dice);
  const std::string catalog = scenario.catalog_yaml();
  LoadInputs inputs;
  inputs.read = [&](const std::string& path) -> Result<std::string> {
    if (path.ends_with("gateway.yaml")) return main;
    return path.ends_with("policies.yaml") ? policies : catalog;
  };
  inputs.expand = [](const std::string& pattern) -> Result<std::vector<std::string>> {
    return std::vector<std::string>{pattern};
  };
  inputs.env = [](const std::string&) { return std::optional<std::string>("sk-provider-canary"); };
  LoadResult loaded = load("gateway.yaml", inputs);
  if (!loaded.ok()) {
    violation("configuration: " + loaded.diagnostics.front().message + "\n" + main);
    return nullptr;
  }
  drain_timeout_ns_ = loaded.spec->timeouts.drain * ms;
  auto runtime = build_runtime(std::move(*loaded.spec), *books_, metrics_->labels(), loop.now(),
                               ++generation_);
  if (!runtime) {
    violation("runtime: " + runtime.error().context);
    return nullptr;
  }
  return *runtime;
}

void World::open_worker(std::size_t index, const std::shared_ptr<const Runtime>& runtime) {
  WorkerSeams seams{.clock = loop,
                    .dialer = *this,
                    .books = *books_,
                    .metrics = metrics_->worker(index),
                    .log = nullptr,
                    .post = [this](std::function<void()> work) { loop.post(std::move(work)); },
                    .deadlines_wanted = [this, index] { keep_ticking(index); },
                    .on_receipt = [this](const telemetry::Receipt& r) { remember(r); },
                    .index = index,
                    .random_seed = dice.draw()};
  auto counter = std::make_unique<router::MemoCounter>(router::make_o200k_counter(vocabulary(), 1),
                                                       router::MemoSeed{}, 1024);
  workers_.push_back(std::make_unique<Worker>(std::move(seams), runtime, std::move(counter)));
}

void World::keep_ticking(std::size_t index) {
  if (ticking_[index]) return;
  ticking_[index] = true;
  loop.after(net::Wheel::resolution_ns, [this, index] {
    ticking_[index] = false;
    if (workers_[index]->tick()) keep_ticking(index);
  });
}

// What the server does once a second.
void World::keep_house() {
  books_->expire(loop.tick(), loop.now());
  std::vector<store::CrossingReport> crossings;
  books_->take_crossings(crossings, loop.now());
  if (!finished_) loop.after(1'000 * ms, [this] { keep_house(); });
}

LinkOptions World::link_options(bool to_provider) {
  LinkOptions options;
  static constexpr std::size_t pieces[] = {1, 7, 100, 1'460, 65'536};
  options.piece_max = pieces[dice.between(0, 4)];
  options.capacity = static_cast<std::size_t>(scenario.small_pipes ? dice.between(64, 600)
                                                                   : dice.between(1'500, 8'000));
  if (scenario.deep_pipes && to_provider) options.capacity = 65'536;
  options.delay_max = dice.between(1, 40) * 100 * us;
  return options;
}

std::unique_ptr<net::Connection> World::open(const net::Origin& origin, net::IoSlot& connected) {
  ++dials_;
  auto link = std::make_shared<Link>(loop, dice.draw(), link_options(true));
  link->begin_connecting(connected);
  const std::size_t provider = origin.port - 9000u;
  const Faults& f = scenario.faults;
  std::int64_t delay = dice.between(0, 30) * ms;
  if (dice.chance(f.connect_slow)) delay = dice.between(50, 3'000) * ms;
  net::IoError result = net::IoError::none;
  if (dice.chance(f.refused)) result = net::IoError::refused;
  if (dice.chance(f.unresolved)) result = net::IoError::unresolved;
  trace("dials provider ", provider, result == net::IoError::none ? "" : ": fails");
  if (!dice.chance(f.connect_hangs)) {
    const std::uint64_t seed = dice.draw();
    loop.after(delay, [this, link, provider, result, seed] {
      if (!link->connecting()) return;
      if (result == net::IoError::none)
        served_.push_back(std::make_unique<ProviderConnection>(*this, provider, link, seed));
      link->established(result);
    });
  }
  return gateway_end(std::move(link));
}

void World::bring_clients() {
  for (std::size_t i = 0; i < scenario.connections; ++i) {
    clients_.push_back(std::make_unique<Client>(*this, i, dice.draw()));
    Client* client = clients_.back().get();
    loop.after(dice.between(0, scenario.span_ns), [this, client] {
      Worker& worker = *workers_[static_cast<std::size_t>(
          dice.between(0, static_cast<std::int64_t>(workers_.size()) - 1))];
      if (worker.draining()) return;  // the listener is closed
      auto link = std::make_shared<Link>(loop, dice.draw(), link_options(false));
      client->start(link);
      worker.accept(gateway_end(link));
    });
  }
}

// Audits before and after: the limits that were in force are part of what is checked.
void World::reload() {
  Audit(*this).running();
  const auto next = compile();
  if (next == nullptr) return;
  trace("reloads: configuration ", generation_);
  Audit(*this).running();
  for (const auto& worker : workers_) loop.post([&worker, next] { worker->install(next); });
}

void World::step_wall() {
  static constexpr std::int64_t hour = 3'600'000 * ms;
  const bool small = dice.chance(0.5);
  const std::int64_t by = small ? dice.between(-5, 5) * 1'000 * ms : dice.between(-30, 800) * hour;
  trace("the wall clock steps by ", by / 1'000'000'000, " s");
  Audit(*this).running();
  loop.step_wall(by);
  Audit(*this).running();
}

void World::bring_trouble() {
  const Faults& f = scenario.faults;
  for (int i = 0; i < 4; ++i) {
    if (dice.chance(f.reload)) loop.after(dice.between(0, scenario.span_ns), [this] { reload(); });
    if (dice.chance(f.wall_step))
      loop.after(dice.between(0, scenario.span_ns), [this] { step_wall(); });
  }
  const bool early = dice.chance(f.early_drain);
  const std::int64_t at =
      early ? dice.between(0, scenario.span_ns) : scenario.span_ns + 60'000 * ms;
  loop.after(at, [this] { begin_drain(); });
}

void World::begin_drain() {
  trace("drains, ", drain_timeout_ns_ / ms, " ms for open requests");
  drain_until_ = loop.elapsed() + drain_timeout_ns_;
  for (const auto& worker : workers_) worker->begin_drain();
  watch_drain();
}

void World::watch_drain() {
  std::size_t left = 0;
  for (const auto& worker : workers_) left += worker->session_count();
  if (left == 0) {  // providers notice a little later, and bill until then
    loop.after(2'000 * ms, [this] { finished_ = true; });
    return;
  }
  if (!ended_streams_ && loop.elapsed() >= drain_until_) {
    trace("ends what still runs");
    ended_streams_ = true;
    for (const auto& worker : workers_) worker->end_streams();
  }
  // A client that does not read may take write_stall and the linger; nothing takes longer.
  if (loop.elapsed() > drain_until_ + 15'000 * ms) {
    violation(std::to_string(left) + " connections outlived the drain");
    finished_ = true;
    return;
  }
  loop.after(50 * ms, [this] { watch_drain(); });
}

void World::after_event() {
  if (receipts.size() == checked_receipts_ && loop.events() % 64 != 0) return;
  checked_receipts_ = receipts.size();
  Audit(*this).running();
}

Outcome World::run() {
  if (!outcome.violations.empty()) return outcome;
  bring_clients();
  bring_trouble();
  keep_house();
  while (!finished_ && loop.run_one()) after_event();
  Audit(*this).at_rest();
  outcome.events = loop.events();
  return outcome;
}

}  // namespace steelyard::sim
