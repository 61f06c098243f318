#include "tests/bench/micro/fixture.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "config/load.h"
#include "gateway/config_files.h"
#include "policies/compile.h"

namespace steelyard::bench {
namespace {

const std::string root = STEELYARD_SOURCE_DIR;

std::string read_text(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void replace_all(std::string& text, const std::string& word, const std::string& with) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + with.size()))
    text.replace(at, word.size(), with);
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "bench: %s\n", why.c_str());
  std::exit(1);
}

GatewaySpec load_bench_config() {
  const std::string main_file = root + "/tests/bench/config/steelyard.yaml";
  LoadInputs inputs = disk_inputs();
  const FileReader disk = inputs.read;
  inputs.read = [disk, main_file](const std::string& path) -> Result<std::string> {
    Result<std::string> text = disk(path);
    if (!text || path != main_file) return text;
    replace_all(*text, "UPSTREAM_URL", "http://127.0.0.1:9000/v1");
    replace_all(*text, "PROVIDER_MORE", "");
    replace_all(*text, "ROOT", root);
    replace_all(*text, "STATE", "state");
    return text;
  };
  LoadResult loaded = load(main_file, inputs);
  if (!loaded.ok())
    give_up(main_file + ": " +
            (loaded.diagnostics.empty() ? "not loaded" : loaded.diagnostics.front().message));
  return std::move(*loaded.spec);
}

}  // namespace

std::string body_text(const std::string& name) {
  std::string text = read_text(root + "/tests/bench/bodies/" + name);
  if (text.empty()) give_up("no tests/bench/bodies/" + name);
  return text;
}

GatewaySpec bench_spec(std::size_t teams, std::size_t models) {
  GatewaySpec spec = load_bench_config();
  if (models != 0 && spec.models.size() > models)
    spec.models.erase(spec.models.begin() + static_cast<std::ptrdiff_t>(models), spec.models.end());
  std::vector<TeamSpec>& list = spec.organisations.front().teams;
  while (list.size() < teams) {
    TeamSpec team = list.front();
    const std::string number = std::to_string(list.size());
    team.name += number;
    team.keys.front().id += number;
    list.push_back(std::move(team));
  }
  return spec;
}

std::unique_ptr<store::Books> open_books(const std::string& directory) {
  LedgerSpec ledger;
  ledger.directory = directory;
  ledger.durability = Durability::relaxed;
  auto books = store::Books::open(ledger, bench_time);
  if (!books) give_up(books.error().context);
  return std::move(*books);
}

Setting::Setting(std::size_t teams, std::size_t models)
    : spec(bench_spec(teams, models)),
      rules(policies::compile(spec).rules),
      catalog(router::compile_catalog(spec).catalog),
      health(catalog, spec.breaker),
      books(open_books("")) {
  auto configured = books->configure(spec.organisations, bench_time);
  if (!configured) give_up(configured.error().context);
  chains = std::move(*configured);
  for (const OrganisationSpec& organisation : spec.organisations)
    for (const TeamSpec& team : organisation.teams)
      for (const KeySpec& key : team.keys) access.push_back(catalog.access_of(team, key));
}

policies::RequestFacts facts_of(const Setting& setting, std::size_t index, std::string_view model) {
  const store::KeyChain& key = setting.chains[index];
  policies::RequestFacts facts;
  facts.organisation = key.organisation;
  facts.team = key.team;
  facts.key = key.key;
  facts.requested_model = model;
  facts.client = "openai-python";
  facts.input_tokens = facts.input_tokens_upper = 213;
  facts.output_tokens_max = 256;
  facts.turns = 2;
  facts.now = bench_time;
  return facts;
}

}  // namespace steelyard::bench
