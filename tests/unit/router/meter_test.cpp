#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "router/meter.h"
#include "specs.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

constexpr std::int64_t minute = 60, hour = 3600, day = 86'400;
constexpr std::int64_t monday = 1'795'392'000 - 1'795'392'000 % day;  // checked below

PricePeriod random_period(std::mt19937_64& random) {
  const auto up_to = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  const auto random_rates = [&] {
    Rates r;
    for (PicoUsd& price : r.price) price.v = up_to(3) == 0 ? up_to(20) : up_to(90'000'000);
    return r;
  };
  PricePeriod period;
  period.rates = random_rates();
  std::int64_t above = 0;
  for (std::int64_t i = up_to(4); i > 0; --i) {
    above += 1 + up_to(400);
    period.cliffs.push_back(
        {above, up_to(2) == 0 ? CliffKind::whole_request : CliffKind::marginal, random_rates()});
  }
  if (up_to(2) == 0) {
    ClockRule rule;
    rule.percent = static_cast<std::int32_t>(1 + up_to(400));
    period.clock.push_back(rule);
  }
  if (up_to(3) == 0) period.batch = random_rates();
  return period;
}

// The definition, token by token, sharing nothing with router/meter but the words of its header.
NanoUsd oracle(const Usage& usage, const PricePeriod& period, bool batch) {
  const std::int64_t total = usage.total_input();
  const auto price_at = [&](std::int64_t position, std::size_t type) {
    Int128 price = batch ? period.batch->price[type].v : period.rates.price[type].v;
    const Int128 own = price, base = period.rates.price[type].v;
    for (const Cliff& cliff : period.cliffs) {
      if (total <= cliff.above_tokens) continue;
      const bool reached = cliff.kind == CliffKind::whole_request || position >= cliff.above_tokens;
      if (!reached) continue;
      const Int128 above = cliff.rates.price[type].v;
      if (!batch) price = above;
      if (batch)
        price = base == 0 ? above : (own * above) / base + ((own * above) % base != 0 ? 1 : 0);
    }
    return price;
  };
  Int128 pico = 0;
  std::int64_t position = 0;
  const std::pair<std::int64_t, std::size_t> prompt[] = {
      {usage.cache_read, 1}, {usage.cache_write_1h, 3}, {usage.cache_write_5m, 2},
      {usage.input, 0},      {usage.audio_input, 5},    {usage.image_input, 7}};
  for (const auto& [count, type] : prompt)
    for (std::int64_t i = 0; i < count; ++i) pico += price_at(position++, type);
  for (std::int64_t i = 0; i < usage.output; ++i) pico += price_at(INT64_MAX, 4);
  for (std::int64_t i = 0; i < usage.audio_output; ++i) pico += price_at(INT64_MAX, 6);
  for (std::int64_t i = 0; i < usage.image_output; ++i) pico += price_at(INT64_MAX, 8);
  const Int128 percent = period.clock.empty() ? 100 : period.clock[0].percent;
  const Int128 hundredths = pico * percent;  // of a pico-dollar
  Int128 nano = hundredths / 100'000;
  if (nano * 100'000 != hundredths) ++nano;
  return {static_cast<std::int64_t>(nano)};
}

Usage random_usage(std::mt19937_64& random) {
  const auto some = [&] {
    return random() % 3 == 0 ? 0 : static_cast<std::int64_t>(random() % 300);
  };
  Usage usage;
  usage.input = some();
  usage.cache_read = some();
  usage.cache_write_5m = some();
  usage.cache_write_1h = some();
  usage.output = some();
  if (random() % 4 == 0) {
    usage.audio_input = some();
    usage.image_input = some();
    usage.audio_output = some();
    usage.image_output = some();
  }
  return usage;
}

}  // namespace

TEST_CASE("meter: agrees with the definition, token by token") {
  const bool held = rc::check("cost_of == oracle", [](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 100; ++i) {
      const PricePeriod period = random_period(random);
      const PriceTable table({period});
      const Usage usage = random_usage(random);
      const Instant at = Instant::from_seconds(static_cast<std::int64_t>(random() % 2'000'000'000));
      RC_ASSERT(cost_of(usage, table.tariff_at(at)).v == oracle(usage, period, false).v);
      if (period.batch)
        RC_ASSERT(cost_of(usage, table.tariff_at(at, ServiceTier::batch)).v ==
                  oracle(usage, period, true).v);
    }
  });
  CHECK(held);
}

TEST_CASE("meter: nothing within the bounds costs more than the worst case") {
  const bool held = rc::check("cost_of <= worst_case", [](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 100; ++i) {
      const PriceTable table({random_period(random)});
      const Tariff tariff = table.tariff_at({});
      Usage usage = random_usage(random);
      const auto writes = static_cast<CacheWrites>(random() % 3);
      if (writes != CacheWrites::one_hour) usage.cache_write_1h = 0;
      if (writes == CacheWrites::none) usage.cache_write_5m = 0;
      CostBounds bounds;
      bounds.input_tokens =
          usage.total_input() + static_cast<std::int64_t>(random() % 3 == 0 ? random() % 500 : 0);
      bounds.output_tokens =
          usage.total_output() + static_cast<std::int64_t>(random() % 2 == 0 ? random() % 100 : 0);
      bounds.writes = writes;
      bounds.media = usage.audio_input + usage.image_input > 0;
      RC_ASSERT(cost_of(usage, tariff).v <= worst_case(bounds, tariff).v);
    }
  });
  CHECK(held);
}

