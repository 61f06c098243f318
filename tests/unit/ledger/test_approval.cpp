// `require_approval`: nothing passes the threshold until an operator says so.
#include "books_support.h"

using namespace ledger_test;

namespace {

BudgetSpec with_approval(std::int64_t limit, WindowKind per) {
  BudgetSpec out = budget(limit, per);
  out.rolling_s = per == WindowKind::rolling ? 86'400 : 0;
  out.thresholds = {at(50, ThresholdAction::warn), at(60, ThresholdAction::require_approval),
                    at(80, ThresholdAction::require_approval), at(100, ThresholdAction::block)};
  return out;
}

OrganisationSpec one(WindowKind per) {
  OrganisationSpec out = acme(10'000, 10'000, 10'000);
  out.budgets = {with_approval(1'000, per)};
  return out;
}

}  // namespace

TEST_CASE("approval: each threshold waits for its own, in every kind of window") {
  for (const WindowKind per : {WindowKind::month, WindowKind::lifetime, WindowKind::rolling}) {
    CAPTURE(window_word(per));
    OpenBooks b("", {one(per)});
    b.spend(1, 400);
    const Reservation no = b.reserve(2, 201);
    REQUIRE(no.status == Admission::denied);
    CHECK(no.denial.needs_approval == 60);
    CHECK(no.denial.limit.v == 600);
    CHECK(no.denial.posted.v == 400);
    std::vector<CrossingReport> said;
    REQUIRE(b.books->take_crossings(said, may(1)));
    REQUIRE(said.size() == 1);
    CHECK(said[0].asked);
    CHECK(said[0].percent == 60);
    CHECK(b.reserve(2, 202).status == Admission::denied);
    CHECK_FALSE(b.books->take_crossings(said, may(1)));  // asked for once
    CHECK(b.reserve(2, 200).status == Admission::held);

    REQUIRE(b.books->approve({"acme", {}}, "launch week", may(1)).has_value());
    const Reservation further = b.reserve(3, 201);
    CHECK(further.denial.needs_approval == 80);
    CHECK(b.reserve(3, 200).status == Admission::held);
    REQUIRE(b.books->approve({"acme", {}}, "", may(1)).has_value());
    const Reservation full = b.reserve(4, 201);
    CHECK(full.status == Admission::denied);
    CHECK(full.denial.needs_approval == 0);  // the limit itself
    CHECK(full.denial.limit.v == 1'000);
    CHECK(b.reserve(4, 200).status == Admission::held);
    CHECK_FALSE(b.books->approve({"acme", {}}, "", may(1)).has_value());
    CHECK(b.books->check_invariants() == "");
  }
}

TEST_CASE("approval: a soft budget may be passed without end once it is approved") {
  OrganisationSpec spec = acme(10'000, 100'000, 100'000);
  spec.budgets[0].thresholds = {at(100, ThresholdAction::require_approval)};
  OpenBooks b("", {spec});
  CHECK(b.reserve(1, 10'001).denial.needs_approval == 100);
  REQUIRE(b.books->approve({"acme", {}}, "", may(1)).has_value());
  CHECK(b.reserve(1, 50'000).status == Admission::held);
}

TEST_CASE("approval: of one window, not of the next; it survives restarts and new limits") {
  TemporaryDirectory root;
  const std::vector<OrganisationSpec> spec = {one(WindowKind::month)};
  {
    OpenBooks b(root.path, spec);
    CHECK(b.reserve(1, 601).denial.needs_approval == 60);
    std::vector<CrossingReport> said;
    REQUIRE(b.books->take_crossings(said, may(1)));
    REQUIRE(b.books->approve({"acme", {}}, "by phone", may(1)).has_value());
  }
  OpenBooks b(root.path, spec);
  CHECK(b.reserve(1, 601).status == Admission::held);
  const Reservation no = b.reserve(2, 200);
  CHECK(no.denial.needs_approval == 80);
  std::vector<OrganisationSpec> higher = spec;
  higher[0].budgets[0].limit = {2'000};
  REQUIRE(b.books->configure(higher, may(1)).has_value());
  CHECK(b.reserve(3, 999).status == Admission::held);  // 1,600 of 2,000
  CHECK(b.reserve(4, 1).denial.needs_approval == 80);
  const Instant june = may(32);
  CHECK(b.reserve(5, 1'201, 0, june).denial.needs_approval == 60);
}
