// Random commands against a ledger so naive that it must be right: every figure is summed up anew
// from the list of all attempts.
#include <rapidcheck.h>
#include <rapidcheck/state.h>

#include <map>

#include "support.h"

using namespace ledger_test;

namespace {

constexpr std::size_t kAccounts = 4;

struct Attempt {
  std::vector<std::size_t> accounts;
  std::vector<std::int64_t> days;  // the window of each, by number; 0 for lifetime
  std::int64_t amount = 0, posted = 0, overrun = 0;
  std::int64_t lease = 0;
  HoldState state = HoldState::reserved;
  bool open() const { return state == HoldState::reserved || state == HoldState::dispatched; }
};

struct Model {
  std::array<std::int64_t, kAccounts> limits{1'000, 600, 500, 5'000};
  std::array<std::int64_t, kAccounts> newest{};                         // highest window seen
  std::map<std::pair<std::size_t, std::int64_t>, std::int64_t> closed;  // limits of closed windows
  std::map<std::uint64_t, Attempt> attempts;
  std::int64_t day = 1;   // wall clock
  std::int64_t tick = 0;  // monotonic

  // Accounts 0 and 1 are daily, 2 is lifetime, 3 monthly.
  std::int64_t window_of(std::size_t account, std::int64_t at_day) const {
    if (account == 2) return 0;
    return account == 3 ? at_day / 31 : at_day;
  }
  void open(std::size_t account) {
    const std::int64_t window = window_of(account, day);
    if (window <= newest[account]) return;
    closed[{account, newest[account]}] = limits[account];
    newest[account] = window;
  }
  std::int64_t limit_of(std::size_t account, std::int64_t window) const {
    return window == newest[account] ? limits[account] : closed.at({account, window});
  }
  std::int64_t used(std::size_t account, std::int64_t window, bool held) const {
    std::int64_t sum = 0;
    for (const auto& [n, attempt] : attempts)
      for (std::size_t i = 0; i < attempt.accounts.size(); ++i) {
        if (attempt.accounts[i] != account || attempt.days[i] != window) continue;
        if (held && attempt.open()) sum += attempt.amount;
        if (!held && !attempt.open()) sum += attempt.posted;
      }
    return sum;
  }
};

// Days of a year of 31-day months that starts at 0: May 2026 is month 0, so days stay within it but
// for what `month_start` adds.
Instant instant_of(std::int64_t day) {
  static const CivilDate months[] = {{2026, 7, 1}, {2026, 8, 1}};  // both have 31 days
  const CivilDate first = months[day / 31];
  return Instant::from_seconds((days_from_civil(first) + day % 31) * 86'400 + 43'200);
}

struct Real {
  Real() {
    const std::vector<AccountSpec> specs = {{"a", budget(1'000, WindowKind::day)},
                                            {"b", budget(600, WindowKind::day)},
                                            {"c", budget(500)},
                                            {"d", budget(5'000, WindowKind::month)}};
    ids = *ledger.configure(specs, zones);
  }
  ZoneTable zones;
  Ledger ledger;
  std::vector<AccountId> ids;
  std::map<std::uint64_t, HoldRef> holds;
};

void compare(const Model& m, const Real& real) {
  RC_ASSERT(real.ledger.check_invariants() == "");
  std::size_t open = 0;
  for (const auto& [n, attempt] : m.attempts) open += attempt.open();
  RC_ASSERT(real.ledger.open_holds() == open);
  for (std::size_t account = 0; account < kAccounts; ++account) {
    const AccountView view = real.ledger.view(real.ids[account], instant_of(m.day));
    const std::int64_t window = std::max(m.window_of(account, m.day), m.newest[account]);
    RC_ASSERT(view.posted.v == m.used(account, window, false));
    RC_ASSERT(view.held.v == m.used(account, window, true));
  }
}

using Command = rc::state::Command<Model, Real>;

struct Reserve : Command {
  std::uint64_t n = *rc::gen::inRange<std::uint64_t>(0, 40);
  std::int64_t amount = *rc::gen::inRange<std::int64_t>(0, 400);
  std::int64_t lease = *rc::gen::inRange<std::int64_t>(1, 20);
  std::vector<std::size_t> accounts =
      *rc::gen::unique<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, kAccounts));

  // The first account without room; kAccounts: all have it. Rolls windows as it looks.
  static std::size_t judge(Model& m, const Reserve& r) {
    for (const std::size_t account : r.accounts) {
      m.open(account);
      const std::int64_t window = m.newest[account];
      const std::int64_t in_use = m.used(account, window, false) + m.used(account, window, true);
      if (r.amount != 0 && in_use + r.amount > m.limits[account]) return account;
    }
    return kAccounts;
  }
  void apply(Model& m) const override {
    if (m.attempts.contains(n) || judge(m, *this) != kAccounts) return;
    Attempt made;
    made.accounts = accounts;
    for (const std::size_t account : accounts) made.days.push_back(m.newest[account]);
    made.amount = amount;
    made.lease = m.tick + lease;
    m.attempts[n] = made;
  }
  void run(const Model& before, Real& real) const override {
    std::vector<AccountId> ids;
    for (const std::size_t account : accounts) ids.push_back(real.ids[account]);
    const ReserveOutcome out =
        real.ledger.reserve({key(n), ids, {amount}, instant_of(before.day), {before.tick + lease}});
    Model m = before;
    const std::size_t blocked = before.attempts.contains(n) ? kAccounts : judge(m, *this);
    if (before.attempts.contains(n)) {
      RC_ASSERT(out.status == ReserveStatus::exists);
    } else if (blocked != kAccounts) {
      RC_ASSERT(out.status == ReserveStatus::denied);
      RC_ASSERT(out.denial.account == real.ids[blocked]);
    } else {
      RC_ASSERT(out.status == ReserveStatus::held);
      real.holds[n] = out.hold;
    }
    apply(m = before);
    compare(m, real);
  }
  void show(std::ostream& os) const override {
    os << "reserve " << n << " $" << amount << " lease " << lease << " of";
    for (const std::size_t a : accounts) os << ' ' << a;
  }
};

// settle, release, dispatch: an operation on an attempt that may or may not exist or be open.
struct Touch : Command {
  std::uint64_t n = *rc::gen::inRange<std::uint64_t>(0, 40);
  int what = *rc::gen::inRange(0, 4);
  std::int64_t actual = *rc::gen::inRange<std::int64_t>(0, 450);

  void checkPreconditions(const Model& m) const override { RC_PRE(m.attempts.contains(n)); }
  void apply(Model& m) const override {
    Attempt& a = m.attempts[n];
    if (!a.open()) return;
    if (what == 0 && a.state == HoldState::reserved) a.state = HoldState::dispatched;
    if (what == 1) a.state = HoldState::voided;
    if (what >= 2) {
      a.state = HoldState::posted;
      a.posted = actual;
      a.overrun = std::max<std::int64_t>(0, actual - a.amount);
    }
  }
  void run(const Model& before, Real& real) const override {
    const Attempt& a = before.attempts.at(n);
    const HoldRef hold = real.holds.at(n);
    if (what == 0) {
      RC_ASSERT(real.ledger.dispatch(hold) == (a.state == HoldState::reserved));
    } else {
      const EndOutcome end =
          what == 1 ? real.ledger.release(hold) : real.ledger.settle(hold, {actual}, {});
      RC_ASSERT(end.already == !a.open());
      if (end.already) RC_ASSERT(end.state == a.state);
    }
    Model m = before;
    apply(m);
    RC_ASSERT(real.ledger.state_of(hold) == m.attempts[n].state);
    compare(m, real);
  }
  void show(std::ostream& os) const override {
    static const char* names[] = {"dispatch ", "release ", "settle ", "settle "};
    os << names[what] << n << " $" << actual;
  }
};

// More for an open attempt, whether its windows still run or not.
struct Extend : Command {
  std::uint64_t n = *rc::gen::inRange<std::uint64_t>(0, 40);
  std::int64_t more = *rc::gen::inRange<std::int64_t>(0, 200);

  void checkPreconditions(const Model& m) const override { RC_PRE(m.attempts.contains(n)); }
  bool fits(const Model& m) const {
    const Attempt& a = m.attempts.at(n);
    for (std::size_t i = 0; i < a.accounts.size(); ++i) {
      const std::int64_t in_use =
          m.used(a.accounts[i], a.days[i], false) + m.used(a.accounts[i], a.days[i], true);
      if (more != 0 && in_use + more > m.limit_of(a.accounts[i], a.days[i])) return false;
    }
    return true;
  }
  void apply(Model& m) const override {
    if (m.attempts.at(n).open() && fits(m)) m.attempts.at(n).amount += more;
  }
  void run(const Model& before, Real& real) const override {
    const ReserveOutcome out = real.ledger.extend(real.holds.at(n), {more});
    const ReserveStatus expected = !before.attempts.at(n).open() ? ReserveStatus::refused
                                   : fits(before)                ? ReserveStatus::held
                                                                 : ReserveStatus::denied;
    RC_ASSERT(out.status == expected);
    Model m = before;
    apply(m);
    compare(m, real);
  }
  void show(std::ostream& os) const override { os << "extend " << n << " by $" << more; }
};

struct Pass : Command {  // time passes; the wall clock may step back
  std::int64_t days = *rc::gen::inRange<std::int64_t>(-3, 5);
  std::int64_t ticks = *rc::gen::inRange<std::int64_t>(0, 10);

  void apply(Model& m) const override {
    m.day = std::clamp<std::int64_t>(m.day + days, 0, 61);
    m.tick += ticks;
    for (auto& [n, a] : m.attempts) {
      if (!a.open() || a.lease > m.tick) continue;
      a.posted = a.state == HoldState::dispatched ? a.amount : 0;
      a.state = a.state == HoldState::dispatched ? HoldState::expired : HoldState::voided;
    }
  }
  void run(const Model& before, Real& real) const override {
    Model m = before;
    apply(m);
    std::vector<ExpiredHold> ended;
    const std::size_t count = real.ledger.expire({m.tick}, &ended);
    RC_ASSERT(count == ended.size());
    for (const ExpiredHold& e : ended) RC_ASSERT(m.attempts.at(e.key.request.hi).state == e.state);
    compare(m, real);
  }
  void show(std::ostream& os) const override {
    os << "pass " << days << " days " << ticks << " ticks";
  }
};

struct Relimit : Command {
  std::size_t account = *rc::gen::inRange<std::size_t>(0, kAccounts);
  std::int64_t limit = *rc::gen::inRange<std::int64_t>(0, 3'000);

  void apply(Model& m) const override { m.limits[account] = limit; }
  void run(const Model& before, Real& real) const override {
    static const char* names[] = {"a", "b", "c", "d"};
    static const WindowKind kinds[] = {WindowKind::day, WindowKind::day, WindowKind::lifetime,
                                       WindowKind::month};
    const std::vector<AccountSpec> specs = {{names[account], budget(limit, kinds[account])}};
    RC_ASSERT(real.ledger.configure(specs, real.zones)->at(0) == real.ids[account]);
    Model m = before;
    apply(m);
    compare(m, real);
  }
  void show(std::ostream& os) const override { os << "limit of " << account << " $" << limit; }
};

}  // namespace

TEST_CASE("ledger: any sequence of commands gives the figures of the naive ledger") {
  CHECK(rc::check("ledger == naive ledger", [] {
    Model model;
    Real real;
    rc::state::check(model, real,
                     rc::state::gen::execOneOfWithArgs<Reserve, Reserve, Touch, Touch, Touch,
                                                       Extend, Pass, Relimit>());
  }));
}
