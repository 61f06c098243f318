#include "gateway/mock/bill.h"

#include <doctest/doctest.h>

using namespace steelyard;
using namespace steelyard::mock;

TEST_CASE("price: decimal text to pico-dollars per token") {
  struct Row {
    std::string text;
    std::int64_t pico;  // -1: refused
  };
  const Row rows[] = {
      {"0", 0},
      {"1", 1'000'000},
      {"0.15", 150'000},
      {".5", 500'000},
      {"2.", 2'000'000},
      {"0.000001", 1},
      {"10.25", 10'250'000},
      {"1000000", 1'000'000'000'000},
      {"", -1},
      {".", -1},
      {"-1", -1},
      {"1e3", -1},
      {"1,5", -1},
      {"0.0000001", -1},
      {"1.2.3", -1},
      {"1000001", -1},
      {" 1", -1},
      {"99999999999999999999999", -1},
      {"1000000.000001", -1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto price = parse_price(row.text);
    CHECK(price.has_value() == (row.pico >= 0));
    if (price) CHECK(price->v == row.pico);
  }
}

TEST_CASE("cost: rounded up once per request") {
  struct Row {
    std::string why;
    std::int64_t input, cached, output, nano;
  };
  const Prices prices{{150'000}, {75'000}, {600'000}};  // 0.15, 0.075, 0.60
  for (const Row& row :
       {Row{"nothing", 0, 0, 0, 0}, Row{"one token in", 1, 0, 0, 150},
        Row{"one cached", 1, 1, 0, 75}, Row{"mixed", 10, 4, 3, 900 + 300 + 1800}}) {
    CAPTURE(row.why);
    Charge charge;
    charge.input_tokens = row.input;
    charge.cached_tokens = row.cached;
    charge.output_tokens = row.output;
    CHECK(cost_of(charge, prices).v == row.nano);
  }
  Charge odd;
  odd.input_tokens = odd.output_tokens = 1;
  CHECK(cost_of(odd, {{1}, {1}, {1}}).v == 1);  // 2 pico-dollars are one nano-dollar, not two
}

TEST_CASE("bill: totals keep everything, charges only the last") {
  Bill bill(3);
  Charge charge;
  for (int i = 1; i <= 5; ++i) {
    charge.id = std::to_string(i);
    charge.model = i % 2 ? "odd" : "even";
    charge.input_tokens = i;
    charge.cost = NanoUsd{10 * i};
    bill.add(charge);
  }
  bill.add_error("even");
  const BillSnapshot seen = bill.snapshot();
  CHECK(seen.total.requests == 5);
  CHECK(seen.total.input_tokens == 15);
  CHECK(seen.total.cost.v == 150);
  CHECK(seen.total.errors == 1);
  CHECK(seen.models.at("odd").cost.v == 90);
  REQUIRE(seen.charges.size() == 3);
  CHECK(seen.charges[0].id == "3");
  CHECK(seen.charges[2].id == "5");
  bill.reset();
  CHECK(bill.snapshot().total.requests == 0);
  CHECK(bill_json(bill.snapshot()) ==
        R"({"models":{},"total":{"requests":0,"errors":0,"input_tokens":0,"cached_tokens":0,)"
        R"("output_tokens":0,"web_searches":0,"nano_usd":0},"charges":[]})");
}

TEST_CASE("bill: invented model names do not fill the memory") {
  Bill bill(0);
  Charge charge;
  for (int i = 0; i < 5000; ++i) {
    charge.model = "m" + std::to_string(i);
    bill.add(charge);
  }
  CHECK(bill.snapshot().models.size() <= 1001);
  CHECK(bill.snapshot().models.at("(other)").requests == 4000);
  CHECK(bill.snapshot().charges.empty());
}
