// The small languages: what they accept, to the last digit, and what they refuse.
#include "config/values.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

namespace steelyard::test {

TEST_CASE("money is exact, and carries its currency") {
  struct Row {
    const char* text;
    std::int64_t nano;  // -1: refused
  };
  for (const Row& row : {Row{"$20,000", 20'000'000'000'000},
                         Row{"$0.05", 50'000'000},
                         Row{"150 USD", 150'000'000'000},
                         Row{"150USD", 150'000'000'000},
                         Row{"$0.000000001", 1},
                         Row{"$ 5", 5'000'000'000},
                         Row{"$1_000", 1'000'000'000'000},
                         Row{"$0", 0},
                         Row{"$9,223,372,036.854775807", INT64_MAX},
                         Row{"$9,223,372,036.854775808", -1},
                         Row{"$1.10", 1'100'000'000},
                         Row{"20000", -1},
                         Row{"$", -1},
                         Row{"$-5", -1},
                         Row{"$1e3", -1},
                         Row{"$0.0000000001", -1},
                         Row{"$1,00", -1},
                         Row{"$,100", -1},
                         Row{"$10,0000", -1},
                         Row{"$01", -1},
                         Row{"$.5", -1},
                         Row{"$5.", -1},
                         Row{"EUR 5", -1},
                         Row{"$99999999999999999999", -1},
                         Row{"", -1}}) {
    CAPTURE(row.text);
    const Parsed<NanoUsd> money = parse_money(row.text);
    CHECK(money.has_value() == (row.nano >= 0));
    if (money) CHECK(money->v == row.nano);
  }
}

TEST_CASE("prices are exact pico-dollars a token") {
  struct Row {
    const char* text;
    std::int64_t pico;
  };
  for (const Row& row :
       {Row{"2.5", 2'500'000}, Row{"0.00875", 8'750}, Row{"$10", 10'000'000}, Row{"0.000001", 1},
        Row{"0.0000001", -1}, Row{"0", 0}, Row{"1000000", 1'000'000'000'000}, Row{"1000001", -1},
        Row{"-1", -1}, Row{"2,5", -1}, Row{"cheap", -1}, Row{"0.10", 100'000}}) {
    CAPTURE(row.text);
    const Parsed<PicoUsd> price = parse_price(row.text);
    CHECK(price.has_value() == (row.pico >= 0));
    if (price) CHECK(price->v == row.pico);
  }
}

TEST_CASE("counts, sizes and durations") {
  CHECK(parse_count("16384").value() == 16'384);
  CHECK(parse_count("272,000").value() == 272'000);
  CHECK(parse_count("16_384").value() == 16'384);
  CHECK(parse_count("600k").value() == 600'000);
  CHECK(parse_count("1.5M").value() == 1'500'000);
  CHECK(parse_count("9223372036854775807").value() == INT64_MAX);
  for (const char* bad : {"", "010", "1e3", "2.5", "k", "-1", "9223372036854775808",
                          "9223372036854775807k", "1__0", "_1", "1.0001k"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_count(bad).has_value());
  }
  CHECK(parse_bytes("32MiB").value() == 32 << 20);
  CHECK(parse_bytes("1.5 KiB").value() == 1'536);
  CHECK(parse_bytes("1MB").value() == 1'000'000);
  CHECK_FALSE(parse_bytes("32 miles").has_value());
  CHECK(parse_duration_ms("250ms").value() == 250);
  CHECK(parse_duration_ms("1m30s").value() == 90'000);
  CHECK(parse_duration_ms("0.5s").value() == 500);
  CHECK(parse_duration_ms("1d").value() == 86'400'000);
  for (const char* bad :
       {"", "10", "s", "1s1s", "1s1m", "1.0001ms", "900d", "1h 30m", "5 parsecs", "-5s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration_ms(bad).has_value());
  }
}

TEST_CASE("dates know the calendar") {
  CHECK(parse_instant("1970-01-01").value().seconds() == 0);
  CHECK(parse_instant("2026-11-22").value().seconds() == 1'795'305'600);
  CHECK(parse_instant("2024-02-29").value().seconds() == 1'709'164'800);
  CHECK(parse_instant("2026-11-30T16:00:01Z").value().seconds() == 1'796'054'401);
  CHECK(parse_instant("2100-03-01").value().seconds() == 4'107'542'400);
  for (const char* bad : {"", "2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-1-1",
                          "2026-11-30 16:00:00", "2026-11-30T24:00:00Z", "1969-12-31",
                          "2026-11-30T16:00:00", "yesterday"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_instant(bad).has_value());
  }
}

TEST_CASE("hours") {
  CHECK(parse_hours("08:00-18:00").value().from == 480);
  CHECK(parse_hours("22:00-06:00").value().to == 360);
  CHECK(parse_hours("00:00-24:00").value().to == 1440);
  for (const char* bad : {"8-18", "08:00-08:00", "24:00-01:00", "08:60-09:00", "25:00-26:00",
                          "08:00", "08:00-18:00 "}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_hours(bad).has_value());
  }
}

TEST_CASE("addresses and zones") {
  CHECK(parse_listen("127.0.0.1:8080").value().port == 8080);
  CHECK(parse_listen(":80").value().host == "0.0.0.0");
  CHECK(parse_listen("[::1]:0").value().host == "::1");
  CHECK(parse_listen("localhost:9").value().host == "127.0.0.1");
  for (const char* bad : {"", "8080", "::1:80", "[::1]", "1.2.3:80", "1.2.3.04:80", "1.2.3.256:80",
                          "host:80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "[zz::]:1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_listen(bad).has_value());
  }
  for (const char* good : {"Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5"})
    CHECK(looks_like_time_zone(good));
  for (const char* bad : {"", "CEST", "Berlin", "../../etc/passwd", "Europe/", "/etc/localtime",
                          "Europe//Berlin", "Europe/Ber lin", "+01:00"}) {
    CAPTURE(bad);
    CHECK_FALSE(looks_like_time_zone(bad));
  }
}

TEST_CASE("property: what is printed exactly is read exactly") {
  CHECK(rc::check("decimal text of any amount comes back", [] {
    const auto nano = *rc::gen::inRange<std::int64_t>(0, INT64_MAX);
    std::string tail = std::to_string(nano % 1'000'000'000 + 1'000'000'000).substr(1);
    RC_ASSERT(parse_money("$" + std::to_string(nano / 1'000'000'000) + "." + tail).value().v ==
              nano);
  }));
  CHECK(rc::check("no text makes a parser throw", [](const std::string& text) {
    (void)parse_money(text), (void)parse_price(text), (void)parse_count(text),
        (void)parse_bytes(text);
    (void)parse_duration_ms(text), (void)parse_instant(text), (void)parse_hours(text),
        (void)parse_listen(text);
    (void)parse_percent(text), (void)looks_like_time_zone(text);
  }));
}

}  // namespace steelyard::test
