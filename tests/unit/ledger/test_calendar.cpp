// Hours, weeks, months with another first day, quarters and years against the plainest way to find
// them: day by day.
#include <functional>

#include "books_support.h"
#include "gateway/store/zone_loader.h"

using namespace ledger_test;

namespace {

const std::vector<std::string> kZones = {"UTC",
                                         "Europe/Berlin",
                                         "America/New_York",
                                         "Australia/Lord_Howe",
                                         "Asia/Kathmandu",
                                         "Pacific/Kiritimati",
                                         "Pacific/Apia",
                                         "America/Sao_Paulo",
                                         "Africa/Casablanca"};

int weekday_of(CivilDate date) {  // 1 is Monday; 2000-01-03 was one
  const std::int64_t days = days_from_civil(date) - days_from_civil({2000, 1, 3});
  return static_cast<int>(((days % 7) + 7) % 7) + 1;
}

int days_in(CivilDate date) {
  const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
  return date.month == 2 && leap ? 29 : lengths[date.month - 1];
}

// Back to the day that `begins`, forth to the next one.
Interval naive(const Zone& zone, Instant t, const std::function<bool(CivilDate)>& begins) {
  Interval day = zone.day_of(t);
  Instant end = day.end;
  while (!begins(zone.date_of(day.start))) day = zone.day_of({day.start.ns - 1});
  while (!begins(zone.date_of(end))) end = zone.day_of(end).end;
  return {day.start, end};
}

bool same(Interval a, Interval b) {
  return a.start == b.start && a.end == b.end;
}

}  // namespace

TEST_CASE("calendar: weeks, months, quarters and years, day by day") {
  const auto zones = load_zones(kZones);
  REQUIRE(zones);
  for (const std::string& name : kZones) {
    const Zone& zone = *zones->find(name);
    CAPTURE(name);
    // Every 41 hours over three years, a leap year among them.
    for (std::int64_t n = 0; n < 640; ++n) {
      const Instant t = Instant::from_seconds(1'700'000'000 + n * 41 * 3600 + n);
      CAPTURE(t.ns);
      const int first = static_cast<int>(n % 7) + 1;
      CHECK(same(zone.week_of(t, first),
                 naive(zone, t, [&](CivilDate d) { return weekday_of(d) == first; })));
      const int day = static_cast<int>(n % 31) + 1;
      CHECK(same(zone.months_of(t, 1, 1, day),
                 naive(zone, t, [&](CivilDate d) { return d.day == std::min(day, days_in(d)); })));
      const int month = static_cast<int>(n % 12) + 1;
      if (n % 8 == 0)
        CHECK(same(zone.months_of(t, 3, month, 1), naive(zone, t, [&](CivilDate d) {
                     return d.day == 1 && (d.month - month + 12) % 3 == 0;
                   })));
      if (n % 32 == 0)
        CHECK(same(zone.months_of(t, 12, month, 1),
                   naive(zone, t, [&](CivilDate d) { return d.day == 1 && d.month == month; })));
    }
  }
}

TEST_CASE("calendar: hours follow each other without gap, an hour each but at half-hour changes") {
  const auto zones = load_zones(kZones);
  REQUIRE(zones);
  for (const std::string& name : kZones) {
    const Zone& zone = *zones->find(name);
    CAPTURE(name);
    Instant t = zone.hour_of(Instant::from_seconds(1'767'225'600)).start;  // the whole of 2026
    int odd = 0;
    for (int n = 0; n < 8'760; ++n) {
      const Interval hour = zone.hour_of(t);
      REQUIRE(hour.start == t);
      REQUIRE(same(zone.hour_of({hour.end.ns - 1}), hour));
      const std::int64_t length = (hour.end.ns - hour.start.ns) / Instant::kPerSecond;
      odd += length != 3600;
      const std::int64_t local = zone.local_seconds(t);
      if (length == 3600) CHECK(local % 3600 == 0);
      t = hour.end;
    }
    CHECK(odd == (name == "Australia/Lord_Howe" ? 2 : 0));
  }
}

TEST_CASE(
    "calendar: budgets of every window reset when it ends, and keep apart what starts apart") {
  struct Case {
    WindowKind per;
    std::uint8_t starts;
    Instant last, next;  // of the window that holds May 15, 2026, a Friday, at noon; and after it
  };
  const auto date = [](int year, int month, int day) {
    return Instant::from_seconds(days_from_civil({year, month, day}) * 86'400);
  };
  const auto before = [](Instant t) { return Instant{t.ns - 1}; };
  const Case cases[] = {
      {WindowKind::hour, 1, before(may(15, 13)), may(15, 13)},
      {WindowKind::week, 1, before(may(18, 0)), may(18, 0)},
      {WindowKind::week, 7, before(may(17, 0)), may(17, 0)},
      {WindowKind::month, 20, before(may(20, 0)), may(20, 0)},
      {WindowKind::month, 31, before(may(31, 0)), may(31, 0)},
      {WindowKind::quarter, 1, before(date(2026, 7, 1)), date(2026, 7, 1)},
      {WindowKind::quarter, 2, before(date(2026, 8, 1)), date(2026, 8, 1)},
      {WindowKind::year, 1, before(date(2027, 1, 1)), date(2027, 1, 1)},
      {WindowKind::year, 4, before(date(2027, 4, 1)), date(2027, 4, 1)},
  };
  TemporaryDirectory directory;
  OrganisationSpec spec = acme(1'000'000, 1'000'000, 1'000'000);
  for (const Case& c : cases) {
    TeamSpec team;
    team.name = std::string(window_word(c.per)) + std::to_string(c.starts);
    team.budgets = {budget(100, c.per)};
    team.budgets[0].starts = c.starts;
    team.keys.emplace_back().id = team.name;
    spec.teams.push_back(team);
  }
  for (const bool again : {false, true}) {  // as it is, and after a restart
    OpenBooks b(directory.path, {spec});
    for (std::size_t i = 0; i < std::size(cases); ++i) {
      const Case& c = cases[i];
      CAPTURE(b.chains[i + 1].team);
      const std::uint64_t n = i * 10 + again * 1'000;
      if (!again) b.spend(n, 100, i + 1, may(15));
      CHECK(b.reserve(n + 1, 1, i + 1, c.last).status == Admission::denied);
      if (again) CHECK(b.reserve(n + 2, 100, i + 1, c.next).status == Admission::held);
    }
  }
}
