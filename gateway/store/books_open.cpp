// How the books come to be: recovery at start, budgets from the configuration.
#include <algorithm>
#include <chrono>
#include <thread>

#include "gateway/store/books_state.h"
#include "gateway/store/encoded_name.h"
#include "gateway/store/recovery.h"
#include "gateway/store/shard_hash.h"
#include "gateway/store/zone_loader.h"

namespace steelyard::store {

using router::AccountId;
using router::AccountSpec;

namespace {

auto bad(const std::string& what) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never, what);
}

// Which budgets of `specs` a key's requests count against.
struct PlannedChain {
  KeyChain key;
  std::vector<std::size_t> accounts;  // into the organisation's specs
};

struct PlannedOrganisation {
  std::size_t shard = 0;
  std::vector<AccountSpec> specs;  // an `each` budget is here under the name `*`, for the checks
  std::vector<PlannedChain> keys;
};

std::vector<std::size_t> add_budgets(PlannedOrganisation& plan, const std::string& scope,
                                     const std::vector<BudgetSpec>& budgets,
                                     std::vector<std::size_t> chain) {
  for (const BudgetSpec& budget : budgets) {
    chain.push_back(plan.specs.size());
    std::string of = scope;
    if (budget.of != BudgetOf::all) of += "/" + std::string(scope_word(budget.of));
    if (is_each(budget.of)) of += "*";
    if (budget.of != BudgetOf::all && !is_each(budget.of)) of += encoded_name(budget.of_name);
    plan.specs.push_back({std::move(of), budget});
  }
  return chain;
}

PlannedOrganisation plan_of(const OrganisationSpec& organisation, std::size_t shards) {
  PlannedOrganisation plan;
  plan.shard = shard_hash(organisation.name) % shards;
  const std::string& name = organisation.name;
  const auto top = add_budgets(plan, name, organisation.budgets, {});
  for (const TeamSpec& team : organisation.teams) {
    const std::string team_scope = name + "/" + team.name;
    const auto middle = add_budgets(plan, team_scope, team.budgets, top);
    std::map<std::string_view, std::vector<std::size_t>> projects{{"", middle}};
    for (const ProjectSpec& project : team.projects)
      projects[project.name] =
          add_budgets(plan, team_scope + "/project:" + project.name, project.budgets, middle);
    for (const KeySpec& key : team.keys) {
      PlannedChain chain{{name, team.name, key.id, {}, {}}, {}};
      const auto above = projects.find(key.project);
      chain.accounts = add_budgets(plan, team_scope + "/" + key.id, key.budgets,
                                   above != projects.end() ? above->second : middle);
      plan.keys.push_back(std::move(chain));
    }
  }
  return plan;
}

Result<void> check_sizes(const PlannedOrganisation& plan) {
  for (const AccountSpec& spec : plan.specs)
    if (spec.scope.size() + encoded_name_max > router::scope_bytes_max)
      return bad("the names of `" + spec.scope.substr(0, 64) + "...` are too long for a budget");
  for (const PlannedChain& chain : plan.keys)
    if (chain.accounts.size() > limits::windows_per_request_max)
      return bad("key `" + chain.key.key + "` counts against more than " +
                 std::to_string(limits::windows_per_request_max) + " budgets");
  return {};
}

std::string zone_in_journal(const BudgetSpec& budget) {
  const bool calendar = budget.per != WindowKind::lifetime && budget.per != WindowKind::rolling;
  return calendar ? budget.time_zone : "";
}

}  // namespace

