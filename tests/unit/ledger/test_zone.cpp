#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "gateway/store/zone_loader.h"
#include "router/ledger/zone.h"

using namespace steelyard;
using router::CivilDate;
using router::Zone;

namespace {

std::string from_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

std::string iso(CivilDate d) {
  char out[16];
  std::snprintf(out, sizeof out, "%04d-%02d-%02d", d.year, d.month, d.day);
  return out;
}

std::string vectors_path() {
  return std::string(STEELYARD_SOURCE_DIR) + "/tests/unit/ledger/data/zone_vectors.txt";
}

// The raw bytes of one zone of the vectors.
std::string zone_bytes(const std::string& wanted) {
  std::ifstream in(vectors_path());
  std::string word, name, hex, line;
  while (std::getline(in, line)) {
    std::istringstream row(line);
    row >> word >> name >> hex;
    if (word == "zone" && name == wanted) return from_hex(hex);
  }
  FAIL("no zone " << wanted);
  return "";
}

}  // namespace

TEST_CASE("zone: days and months agree with python's zoneinfo") {
  std::ifstream in(vectors_path());
  REQUIRE(in.good());
  Zone zone;
  std::string line, name;
  int checked = 0, zones = 0, short_days = 0, long_days = 0;
  while (std::getline(in, line)) {
    std::istringstream row(line);
    if (line.starts_with('#')) continue;
    if (line.starts_with("zone ")) {
      std::string word, hex;
      row >> word >> name >> hex;
      auto parsed = Zone::parse(from_hex(hex));
      REQUIRE_MESSAGE(parsed.has_value(), name);
      zone = *parsed;
      ++zones;
      continue;
    }
    std::int64_t utc, offset, day_start, day_end, month_start, month_end;
    std::string date;
    row >> utc >> offset >> date >> day_start >> day_end >> month_start >> month_end;
    CAPTURE(name);
    CAPTURE(utc);
    const Instant t = Instant::from_seconds(utc);
    CHECK(zone.offset_at(utc) == offset);
    CHECK(iso(zone.date_of(t)) == date);
    CHECK(zone.day_of(t).start.seconds() == day_start);
    CHECK(zone.day_of(t).end.seconds() == day_end);
    CHECK(zone.month_of(t).start.seconds() == month_start);
    CHECK(zone.month_of(t).end.seconds() == month_end);
    short_days += day_end - day_start < 86'400;
    long_days += day_end - day_start > 86'400;
    ++checked;
  }
  CHECK(zones == 20);
  CHECK(checked > 900);
  CHECK(short_days > 20);
  CHECK(long_days > 20);
}