TEST_CASE("meter: the bound is reached, so it refuses nobody without need") {
  const PriceTable table({[] {
    PricePeriod p;
    p.rates = rates(4'000, 20'000, 200, 5'000, 8'000);
    return p;
  }()});
  const Tariff tariff = table.tariff_at({});
  struct Row {
    CacheWrites writes;
    Usage usage;
  };
  Row rows[3];
  rows[0] = {CacheWrites::none, {}};
  rows[0].usage.input = 777;
  rows[1] = {CacheWrites::five_minutes, {}};
  rows[1].usage.cache_write_5m = 777;
  rows[2] = {CacheWrites::one_hour, {}};
  rows[2].usage.cache_write_1h = 777;
  for (Row& row : rows) {
    row.usage.output = 33;
    CHECK(cost_of(row.usage, tariff) == worst_case({777, 33, row.writes}, tariff));
  }
}

TEST_CASE("meter: sound and pictures have prices of their own, and are held for") {
  PricePeriod p;
  p.rates = rates(4'000, 20'000, 200, 5'000, 8'000);
  const auto set = [&p](TokenClass input, TokenClass output, const Rates& own) {
    p.rates.price[static_cast<std::size_t>(input)] = own.of(TokenClass::input);
    p.rates.price[static_cast<std::size_t>(output)] = own.of(TokenClass::output);
  };
  set(TokenClass::audio_input, TokenClass::audio_output, rates(32'000, 64'000));
  set(TokenClass::image_input, TokenClass::image_output, rates(6'000, 30'000));
  const PriceTable table({p});
  const Tariff tariff = table.tariff_at({});
  Usage usage;
  usage.input = 100;
  usage.cache_read = 10;
  usage.output = 20;
  usage.audio_input = 3;
  usage.image_input = 5;
  usage.audio_output = 7;
  usage.image_output = 11;
  CHECK(usage.total_input() == 118);
  CHECK(usage.total_output() == 38);
  const std::int64_t pico =
      100 * 4'000 + 10 * 200 + 20 * 20'000 + 3 * 32'000 + 5 * 6'000 + 7 * 64'000 + 11 * 30'000;
  CHECK(cost_of(usage, tariff).v == pico);
  // Text in, anything out; then anything in.
  CHECK(worst_case({118, 38, CacheWrites::none, false}, tariff).v == 118 * 4'000 + 38 * 64'000);
  CHECK(worst_case({118, 38, CacheWrites::none}, tariff).v == 118 * 32'000 + 38 * 64'000);
  CHECK(cost_of(usage, tariff) <= worst_case({118, 38, CacheWrites::none}, tariff));
}