// Reads the directory; posts what was in flight when the last process ended.
Result<void> Books::State::recover(FileOps& files, Instant now) {
  Result<DirectoryLock> held = DirectoryLock::take(spec.directory);
  if (!held) return fail(held.error());
  lock = std::move(*held);
  Result<Recovered> books = recover_books(files, spec.directory);
  if (!books) return fail(books.error());

  JournalOptions journal_options;
  journal_options.directory = spec.directory;
  journal_options.segment_bytes = options.segment_bytes;
  journal_options.snapshot_bytes = options.snapshot_bytes;
  journal_options.sync_interval_ms = options.sync_interval_ms;
  journal_options.retry_ms = options.retry_ms;
  Result<std::unique_ptr<Journal>> opened = Journal::open(
      files, journal_options, {books->next_segment, books->last_seq, books->segment_bytes});
  if (!opened) return fail(opened.error());
  journal = std::move(*opened);

  std::vector<router::AttemptKey> in_flight;
  for (const auto& [key, hold] : books->balances.open_holds()) in_flight.push_back(key);
  std::sort(in_flight.begin(), in_flight.end());
  for (const router::AttemptKey& key : in_flight) {
    char payload[32];
    const std::size_t size = encode(payload, router::EndEvent{key});
    journal->keep(router::EventType::expire, now, {payload, size});
    const router::Event event{0, now, router::EventType::expire, {payload, size}};
    const Result<void> applied = books->balances.apply(event);
    if (!applied) return fail(applied.error());
  }
  for (const router::Balances::Account& account : books->balances.accounts()) {
    JournalAccount known{next_number++, account.limit, account.set_limit, {}};
    for (const router::Balances::Window& window : account.windows)
      known.recovered.push_back(window.balance);
    accounts[router::account_identity(account.scope, account.per, account.zone, account.starts,
                                      account.rolling_s)] = std::move(known);
  }
  known_keys = books->balances.charged_keys();
  at_start.recovered_holds = in_flight.size();
  at_start.recovered_records = books->records;
  at_start.cut_bytes = books->cut_bytes;
  return {};
}

Result<std::unique_ptr<Books>> Books::open(const LedgerSpec& spec, Instant now,
                                           BooksOptions options) {
  if (options.shards < 1 || options.shards > 256) return bad("ledger shards: 1 to 256");
  if (options.segment_bytes < (64u << 10) || options.segment_bytes > (1u << 30))
    return bad("ledger segments: 64 KiB to 1 GiB");
  auto state = std::make_unique<State>();
  state->spec = spec;
  state->options = options;
  for (std::size_t i = 0; i < options.shards; ++i)
    state->shards.push_back(std::make_unique<Shard>());
  if (options.in_fleet)
    for (const std::unique_ptr<Shard>& shard : state->shards) shard->ledger.join_fleet();
  if (!spec.directory.empty()) {
    FileOps& files = options.files != nullptr ? *options.files : state->own_files;
    const Result<void> recovered = state->recover(files, now);
    if (!recovered) return fail(recovered.error());
  }
  return std::unique_ptr<Books>(new Books(std::move(state)));
}

// The shard's ledger knows `specs` as `ids`; the journal hears what is new. With the shard's mutex
// held.
void Books::State::install(Shard& shard, std::span<const AccountSpec> specs,
                           std::span<const AccountId> ids, Instant now) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const BudgetSpec& budget = specs[i].budget;
    const std::string identity = router::account_identity(specs[i]);
    const auto [place, fresh] = accounts.try_emplace(identity);
    JournalAccount& known = place->second;
    if (fresh) known.number = next_number++;
    if (fresh || known.limit != budget.limit) {
      char payload[router::payload_bytes_max];
      const std::string zone = zone_in_journal(budget);
      const std::size_t size = encode(
          payload, router::AccountEvent{known.number, budget.per, budget.limit, specs[i].scope,
                                        zone, budget.starts, budget.rolling_s});
      keep(router::EventType::account, now, {payload, size});
      known.limit = budget.limit;
      known.set_limit = {-1};
    }
    if (ids[i].v == shard.numbers.size()) shard.numbers.push_back(known.number);
    for (const router::WindowBalance& window : known.recovered)
      shard.ledger.restore(ids[i], window);
    known.recovered.clear();
  }
}

