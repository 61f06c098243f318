// For tests/integration/cost_oracle.py: what requests cost by the prices of a configuration.
//   steelyard_cost_lines gateway.yaml
// reads lines `model instant_ns service input cache_read cache_write_5m cache_write_1h audio_input
// image_input output audio_output image_output web_searches` and prints a nano-dollar amount for
// each; `-` when there is no price.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "config/load.h"
#include "router/meter.h"

using namespace steelyard;

namespace {

Result<std::string> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, ErrorSource::client, Retry::never, "no such file");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  LoadInputs inputs;
  inputs.read = read;
  inputs.expand = [](const std::string& pattern) -> Result<std::vector<std::string>> {
    return std::vector<std::string>{pattern};
  };
  inputs.env = [](const std::string&) { return std::nullopt; };
  const LoadResult loaded = load(arguments[1], inputs);
  if (!loaded.spec) {
    for (const Diagnostic& d : loaded.diagnostics) std::cerr << d.message << "\n";
    return 1;
  }
  std::map<std::string, router::PriceTable> tables;
  for (const ModelSpec& model : loaded.spec->models)
    tables.emplace(model.name, router::PriceTable(model.prices));
  std::ios::sync_with_stdio(false);
  std::string model;
  Instant at;
  int service = 0;
  router::Usage u;
  while (std::cin >> model >> at.ns >> service >> u.input >> u.cache_read >> u.cache_write_5m >>
         u.cache_write_1h >> u.audio_input >> u.image_input >> u.output >> u.audio_output >>
         u.image_output >> u.web_searches) {
    const auto found = tables.find(model);
    if (found == tables.end()) return 1;
    const router::Tariff tariff = found->second.tariff_at(at, static_cast<ServiceTier>(service));
    if (tariff.priced())
      std::cout << router::cost_of(u, tariff).v << "\n";
    else
      std::cout << "-\n";
  }
  return 0;
}
