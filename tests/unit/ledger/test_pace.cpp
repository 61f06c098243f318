#include "router/ledger/pace.h"

#include <rapidcheck.h>

#include "support.h"

using namespace ledger_test;

namespace {

constexpr std::int64_t hour = 3'600 * Instant::kPerSecond;

BudgetSpec paced(std::int64_t limit, WindowKind per) {
  BudgetSpec out = budget(limit, per);
  Threshold step = at(120, ThresholdAction::max_tier, "standard");
  out.pace.push_back(step);
  step = at(200, ThresholdAction::max_tier, "economy");
  out.pace.push_back(step);
  return out;
}

}  // namespace

TEST_CASE("pace: use against time, with a twentieth of the window ahead") {
  struct Row {
    const char* why;
    std::int64_t limit, posted, start, end, now;
    std::int32_t percent;
  };
  for (const Row& row : {Row{"half used at half time", 1'000, 500, 0, 100, 50, 90},
                         Row{"on time with its head start", 1'000, 550, 0, 100, 50, 100},
                         Row{"all used at half time", 1'000, 1'000, 0, 100, 50, 181},
                         Row{"a tenth in the first moment", 1'000, 100, 0, 100, 0, 200},
                         Row{"a twentieth in the first moment", 1'000, 50, 0, 100, 0, 100},
                         Row{"nothing used", 1'000, 0, 0, 100, 99, 0},
                         Row{"a clock before the window", 1'000, 50, 100, 200, 0, 100},
                         Row{"a clock behind it", 1'000, 1'050, 0, 100, 500, 100},
                         Row{"overrun", 1'000, 5'000, 0, 100, 100, 476},
                         Row{"no limit to speak of", 0, 5, 0, 100, 50, -1},
                         Row{"no end", 1'000, 5, 0, INT64_MAX, 50, -1}}) {
    CAPTURE(row.why);
    CHECK(pace_percent({row.limit}, {row.posted}, {row.start}, {row.end}, {row.now}) ==
          row.percent);
  }
  // The largest figures do not wrap.
  CHECK(pace_percent({INT64_MAX}, {INT64_MAX}, {0}, {INT64_MAX - 1}, {INT64_MAX - 1}) == 95);
  CHECK(pace_percent({1}, {INT64_MAX}, {0}, {INT64_MAX - 1}, {0}) == INT32_MAX);
}

TEST_CASE("pace: burn and the moment a budget is gone") {
  const Pace half = pace_of({1'000}, {600}, may(1, 0), may(2, 0), may(1, 12));
  CHECK(half.burn_per_day.v == 1'200);
  REQUIRE(half.exhausted_at.has_value());
  CHECK(*half.exhausted_at == may(1, 20));
  CHECK_FALSE(pace_of({1'000}, {500}, may(1, 0), may(2, 0), may(1, 12)).exhausted_at.has_value());
  CHECK(*pace_of({1'000}, {1'000}, may(1, 0), may(2, 0), may(1, 12)).exhausted_at == may(1, 12));
  CHECK(pace_of({1'000}, {5}, may(1, 0), may(2, 0), {may(1, 0).ns + hour / 120}).burn_per_day.v ==
        0);
  CHECK(pace_of({1'000}, {5}, {0}, {INT64_MAX}, may(1)).burn_per_day.v == 0);
}

TEST_CASE("pace: more use is never a lower pace, more time never a higher one") {
  CHECK(rc::check("pace is monotonic", [] {
    const std::int64_t limit = *rc::gen::inRange<std::int64_t>(1, INT64_MAX);
    const std::int64_t posted = *rc::gen::inRange<std::int64_t>(0, INT64_MAX);
    const std::int64_t more = *rc::gen::inRange<std::int64_t>(posted, INT64_MAX);
    const std::int64_t start = *rc::gen::inRange<std::int64_t>(0, INT64_MAX / 2);
    const std::int64_t end = *rc::gen::inRange<std::int64_t>(start + 1, INT64_MAX - 1);
    const std::int64_t now = *rc::gen::inRange<std::int64_t>(start, end);
    const std::int64_t later = *rc::gen::inRange<std::int64_t>(now, end);
    const auto pace = [&](std::int64_t use, std::int64_t when) {
      return pace_percent({limit}, {use}, {start}, {end}, {when});
    };
    RC_ASSERT(pace(posted, now) <= pace(more, now));
    RC_ASSERT(pace(posted, now) >= pace(posted, later));
    const Pace forecast = pace_of({limit}, {posted}, {start}, {end}, {now});
    if (forecast.exhausted_at) RC_ASSERT(forecast.exhausted_at->ns >= now);
    if (forecast.exhausted_at) RC_ASSERT(forecast.exhausted_at->ns < end);
  }));
}

TEST_CASE("pace: a budget ahead of it allows cheaper tiers only, until time has caught up") {
  Bench b(
      {{"acme", paced(1'000, WindowKind::day)}, {"acme/search", budget(10'000, WindowKind::day)}});
  std::array<std::string_view, 4> caps;
  const auto cap = [&](int hours) {
    const std::size_t count = b.ledger.pace_caps(b.ids, may(1, hours), caps);
    return count == 0 ? std::string() : std::string(caps[0]);
  };
  CHECK(cap(0).empty());  // no window yet
  b.ledger.settle(b.reserve(1, 600, may(1, 0)).hold, {600}, {});
  CHECK(cap(1) == "economy");   // 60 % in an hour
  CHECK(cap(8) == "standard");  // 60 % against 38 %
  CHECK(cap(12).empty());       // 60 % against 55 %
  CHECK(b.view(0, may(1, 8)).paced_tier == "standard");
  CHECK(b.view(1, may(1, 8)).paced_tier.empty());
  CHECK(b.ledger.pace_caps(b.ids, may(2, 1), caps) == 0);  // another window
  CHECK(b.ledger.pace_caps(b.ids, may(1, 1), {}) == 0);
  // What is only held is no use.
  CHECK(b.reserve(2, 400, may(1, 12)).status == ReserveStatus::held);
  CHECK(cap(12).empty());
  // A top-up is room: the pace falls.
  CHECK(b.ledger.adjust(b.ids[0], b.view(0, may(1, 8)).window_start, {0}, {9'000}));
  CHECK(cap(1).empty());
}
