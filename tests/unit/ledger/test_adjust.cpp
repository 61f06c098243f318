// Corrections, top-ups, resets, limits set by operators, bills that come too late.
#include "books_support.h"

using namespace ledger_test;

namespace {

const BudgetName kTeam{"acme/search", {}};

std::vector<OrganisationSpec> team_of(std::int64_t limit) {
  return {acme(10'000, limit, 10'000)};
}

NanoUsd team_limit(OpenBooks& b, Instant now = may(1)) {
  return b.books->view(b.chains[0].chain, now).accounts[1].limit;
}

}  // namespace

TEST_CASE("adjust: a correction counts, a top-up gives room, a reset begins anew") {
  TemporaryDirectory directory;
  {
    OpenBooks b(directory.path, team_of(100));
    b.spend(1, 90);
    CHECK(b.reserve(2, 20).status == Admission::denied);
    REQUIRE(b.books->adjust(kTeam, AdjustReason::correction, {-30}, "invoice 7", may(1)));
    CHECK(b.posted(1) == 60);
    CHECK(b.posted(0) == 90);  // of this budget, not of those above it
    b.spend(2, 40);
    CHECK(b.reserve(3, 1).status == Admission::denied);

    const auto topped = b.books->adjust(kTeam, AdjustReason::top_up, {50}, "", may(1));
    REQUIRE(topped);
    CHECK(topped->limit.v == 150);
    CHECK(topped->credit.v == 50);
    CHECK(topped->remaining().v == 50);
    CHECK(b.reserve(3, 51).denial.limit.v == 150);
    b.spend(4, 50);
    CHECK(b.reserve(5, 1).status == Admission::denied);

    REQUIRE(b.books->adjust(kTeam, AdjustReason::reset, {0}, "", may(1)));
    CHECK(b.posted(1) == 0);
    b.spend(5, 150);
    CHECK(b.books->check_invariants() == "");
  }
  OpenBooks b(directory.path, team_of(100));
  CHECK(b.posted(1) == 150);
  CHECK(team_limit(b).v == 150);
  CHECK(b.reserve(9, 1).status == Admission::denied);
  CHECK(team_limit(b, may(2)).v == 100);  // the next day begins without
  CHECK(b.reserve(9, 100, 0, may(2)).status == Admission::held);
  CHECK(b.reserve(10, 1, 0, may(2)).status == Admission::denied);
}

TEST_CASE("adjust: a prepaid budget is topped up, and stays so") {
  TemporaryDirectory directory;
  OrganisationSpec spec = acme(1'000'000, 1'000'000, 100);
  const BudgetName key{"acme/search/key0", WindowKind::lifetime};
  for (std::uint64_t day = 1; day <= 3; ++day) {
    CAPTURE(day);
    OpenBooks b(directory.path, {spec});
    const Instant now = may(static_cast<int>(day));
    CHECK(b.reserve(day * 10, 101, 0, now).status == Admission::denied);
    b.spend(day * 10 + 1, 100, 0, now);
    CHECK(b.reserve(day * 10 + 2, 1, 0, now).status == Admission::denied);
    REQUIRE(b.books->adjust(key, AdjustReason::top_up, {100}, "", now));
    CHECK(b.books->view(b.chains[0].chain, now).accounts[2].remaining().v == 100);
  }
}

TEST_CASE("adjust: thresholds are of the room there is, and speak") {
  OrganisationSpec spec = acme(10'000, 100, 10'000);
  spec.teams[0].budgets[0].thresholds = {at(50, ThresholdAction::warn),
                                         at(100, ThresholdAction::block)};
  OpenBooks b("", {spec});
  std::vector<CrossingReport> said;
  REQUIRE(b.books->adjust(kTeam, AdjustReason::top_up, {100}, "", may(1)));
  b.spend(1, 90);  // 45 % of 200
  CHECK_FALSE(b.books->take_crossings(said, may(1)));
  REQUIRE(b.books->adjust(kTeam, AdjustReason::correction, {10}, "", may(1)));
  REQUIRE(b.books->take_crossings(said, may(1)));
  CHECK(said.size() == 1);
  CHECK(said[0].limit.v == 200);
  CHECK(said[0].posted.v == 100);
}

TEST_CASE("adjust: what is refused changes nothing") {
  OpenBooks b("", team_of(100));
  b.spend(1, 40);
  const auto refused = [&](const BudgetName& name, AdjustReason reason, std::int64_t amount,
                           std::string_view note = "") {
    return !b.books->adjust(name, reason, {amount}, note, may(1)).has_value();
  };
  CHECK(refused(kTeam, AdjustReason::correction, -41));
  CHECK(refused({"acme/ads", {}}, AdjustReason::correction, 1));
  CHECK(refused({"acme/search", WindowKind::month}, AdjustReason::correction, 1));
  CHECK(refused(kTeam, AdjustReason::correction, INT64_MAX));
  CHECK(refused(kTeam, AdjustReason::correction, 1, std::string(201, 'x')));
  CHECK_FALSE(b.books->set_limit(kTeam, {-1}, may(1)).has_value());
  CHECK(b.posted(1) == 40);
  OrganisationSpec two = acme(100, 100, 100);
  two.teams[0].budgets.push_back(budget(500, WindowKind::month));
  OpenBooks twice("", {two});
  const auto several = twice.books->adjust(kTeam, AdjustReason::top_up, {1}, "", may(1));
  REQUIRE_FALSE(several.has_value());
  CHECK(several.error().context.find("name the window") != std::string::npos);
  CHECK(twice.books->adjust({"acme/search", WindowKind::month}, AdjustReason::top_up, {1}, "",
                            may(1)));
}

