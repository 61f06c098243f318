#include "gateway/reports/focus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "config/types/json_writer.h"
#include "gateway/reports/text_table.h"
#include "router/ledger/zone.h"
#include "router/meter.h"

namespace steelyard::reports {
namespace {

constexpr std::size_t classes = 4,
                      searches = classes;  // of tokens; and the provider's own searches
struct ClassName {
  const char* meter;
  const char* sku;
  TokenClass rate;  // of tokens
};
constexpr std::array<ClassName, classes + 1> class_names{{
    {"Input tokens", "input", TokenClass::input},
    {"Cached input tokens", "cache-read", TokenClass::cache_read},
    {"Cache write tokens", "cache-write", TokenClass::cache_write_5m},
    {"Output tokens", "output", TokenClass::output},
    {"Web searches", "web-search", {}},
}};

constexpr std::string_view columns =
    "BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingPeriodStart,"
    "BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ChargeClass,"
    "ChargeDescription,ChargeFrequency,ConsumedQuantity,ConsumedUnit,PricingQuantity,PricingUnit,"
    "PricingCategory,ListUnitPrice,ContractedUnitPrice,ProviderName,PublisherName,"
    "InvoiceIssuerName,ServiceProviderName,HostProviderName,ServiceCategory,ServiceSubcategory,"
    "ServiceName,SkuId,SkuMeter,SkuPriceId,BillingAccountId,SubAccountId,SubAccountName,"
    "SubAccountType,ResourceId,Tags,x_Key,x_Tier,x_RequestCount,x_EstimatedCount,"
    "x_GatewaySavedCost";

// Rows sort as they are compared: hour, organisation, team, key, provider, model, tier, class.
using RowKey = std::tuple<std::int64_t, std::string, std::string, std::string, std::string,
                          std::string, std::string, std::size_t>;
struct Row {
  std::int64_t quantity = 0, requests = 0, estimated = 0;
  Int128 cost = 0, saved = 0;
  // Pico-dollars a token, nano-dollars a search; -1: unknown, -2: several.
  std::int64_t unit_price = -1;
};

struct Charge {
  std::array<std::int64_t, classes> tokens{};
  std::array<PicoUsd, classes> rates{};
  NanoUsd cost;
};

// The cost shared out by tokens times rate; without rates by tokens, without tokens to the first.
// Each share is a difference of two rounded sums, so that nothing is lost.
std::array<NanoUsd, classes> shares(const Charge& charge) {
  std::array<Int128, classes> weights{};
  Int128 all = 0;
  for (std::size_t i = 0; i < classes; ++i)
    all += weights[i] = static_cast<Int128>(charge.tokens[i]) * charge.rates[i].v;
  if (all == 0)
    for (std::size_t i = 0; i < classes; ++i) all += weights[i] = charge.tokens[i];
  if (all == 0) all = weights[0] = 1;
  // Weights of 64 bits at most: their product with the cost has to fit 128.
  while (all > INT64_MAX) {
    all = 0;
    for (Int128& weight : weights) all += weight /= 2;
  }
  std::array<NanoUsd, classes> out;
  Int128 sum = 0;
  std::int64_t given = 0;
  for (std::size_t i = 0; i < classes; ++i) {
    sum += weights[i];
    const auto so_far = static_cast<std::int64_t>(sum * charge.cost.v / all);
    out[i].v = so_far - given;
    given = so_far;
  }
  return out;
}

std::string decimal(Int128 value, Int128 unit, int digits) {
  const bool negative = value < 0;
  if (negative) value = -value;
  return fmt::format("{}{}.{:0{}}", negative ? "-" : "", static_cast<std::int64_t>(value / unit),
                     static_cast<std::int64_t>(value % unit), digits);
}

std::string time_text(std::int64_t seconds) {
  const router::CivilDate date = router::civil_from_days(seconds / 86'400);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:00:00Z", date.year, date.month, date.day,
                     seconds % 86'400 / 3'600);
}

std::int64_t month_start(std::int64_t seconds, int months_later) {
  router::CivilDate date = router::civil_from_days(seconds / 86'400);
  date.month += months_later;
  if (date.month == 13) date = {date.year + 1, 1, 1};
  return router::days_from_civil({date.year, date.month, 1}) * 86'400;
}

std::string text_of(const RowKey& key, const Row& row) {
  const auto& [hour, organisation, team, api_key, provider, model, tier, kind] = key;
  const ClassName& name = class_names[kind];
  const bool tokens = kind != searches;
  const std::string cost = decimal(row.cost, 1'000'000'000, 9);
  const std::string price = row.unit_price < 0 ? "" : decimal(row.unit_price, 1'000'000, 6);
  std::string tags;
  JsonWriter json(tags);
  json.begin_object().field("organisation", organisation).field("team", team);
  json.field("key", api_key).field("tier", tier).end_object();
  const std::string account = organisation + "/" + team;
  const std::string cells[] = {
      cost,
      cost,
      cost,
      cost,
      "USD",
      time_text(month_start(hour, 0)),
      time_text(month_start(hour, 1)),
      time_text(hour),
      time_text(hour + 3'600),
      "Usage",
      "",
      model + ": " + name.meter,
      "Usage-Based",
      std::to_string(row.quantity),
      tokens ? "Tokens" : "Searches",
      tokens ? decimal(row.quantity, 1'000'000, 6) : decimal(row.quantity, 1'000, 3),
      tokens ? "1000000 Tokens" : "1000 Searches",
      "Standard",
      price,
      price,
      provider,
      provider,
      provider,
      provider,
      provider,
      "AI and Machine Learning",
      "Generative AI",
      provider,
      model,
      name.meter,
      model + "/" + name.sku,
      organisation,
      account,
      account,
      "team",
      "",
      tags,
      api_key,
      tier,
      std::to_string(row.requests),
      std::to_string(row.estimated),
      decimal(row.saved, 1'000'000'000, 9)};
  std::string out;
  for (const std::string& cell : cells) out += csv_cell(cell) + ",";
  out.back() = '\r';
  return out + "\n";
}

// Columns: start, organisation, team, key, provider, model, cost, prompt, cached, written, output,
// usage source, tier, saved, searches.
void add_charge(const Statement& at, const TariffOf& tariff_of, std::map<RowKey, Row>& rows) {
  Charge charge;
  charge.cost.v = at.integer(6);
  const std::int64_t prompt = at.integer(7), cached = at.integer(8), written = at.integer(9);
  charge.tokens = {std::max<std::int64_t>(prompt - cached - written, 0), cached, written,
                   at.integer(10)};
  const Instant start{at.integer(0)};
  const std::string model(at.text(5));
  const router::Tariff tariff = tariff_of(model, start);
  if (tariff.priced()) {
    const Rates rates = router::rates_at(tariff, prompt);
    for (std::size_t i = 0; i < classes; ++i) charge.rates[i] = rates.of(class_names[i].rate);
  }
  // Searches have an exact price; the rest is the tokens'.
  const std::int64_t searched = tariff.billed_searches(at.integer(14));
  const std::int64_t each = std::max<std::int64_t>(tariff.web_search.v, 0);
  const auto fee = static_cast<std::int64_t>(
      std::min(static_cast<Int128>(searched) * each,
               static_cast<Int128>(std::max<std::int64_t>(charge.cost.v, 0))));
  charge.cost.v -= fee;
  std::array<NanoUsd, classes + 1> parts{};
  std::ranges::copy(shares(charge), parts.begin());
  parts[searches].v = fee;
  std::int64_t saved = at.integer(13);  // of the whole request: with one of its rows
  for (std::size_t i = parts.size(); i-- > 0;) {
    const std::int64_t quantity = i == searches ? searched : charge.tokens[i];
    const bool empty = quantity == 0 && parts[i].v == 0;
    if (empty && (i != 0 || saved == 0)) continue;
    const RowKey key{start.seconds() / 3'600 * 3'600, std::string(at.text(1)),
                     std::string(at.text(2)),         std::string(at.text(3)),
                     std::string(at.text(4)),         model,
                     std::string(at.text(12)),        i};
    const auto [place, fresh] = rows.try_emplace(key);
    Row& row = place->second;
    row.quantity += quantity;
    row.cost += parts[i].v;
    row.saved += std::exchange(saved, 0);
    ++row.requests;
    row.estimated += at.text(11) != "provider";
    const std::int64_t price = i == searches     ? tariff.web_search.v
                               : tariff.priced() ? charge.rates[i].v
                                                 : -1;
    row.unit_price = fresh || row.unit_price == price ? price : -2;
  }
}

}  // namespace

Result<std::string> focus_csv(ReadStore& store, const ReportQuery& query,
                              const TariffOf& tariff_of) {
  Result<Statement> charges = select_charges(
      store, query,
      "c.start_ns, c.organisation, c.team, c.key, c.provider, c.model, c.spend_nano_usd, "
      "c.prompt_tokens, c.cached_tokens, c.cache_write_tokens, c.completion_tokens, "
      "c.usage_source, "
      "c.tier, c.saved_nano_usd, c.web_searches",
      "");
  if (!charges) return fail(charges.error());
  std::map<RowKey, Row> rows;
  for (Result<bool> row = charges->step();; row = charges->step()) {
    if (!row) return fail(row.error());
    if (!*row) break;
    if (charges->integer(6) != 0 || charges->integer(7) != 0 || charges->integer(10) != 0 ||
        charges->integer(13) != 0 || charges->integer(14) != 0)
      add_charge(*charges, tariff_of, rows);
  }
  std::string out(columns);
  out += "\r\n";
  for (const auto& [key, row] : rows) out += text_of(key, row);
  return out;
}

}  // namespace steelyard::reports