TEST_CASE("meter: web searches cost their price each, or once, whatever else multiplies prices") {
  PricePeriod period;
  period.rates = rates(4'000, 20'000, 400);
  period.clock = {{0x7F, 0, 1440, 200}};
  period.cliffs = {{1'000, CliffKind::whole_request, rates(8'000, 40'000, 800)}};
  period.web_search = NanoUsd{10'000'000};
  Usage usage;
  usage.input = 2'000;
  usage.output = 10;
  const NanoUsd tokens = cost_of(usage, PriceTable({period}).tariff_at({}));
  usage.web_searches = 3;
  const PriceTable each({period});
  CHECK(cost_of(usage, each.tariff_at({})) == tokens + NanoUsd{30'000'000});
  CostBounds bounds{2'000, 10};
  bounds.web_searches = 3;
  const Tariff tariff = each.tariff_at({});
  CHECK(worst_case(bounds, tariff) >= cost_of(usage, tariff));
  CHECK(output_within(bounds, tariff, NanoUsd{30'000'000} + tokens) == 10);
  CHECK(output_within(bounds, tariff, worst_case(bounds, tariff) - NanoUsd{1}) == 9);
  CHECK(output_within(bounds, tariff, NanoUsd{29'999'999}) == -1);
  CHECK(expected_cost({2'000, 0, 10, CacheWrites::none, 1}, tariff) ==
        tokens + NanoUsd{10'000'000});
  period.web_search_per = SearchFee::answer;
  CHECK(cost_of(usage, PriceTable({period}).tariff_at({})) == tokens + NanoUsd{10'000'000});
  usage.web_searches = 0;
  CHECK(cost_of(usage, PriceTable({period}).tariff_at({})) == tokens);
  usage.web_searches = 5;
  period.web_search.reset();  // nobody knows: the planner lets it through where no money is limited
  CHECK(cost_of(usage, PriceTable({period}).tariff_at({})) == tokens);
  CHECK(PriceTable({period}).tariff_at({}).web_search.v < 0);
}

TEST_CASE("meter: output_within is the largest output that fits") {
  const bool held = rc::check("output_within", [](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const PriceTable table({random_period(random)});
    const Tariff tariff = table.tariff_at({});
    const CostBounds bounds{static_cast<std::int64_t>(random() % 900),
                            static_cast<std::int64_t>(random() % 400), CacheWrites::five_minutes};
    const NanoUsd room{static_cast<std::int64_t>(random() % 90'000'000)};
    const std::int64_t fits = output_within(bounds, tariff, room);
    RC_ASSERT(fits >= -1 && fits <= bounds.output_tokens);
    const auto with = [&](std::int64_t n) {
      return worst_case({bounds.input_tokens, n, bounds.writes}, tariff);
    };
    if (fits >= 0) RC_ASSERT(with(fits) <= room);
    if (fits < bounds.output_tokens) RC_ASSERT(with(fits + 1) > room);
  });
  CHECK(held);
}

TEST_CASE("meter: long-context cliffs, to the token") {
  PricePeriod period;
  period.rates = rates(2'500, 15'000, 250);
  period.cliffs = {{272'000, CliffKind::whole_request, rates(5'000, 22'500, 500)}};
  const PriceTable whole({period});
  period.cliffs[0].kind = CliffKind::marginal;
  const PriceTable marginal({period});
  struct Row {
    std::int64_t input, read, output, whole, marginal;  // nano-dollars
  };
  for (const Row& row : {
           Row{271'999, 0, 0, 679'997'500, 679'997'500},
           Row{272'000, 0, 0, 680'000'000, 680'000'000},
           Row{272'001, 0, 0, 1'360'005'000, 680'005'000},
           Row{72'000, 200'000, 0, 230'000'000,
               230'000'000},  // cached tokens count towards the threshold
           Row{72'001, 200'000, 0, 460'005'000, 230'005'000},
           Row{272'000, 0, 1'000, 695'000'000, 695'000'000},
           Row{272'001, 0, 1'000, 1'382'505'000, 702'505'000},  // output is above with the input
           Row{0, 272'001, 0, 136'000'500, 68'000'500},
       }) {
    CAPTURE(row.input);
    CAPTURE(row.read);
    Usage usage;
    usage.input = row.input;
    usage.cache_read = row.read;
    usage.output = row.output;
    CHECK(cost_of(usage, whole.tariff_at({})).v == row.whole);
    CHECK(cost_of(usage, marginal.tariff_at({})).v == row.marginal);
  }
  CHECK(rates_at(whole.tariff_at({}), 272'000).of(TokenClass::input).v == 2'500'000);
  CHECK(rates_at(whole.tariff_at({}), 272'001).of(TokenClass::input).v == 5'000'000);
}

TEST_CASE("meter: the clock's edges, weekdays only") {
  REQUIRE(utc_moment(Instant::from_seconds(monday)).weekday == 0);
  REQUIRE(utc_moment(Instant::from_seconds(monday)).minute == 0);
  PricePeriod period;
  period.rates = rates(150, 600);
  period.clock = {{0x1F, 60, 240, 200}, {0x1F, 360, 600, 200}};
  const PriceTable table({period});
  struct Row {
    std::int64_t second;
    std::int64_t nano;  // of a million input tokens
  };
  for (const Row& row :
       {Row{0, 150'000'000}, Row{hour - 1, 150'000'000}, Row{hour, 300'000'000},
        Row{4 * hour - 1, 300'000'000}, Row{4 * hour, 150'000'000}, Row{6 * hour - 1, 150'000'000},
        Row{6 * hour, 300'000'000}, Row{10 * hour - 1, 300'000'000}, Row{10 * hour, 150'000'000},
        Row{4 * day + 2 * hour, 300'000'000}, Row{5 * day + 2 * hour, 150'000'000},
        Row{6 * day + 7 * hour, 150'000'000}, Row{7 * day + 90 * minute, 300'000'000}}) {
    CAPTURE(row.second);
    Usage usage;
    usage.input = 1'000'000;
    CHECK(cost_of(usage, table.tariff_at(Instant::from_seconds(monday + row.second))).v ==
          row.nano);
  }
}

TEST_CASE("meter: prices change at an instant, and end") {
  const Instant end = Instant::from_seconds(monday);
  PricePeriod promotion, after;
  promotion.rates = rates(1'000, 2'000);
  promotion.source = "a newsletter";
  promotion.from = Instant::from_seconds(monday - day);
  promotion.until = end;
  after.rates = rates(3'000, 6'000);
  after.source = "the price page";
  after.from = end;
  after.until = Instant::from_seconds(monday + day);
  const PriceTable table({promotion, after});
  Usage usage;
  usage.input = 1;
  CHECK_FALSE(table.tariff_at({promotion.from.ns - 1}).priced());
  CHECK(cost_of(usage, table.tariff_at(promotion.from)).v == 1'000);
  CHECK(cost_of(usage, table.tariff_at({end.ns - 1})).v == 1'000);
  CHECK(cost_of(usage, table.tariff_at(end)).v == 3'000);
  CHECK(cost_of(usage, table.tariff_at({after.until.ns - 1})).v == 3'000);
  CHECK_FALSE(table.tariff_at(after.until).priced());
  CHECK(cost_of(usage, table.tariff_at(after.until)).v == 0);
  CHECK_FALSE(PriceTable().tariff_at(end).priced());

  CHECK(table.source_at({promotion.from.ns - 1}) == "");
  CHECK(table.source_at(promotion.from) == "a newsletter");
  CHECK(table.source_at({end.ns - 1}) == "a newsletter");
  CHECK(table.source_at(end) == "the price page");
  CHECK(table.source_at(after.until) == "");
}

TEST_CASE("meter: service tiers, with and without a price of their own") {
  PricePeriod period;
  period.rates = rates(4'000, 20'000);
  period.batch = rates(2'000, 10'000);
  period.cliffs = {{100, CliffKind::whole_request, rates(8'000, 40'000)}};
  const PriceTable table({period});
  Usage usage;
  usage.input = 10;
  usage.output = 1;
  CHECK(cost_of(usage, table.tariff_at({}, ServiceTier::standard)).v == 60'000);
  CHECK(cost_of(usage, table.tariff_at({}, ServiceTier::batch)).v == 30'000);
  CHECK(cost_of(usage, table.tariff_at({}, ServiceTier::flex)).v == 60'000);
  CHECK_FALSE(table.tariff_at({}, ServiceTier::priority).priced());
  usage.input = 101;  // half of twice
  CHECK(cost_of(usage, table.tariff_at({}, ServiceTier::batch)).v == 101 * 4'000 + 20'000);
}

TEST_CASE("meter: one rounding up, no overflow, no negative counts") {
  PricePeriod period;
  period.rates.price.fill(PicoUsd{1});
  const PriceTable table({period});
  const Tariff tariff = table.tariff_at({});
  Usage one_each{1, 1, 1, 1, 1, 0};
  CHECK(cost_of(one_each, tariff).v == 1);  // five pico-dollars are one nano-dollar, not five
  CHECK(cost_of({}, tariff).v == 0);
  Usage garbage{-5, INT64_MIN, -1, -1, -7, 0};
  CHECK(cost_of(garbage, tariff).v == 0);
  period.rates.price.fill(PicoUsd{INT64_MAX});
  const PriceTable dear({period});
  Usage huge{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 0};
  CHECK(cost_of(huge, dear.tariff_at({})).v == INT64_MAX);
  CHECK(worst_case({INT64_MAX, INT64_MAX, CacheWrites::one_hour}, dear.tariff_at({})).v ==
        INT64_MAX);
}

TEST_CASE("meter: what is expected of a cached prompt") {
  PricePeriod period;
  period.rates = rates(4'000, 20'000, 200, 5'000);
  const PriceTable table({period});
  const Tariff tariff = table.tariff_at({});
  CHECK(expected_cost({1'000, 0, 100, CacheWrites::none}, tariff).v == 4'000'000 + 2'000'000);
  CHECK(expected_cost({1'000, 900, 100, CacheWrites::none}, tariff).v ==
        180'000 + 400'000 + 2'000'000);
  CHECK(expected_cost({1'000, 900, 100, CacheWrites::five_minutes}, tariff).v ==
        180'000 + 500'000 + 2'000'000);
  CHECK(expected_cost({1'000, 9'000, 0, CacheWrites::none}, tariff).v == 200'000);
}