std::vector<AccountSpec> Books::State::in_force(std::span<const AccountSpec> specs) const {
  std::vector<AccountSpec> out(specs.begin(), specs.end());
  for (AccountSpec& account : out) {
    const auto known = accounts.find(router::account_identity(account));
    if (known == accounts.end() || known->second.set_limit.v < 0) continue;
    if (known->second.limit == account.budget.limit) account.budget.limit = known->second.set_limit;
  }
  return out;
}

// The ids of all `specs`: an account's, or a family's where the budget is one for each name.
Result<std::vector<std::uint32_t>> Books::State::install_all(Shard& shard,
                                                             std::span<const AccountSpec> specs,
                                                             Instant now) {
  std::vector<AccountSpec> plain;
  for (const AccountSpec& one : specs)
    if (!is_each(one.budget.of)) plain.push_back(one);
  const Result<std::vector<AccountId>> ids = shard.ledger.configure(in_force(plain), zones);
  if (!ids) return fail(ids.error());
  install(shard, plain, *ids, now);
  std::vector<std::uint32_t> out;
  std::size_t next = 0;
  for (const AccountSpec& one : specs) {
    if (!is_each(one.budget.of)) {
      out.push_back((*ids)[next++].v);
      continue;
    }
    const std::string scope = one.scope.substr(0, one.scope.size() - 1);  // without the `*`
    out.push_back(family_of(shard, scope, one.budget, now));
  }
  notice_crossings(shard);
  return out;
}

namespace {

void put_account(KeyChain& key, const BudgetSpec& budget, std::uint32_t id) {
  if (budget.of == BudgetOf::all) {
    key.chain.accounts[key.chain.count++] = AccountId{id};
  } else if (is_each(budget.of)) {
    key.conditions.push_back({budget.of, {}, {}, id});
  } else {
    key.conditions.push_back({budget.of, budget.of_name, AccountId{id}, 0});
  }
}

}  // namespace

namespace {

// The next segment is often there a moment later: no reason to refuse a configuration.
void wait_for_room(const Books& books) {
  for (int tries = 0; !books.healthy() && tries < 50; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace

Result<std::vector<KeyChain>> Books::configure(std::span<const OrganisationSpec> organisations,
                                               Instant now) {
  State& s = *state_;
  const std::lock_guard configuring(s.configure_mutex);
  std::vector<PlannedOrganisation> plans;
  std::vector<AccountSpec> all;
  std::vector<std::string> zone_names;
  for (const OrganisationSpec& organisation : organisations) {
    plans.push_back(plan_of(organisation, s.shards.size()));
    const Result<void> sizes = check_sizes(plans.back());
    if (!sizes) return fail(sizes.error());
    for (const AccountSpec& spec : plans.back().specs) {
      all.push_back(spec);
      zone_names.push_back(spec.budget.time_zone);
    }
  }
  const Result<router::ZoneTable> zones = load_zones(zone_names, s.options.zone_directory);
  if (!zones) return fail(zones.error());
  const Result<void> checked = router::Ledger::check(all, *zones);
  if (!checked) return fail(checked.error());
  wait_for_room(*this);
  if (!healthy())
    return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
                "budgets cannot change while the ledger cannot be written: " + status().error);

  s.zones = *zones;
  std::vector<KeyChain> chains;
  for (PlannedOrganisation& plan : plans) {
    Shard& shard = *s.shards[plan.shard];
    const std::lock_guard lock(shard.mutex);
    const Result<std::vector<std::uint32_t>> ids = s.install_all(shard, plan.specs, now);
    if (!ids) return fail(ids.error());
    for (PlannedChain& planned : plan.keys) {
      planned.key.chain.shard = static_cast<std::uint16_t>(plan.shard);
      for (const std::size_t at : planned.accounts)
        put_account(planned.key, plan.specs[at].budget, (*ids)[at]);
      chains.push_back(std::move(planned.key));
    }
  }
  return chains;
}

}  // namespace steelyard::store