TEST_CASE("zone: an instant lies in its day, and days follow each other without gap") {
  for (const char* name : {"Asia/Beirut", "Africa/Cairo", "Pacific/Apia", "Australia/Lord_Howe"}) {
    CAPTURE(name);
    const Zone zone = *Zone::parse(zone_bytes(name));
    Instant at = Instant::from_seconds(1'293'840'000);  // 2011, with the day Apia skipped
    for (int day = 0; day < 366 * 3; ++day) {
      const router::Interval now = zone.day_of(at);
      REQUIRE(now.start <= at);
      REQUIRE(at < now.end);
      REQUIRE(zone.day_of(now.start).start == now.start);
      REQUIRE(zone.day_of({now.end.ns - 1}).end == now.end);
      REQUIRE(zone.day_of(now.end).start == now.end);
      at = now.end;
    }
  }
}

TEST_CASE("zone: calendar arithmetic") {
  struct Row {
    std::int64_t days;
    CivilDate date;
  };
  for (const Row& row :
       {Row{0, {1970, 1, 1}}, Row{-1, {1969, 12, 31}}, Row{59, {1970, 3, 1}},
        Row{11016, {2000, 2, 29}}, Row{19'782, {2024, 2, 29}}, Row{-719'468, {0, 3, 1}},
        Row{47'540, {2100, 2, 28}}, Row{47'541, {2100, 3, 1}}}) {
    CAPTURE(row.days);
    CHECK(router::civil_from_days(row.days) == row.date);
    CHECK(router::days_from_civil(row.date) == row.days);
  }
  for (std::int64_t day = -800'000; day < 800'000; day += 97)
    REQUIRE(router::days_from_civil(router::civil_from_days(day)) == day);
}

TEST_CASE("zone: UTC, month ends and leap days") {
  struct Row {
    CivilDate day;
    int length;
  };
  const Zone utc;
  for (const Row& row : {Row{{2026, 1, 31}, 31}, Row{{2026, 2, 28}, 28}, Row{{2028, 2, 29}, 29},
                         Row{{2100, 2, 1}, 28}, Row{{2026, 12, 31}, 31}, Row{{2027, 4, 30}, 30}}) {
    const std::int64_t start = router::days_from_civil(row.day) * 86'400;
    const router::Interval month = utc.month_of(Instant::from_seconds(start + 86'399));
    CHECK((month.end.seconds() - month.start.seconds()) / 86'400 == row.length);
    CHECK(utc.day_of(Instant::from_seconds(start)).start.seconds() == start);
  }
  // The ends of what an Instant can say.
  CHECK(utc.month_of({INT64_MAX}).end.ns == INT64_MAX);
  CHECK(utc.day_of({INT64_MIN + 2 * Instant::kPerSecond}).start.ns == INT64_MIN);
}

TEST_CASE("posix rule: accepted and refused") {
  for (const char* good :
       {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<+0330>-3:30", "EST5EDT,M3.2.0,M11.1.0",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "IST-1GMT0,M10.5.0,M3.5.0/1", "XXX3EDT4,0/0,J365/23",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"}) {
    CAPTURE(good);
    CHECK(router::PosixRule::parse(good).has_value());
  }
  for (const char* bad :
       {"", "UT0", "UTC", "UTC25", "CET-1CEST", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1CEST,M3.5.0,M10.5.0x", "<+03-3", "CET-1:60",
        "CET-1CEST,J0,J365", "CET-1CEST,M3.5.0,M10.5.0/3:00:00:00"}) {
    CAPTURE(bad);
    CHECK_FALSE(router::PosixRule::parse(bad).has_value());
  }
  const auto all_year = router::PosixRule::parse("XXX3EDT4,0/0,J365/23");
  for (std::int64_t utc = 1'767'000'000; utc < 1'767'000'000 + 400 * 86'400; utc += 3599)
    REQUIRE(all_year->at(utc).offset == -4 * 3600);
}

TEST_CASE("tzif: damaged files are refused, never read beyond") {
  const std::string good = zone_bytes("Europe/Berlin");
  REQUIRE(Zone::parse(good).has_value());
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK_FALSE(Zone::parse(std::string_view(good).substr(0, size)).has_value());
  // Any byte changed: refused or another zone, but no crash (run under the sanitizers).
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x55);
    const auto zone = Zone::parse(bad);
    if (zone) (void)zone->day_of(Instant::from_seconds(1'800'000'000));
  }
  std::string version1 = good;
  version1[4] = '\0';
  CHECK_FALSE(Zone::parse(version1).has_value());
}

TEST_CASE("zone loader: names that may be looked up") {
  for (const char* good : {"UTC", "Europe/Berlin", "Etc/GMT+12", "America/Argentina/Buenos_Aires"})
    CHECK(store::is_zone_name(good));
  for (const char* bad : {"", "/etc/passwd", "../x", "Europe/../../etc/passwd", "a b", "tzdata.zi"})
    CHECK_FALSE(store::is_zone_name(bad));
  const std::string utc[] = {"UTC"}, unknown[] = {"Europe/Atlantis"}, directory[] = {"Europe"};
  CHECK(store::load_zones(utc, "/nowhere")->find("UTC") != nullptr);
  CHECK_FALSE(store::load_zones(unknown).has_value());
  CHECK_FALSE(store::load_zones(directory).has_value());
}
