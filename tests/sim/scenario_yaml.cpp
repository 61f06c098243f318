// The scenario as an operator would have written it.
#include <openssl/sha.h>

#include <array>

#include "tests/sim/scenario.h"

namespace steelyard::sim {
namespace {

std::string sha256_hex(const std::string& text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  static constexpr char hex[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += hex[byte >> 4];
    out += hex[byte & 15];
  }
  return out;
}

// "$0.00037": requests cost some 20 to 2,000 micro-dollars here.
std::string dollars(std::int64_t micro) {
  std::string digits = std::to_string(micro % 1'000'000);
  return "$" + std::to_string(micro / 1'000'000) + "." + std::string(6 - digits.size(), '0') +
         digits;
}

std::string budgets(Dice& dice, double likely, std::int64_t micro_max) {
  if (!dice.chance(likely)) return "";
  static constexpr const char* windows[] = {"day", "month", "lifetime"};
  static constexpr const char* extra[] = {"",
                                          "",
                                          "",
                                          ", at: { 50%: warn, 100%: block }",
                                          ", at: { 100%: warn }",
                                          ", at: { 80%: { max_tier: economy }, 100%: block }"};
  const std::int64_t first = dice.between(0, 2);
  std::string out = "budgets: [";
  for (std::int64_t i = 0, n = dice.between(1, 2); i < n; ++i) {
    if (i != 0) out += ", ";
    out += "{ limit: " + dollars(dice.between(100, micro_max)) +
           ", per: " + windows[(first + i) % 3] + extra[dice.between(0, 5)] + " }";
  }
  return out + "]";
}

std::string timeouts(Dice& dice) {
  const auto some = [&dice](std::int64_t low, std::int64_t high) {
    return std::to_string(dice.between(low, high) * 50) + "ms";
  };
  return "timeouts: { head: " + some(10, 100) + ", body: " + some(10, 100) +
         ", keep_alive: " + some(20, 200) + ", connect: " + some(4, 40) +
         ", first_byte: " + some(6, 60) + ", stream_idle: " + some(6, 60) +
         ", total: " + some(40, 200) + ", write_stall: " + some(10, 60) +
         ", drain: " + some(0, 60) + " }\n";
}

std::string policy_rules(Dice& dice) {
  static constexpr const char* escalate[] = {"", ", escalate_on: [empty, truncated]",
                                             ", escalate_on: [empty, refusal, truncated]"};
  std::string out;
  if (dice.chance(0.2))
    out += "  - { name: no-tools, when: { tools: true }, deny: \"no tools here\" }\n";
  if (dice.chance(0.5))
    out += "  - name: default\n    use: { tier: economy" +
           std::string(escalate[dice.between(0, 2)]) + " }\n";
  return out;
}

std::string organisations(const Scenario& s, Dice& dice) {
  std::string out = "organisations:\n", organisation, team;
  for (const KeyPlan& key : s.keys) {
    const std::string o = key.scope.substr(0, 2), t = key.scope.substr(3, 2);
    if (o != organisation) {
      out += "  " + o + ":\n";
      const std::string b = budgets(dice, 0.6, 30'000);
      if (!b.empty()) out += "    " + b + "\n";
      out += "    teams:\n";
    }
    if (o != organisation || t != team) {
      out += "      " + t + ":\n";
      const std::string b = budgets(dice, 0.5, 10'000);
      if (!b.empty()) out += "        " + b + "\n";
      out += "        keys:\n";
    }
    const std::string b = budgets(dice, 0.4, 4'000);
    out += "          - { id: " + key.scope.substr(6) + ", sha256: \"" + sha256_hex(key.text) +
           "\", explain: " + (key.explain ? "true" : "false") + (b.empty() ? "" : ", " + b) +
           " }\n";
    organisation = o;
    team = t;
  }
  return out;
}

}  // namespace

std::string Scenario::catalog_yaml() const {
  std::string out = "models:\n";
  for (const ModelPlan& model : models) {
    out +=
        "  " + model.name +
        ":\n    vendor: Sim\n    context: 8000\n    output_max: 400\n"
        "    can: [tools, vision, reasoning, structured_output, json_mode]\n"
        "    score: { value: " +
        std::to_string(50 + 5 * (&model - models.data())) +
        ", source: sim, as_of: 2026-11-01 }\n    prices: [{ input: " + std::to_string(model.input) +
        ", output: " + std::to_string(model.output);
    if (model.cache_read != 0) out += ", cache_read: " + std::to_string(model.cache_read);
    out += ", source: sim }]\n";
  }
  return out;
}

std::string Scenario::gateway_yaml(Dice& dice) const {
  std::string out =
      "listen: 127.0.0.1:0\nadmin: { listen: \"127.0.0.1:0\" }\n"
      "catalog: [models.yaml]\nproviders:\n";
  for (const ProviderPlan& p : providers) {
    out += "  " + p.name +
           ":\n    base_url: \"http://127.0.0.1:" + std::to_string(9000 + (&p - providers.data())) +
           "/v1\"\n    keys: [\"${env:SIM_PROVIDER_KEY}\"]\n    models: [";
    for (std::size_t i = 0; i < p.models.size(); ++i)
      out += (i != 0 ? ", " : "") + models[p.models[i]].name;
    out += "]\n";
    if (!p.rename_suffix.empty()) {
      out += "    rename: { ";
      for (std::size_t i = 0; i < p.models.size(); ++i) {
        const std::string& name = models[p.models[i]].name;
        out += (i != 0 ? ", " : "") + name + ": " + name + p.rename_suffix;
      }
      out += " }\n";
    }
    if (p.max_completion_tokens) out += "    quirks: { max_completion_tokens: true }\n";
  }
  out +=
      "tiers:\n  economy: { min_score: 40 }\n  standard: { min_score: 55 }\n"
      "default_tier: economy\n";
  out += timeouts(dice);
  out += "retry: { attempts: " + std::to_string(dice.between(1, 4)) +
         ", retry_after_max: " + std::to_string(dice.between(0, 20) * 50) + "ms }\n";
  out += "breaker: { failures: " + std::to_string(dice.between(1, 6)) +
         ", open: " + std::to_string(dice.between(2, 20) * 50) + "ms }\n";
  out += "output_tokens_default: " + std::to_string(dice.between(20, 300)) + "\n";
  out += "ledger: { directory: \"\" }\nlog: { decisions: \"\" }\n";
  return out + "policies: [policies.yaml]\n" + organisations(*this, dice);
}

std::string Scenario::policies_yaml(Dice& dice) const {
  const std::string rules = policy_rules(dice);
  return rules.empty() ? "policies: []\n" : "policies:\n" + rules;
}

}  // namespace steelyard::sim