TEST_CASE("adjust: a limit that was set holds over restarts, until the file says a new one") {
  TemporaryDirectory directory;
  {
    OpenBooks b(directory.path, team_of(100));
    b.spend(1, 80);
    REQUIRE(b.books->set_limit(kTeam, {60}, may(1)));
    CHECK(b.reserve(2, 1).denial.limit.v == 60);
    REQUIRE(b.books->set_limit(kTeam, {300}, may(1)));
    const auto same = b.books->configure(team_of(100), may(1));  // a reload of the same file
    REQUIRE(same);
    CHECK(team_limit(b).v == 300);
    b.spend(2, 200);
  }
  {
    OpenBooks b(directory.path, team_of(100));
    CHECK(team_limit(b).v == 300);
    REQUIRE(b.books->configure(team_of(120), may(1)));
    CHECK(team_limit(b).v == 120);
    CHECK(b.reserve(3, 1).status == Admission::denied);
  }
  OpenBooks b(directory.path, team_of(120));
  CHECK(team_limit(b).v == 120);
  CHECK(b.posted(1) == 280);
}

TEST_CASE("adjust: a bill that comes after the lease ended replaces the suspense") {
  for (const bool later_day : {false, true}) {
    CAPTURE(later_day);
    TemporaryDirectory directory;
    const Instant end = later_day ? may(2) : may(1);
    {
      OpenBooks b(directory.path, team_of(1'000));
      const BookHold hold = b.send(1, 100);
      CHECK(b.books->expire(Tick{2'000'000'000}, may(1)) == 1);
      CHECK(b.posted(1) == 100);
      if (later_day) b.spend(2, 5, 0, may(2));
      CHECK(b.books->settle(hold, {30}, UsageSource::provider, end).already);
      CHECK(b.posted(0) == (later_day ? 35 : 30));
      CHECK(b.posted(1, 0, end) == (later_day ? 5 : 30));
      CHECK(b.books->settle(hold, {70}, UsageSource::provider, end).already);  // once
      CHECK(b.posted(0) == (later_day ? 35 : 30));
      CHECK(b.books->check_invariants() == "");
    }
    OpenBooks b(directory.path, team_of(1'000));
    CHECK(b.posted(0) == (later_day ? 35 : 30));
    CHECK(b.posted(1, 0, end) == (later_day ? 5 : 30));
  }
}

TEST_CASE(
    "adjust: a late bill after a reset takes nothing below zero, and the journal is read back") {
  TemporaryDirectory directory;
  {
    OpenBooks b(directory.path, team_of(1'000));
    const BookHold hold = b.send(1, 100);
    CHECK(b.books->expire(Tick{2'000'000'000}, may(1)) == 1);
    REQUIRE(b.books->adjust(kTeam, AdjustReason::reset, {}, "", may(1)));
    CHECK(b.books->settle(hold, {30}, UsageSource::provider, may(1)).already);
    CHECK(b.posted(0) == 30);
    CHECK(b.posted(1) == 0);
  }
  OpenBooks b(directory.path, team_of(1'000));
  CHECK(b.posted(0) == 30);
  CHECK(b.posted(1) == 0);
}

TEST_CASE("adjust: records are read back, bad ones refused") {
  char out[payload_bytes_max];
  AdjustEvent event{key(7, 2), {-5}, {9}, AdjustReason::top_up, 2, {}, "because"};
  event.windows[0] = {3, may(1), may(2)};
  event.windows[1] = {4, may(1), may(30)};
  const std::string bytes(out, encode(out, event));
  AdjustEvent back;
  REQUIRE(decode(bytes, back));
  CHECK(back.key == key(7, 2));
  CHECK(back.posted.v == -5);
  CHECK(back.credit.v == 9);
  CHECK(back.reason == AdjustReason::top_up);
  CHECK(back.count == 2);
  CHECK(back.windows[1].account == 4);
  CHECK(back.note == "because");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    CHECK_FALSE(decode(std::string_view(bytes).substr(0, cut), back));
  CHECK_FALSE(decode(bytes + "x", back));
  LimitedEvent limited;
  const std::string limit(out, encode(out, LimitedEvent{1, {2}, {3}}));
  REQUIRE(decode(limit, limited));
  CHECK(limited.limit.v == 2);
  CHECK(limited.configured.v == 3);
  CHECK_FALSE(decode(limit + "x", limited));
}

TEST_CASE("snapshots: what an older version wrote is read") {
  Balances balances;
  char out[payload_bytes_max];
  // As version 1 wrote accounts: without `starts`.
  std::string account(out, encode(out, AccountEvent{0, WindowKind::day, {50}, "acme", "UTC"}));
  account.pop_back();
  REQUIRE(balances.apply({1, may(1), EventType::account, account}));
  CHECK(balances.accounts()[0].starts == 1);
  // And snapshots: one account, one window, no hold.
  std::string old;
  const auto put = [&](auto value) {
    old.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  put(std::uint32_t{1});
  put(std::uint16_t{4});
  old += "acme";
  put(std::uint16_t{3});
  old += "UTC";
  put(WindowKind::day);
  put(std::int64_t{50});
  put(std::uint32_t{1});
  for (const std::int64_t v : {may(1, 0).ns, may(2, 0).ns, 11l, 0l, 3l}) put(v);
  put(std::int32_t{80});
  put(std::uint32_t{0});
  put(std::uint32_t{0});
  const auto read = Balances::decode(old, 1);
  REQUIRE(read);
  const Balances::Account& known = read->accounts()[0];
  CHECK(known.limit.v == 50);
  CHECK(known.set_limit.v == -1);
  CHECK(known.windows[0].balance == WindowBalance{may(1, 0), may(2, 0), {11}, {0}, {3}, 80, {}});
  CHECK_FALSE(Balances::decode(old, 2).has_value());
}
