// Budgets of projects, users, tags and models; budgets of each user by itself.
#include "books_support.h"
#include "gateway/store/encoded_name.h"

using namespace ledger_test;

namespace {

BudgetSpec of(BudgetOf which, const char* name, std::int64_t limit) {
  BudgetSpec out = budget(limit, WindowKind::day);
  out.of = which;
  out.of_name = name;
  return out;
}

BudgetSpec each(BudgetOf which, std::int64_t limit, std::int64_t names, bool refuse = false) {
  BudgetSpec out = of(which, "", limit);
  out.names_max = names;
  out.refuse_more = refuse;
  return out;
}

OrganisationSpec shop() {
  OrganisationSpec out = acme(100'000, 50'000, 20'000, 2);
  out.budgets.push_back(of(BudgetOf::model, "claude-*", 700));
  TeamSpec& team = out.teams[0];
  team.projects.emplace_back();
  team.projects[0].name = "checkout";
  team.projects[0].budgets = {budget(900, WindowKind::day)};
  team.budgets.push_back(of(BudgetOf::tag, "batch", 300));
  team.budgets.push_back(of(BudgetOf::user, "alice", 500));
  team.keys[0].project = "checkout";
  return out;
}

// A reserve as the gateway makes it.
Reservation ask(OpenBooks& b, std::size_t key_at, const Spender& who, std::uint64_t n,
                std::int64_t amount, Instant now = may(1), Chain* used = nullptr) {
  Chain chain = b.chains[key_at].chain;
  const ChainStatus status = b.books->extend(chain, b.chains[key_at].conditions, who, now);
  REQUIRE(status == ChainStatus::complete);
  if (used != nullptr) *used = chain;
  return b.books->reserve(chain, key(n), {amount}, now, Tick{0});
}

std::int64_t posted_of(const Books& books, std::string_view scope, Instant now = may(1)) {
  for (const AccountView& view : books.all_views(now))
    if (view.scope == scope) return view.posted.v + view.held.v;
  return -1;
}

}  // namespace

TEST_CASE("scopes: which budgets count which request") {
  struct Row {
    std::size_t key;
    const char *user, *tags, *model;
    std::vector<std::string> counted;
  };
  const std::string organisation = "acme", team = "acme/search",
                    project = team + "/project:checkout", claude = "acme/model:claude-*",
                    batch = team + "/tag:batch", alice = team + "/user:alice";
  const Row rows[] = {
      {0, "", "", "gpt-6", {organisation, team, project, team + "/key0"}},
      {1, "", "", "gpt-6", {organisation, team, team + "/key1"}},
      {1, "alice", "", "gpt-6", {organisation, team, team + "/key1", alice}},
      {1, "bob", "x, batch ,y", "gpt-6", {organisation, team, team + "/key1", batch}},
      {1, "", "batches", "claude-opus-5", {organisation, team, team + "/key1", claude}},
      {0,
       "alice",
       "batch",
       "claude-opus-5",
       {organisation, team, project, team + "/key0", claude, batch, alice}},
  };
  std::uint64_t n = 0;
  for (const Row& row : rows) {
    OpenBooks b("", {shop()});
    const Reservation made = ask(b, row.key, {row.user, row.model, row.tags}, ++n, 10);
    REQUIRE(made.status == Admission::held);
    for (const AccountView& view : b.books->all_views(may(1))) {
      const bool counted =
          std::find(row.counted.begin(), row.counted.end(), view.scope) != row.counted.end();
      CAPTURE(view.scope);
      CHECK(view.held.v == (counted ? 10 : 0));
    }
  }
}

TEST_CASE("scopes: a refusal names the scope and its figures, and takes nothing anywhere") {
  struct Row {
    Spender who;
    std::size_t key;
    std::int64_t fits;
    const char* scope;
  };
  const Row rows[] = {{{"bob", "gpt-6", "batch"}, 1, 300, "acme/search/tag:batch"},
                      {{"alice", "gpt-6", ""}, 1, 500, "acme/search/user:alice"},
                      {{"bob", "claude-x", ""}, 1, 700, "acme/model:claude-*"},
                      {{"bob", "gpt-6", ""}, 0, 900, "acme/search/project:checkout"}};
  for (const Row& row : rows) {
    CAPTURE(row.scope);
    OpenBooks b("", {shop()});
    const Reservation first = ask(b, row.key, row.who, 1, row.fits - 5);
    REQUIRE(first.status == Admission::held);
    (void)b.books->settle(first.hold, {row.fits - 9}, UsageSource::provider, may(1));
    REQUIRE(ask(b, row.key, row.who, 2, 3).status == Admission::held);
    const std::int64_t above = posted_of(*b.books, "acme");
    const Reservation no = ask(b, row.key, row.who, 3, 7);
    REQUIRE(no.status == Admission::denied);
    CHECK(no.denial.scope == row.scope);
    CHECK(no.denial.limit.v == row.fits);
    CHECK(no.denial.posted.v == row.fits - 9);
    CHECK(no.denial.held.v == 3);
    CHECK(no.denial.resets_at == may(2, 0));
    CHECK(posted_of(*b.books, "acme") == above);
    CHECK(ask(b, row.key, row.who, 4, 6).status == Admission::held);
    CHECK(b.books->check_invariants() == "");
  }
}

TEST_CASE("scopes: each user has a budget of its own; who says no name shares one") {
  OrganisationSpec spec = acme(100'000, 50'000, 20'000);
  spec.budgets.push_back(each(BudgetOf::each_user, 100, 10));
  OpenBooks b("", {spec});
  std::uint64_t n = 0;
  const auto held = [&](const char* user, std::int64_t amount) {
    return ask(b, 0, {user, "m", ""}, ++n, amount).status == Admission::held;
  };
  CHECK(held("alice", 100));
  CHECK_FALSE(held("alice", 1));
  CHECK(held("bob", 60));
  CHECK(held("", 70));
  CHECK_FALSE(held("", 40));
  CHECK(held("a/b \"c\"\n", 100));
  CHECK(posted_of(*b.books, "acme/user:bob") == 60);
  CHECK(posted_of(*b.books, "acme/user:(none)") == 70);
  CHECK(posted_of(*b.books, "acme/user:a%2Fb%20%22c%22%0A") == 100);
  CHECK(b.books->all_views(may(1), false).size() == 3);  // what metrics show
}

TEST_CASE("scopes: beyond names_max, further names share one budget or are refused") {
  OrganisationSpec spec = acme(100'000, 50'000, 20'000);
  spec.budgets.push_back(each(BudgetOf::each_user, 100, 3));
  OpenBooks b("", {spec});
  for (std::uint64_t i = 0; i < 3; ++i)
    CHECK(ask(b, 0, {"user" + std::to_string(i), "m", ""}, i + 1, 100).status == Admission::held);
  std::int64_t shared = 0;
  for (std::uint64_t i = 10; i < 2'000; ++i)
    shared += ask(b, 0, {"stranger" + std::to_string(i), "m", ""}, i, 1).status == Admission::held;
  CHECK(shared == 100);
  CHECK(posted_of(*b.books, "acme/user:(others)") == 100);
  CHECK(b.books->all_views(may(1)).size() == 3 + 3 + 1);
  CHECK(ask(b, 0, {"user1", "m", ""}, 5'000, 1).status == Admission::denied);

  spec.budgets[1] = each(BudgetOf::each_user, 100, 3, true);
  OpenBooks strict("", {spec});
  for (std::uint64_t i = 0; i < 3; ++i)
    CHECK(ask(strict, 0, {"user" + std::to_string(i), "m", ""}, i + 1, 1).status ==
          Admission::held);
  Chain chain = strict.chains[0].chain;
  CHECK(strict.books->extend(chain, strict.chains[0].conditions, {"fourth", "m", ""}, may(1)) ==
        ChainStatus::names_full);
  chain = strict.chains[0].chain;
  CHECK(strict.books->extend(chain, strict.chains[0].conditions, {"user2", "m", ""}, may(1)) ==
        ChainStatus::complete);
}

TEST_CASE("scopes: more budgets than a request may have is said, and nothing is held") {
  OrganisationSpec spec = acme(100'000, 50'000, 20'000);
  spec.budgets.push_back(each(BudgetOf::each_tag, 100, 1'000));
  OpenBooks b("", {spec});
  std::string tags;
  for (int i = 0; i < 30; ++i) tags += "t" + std::to_string(i) + ",";
  Chain chain = b.chains[0].chain;
  CHECK(b.books->extend(chain, b.chains[0].conditions, {"", "m", tags}, may(1)) ==
        ChainStatus::too_many);
  Chain used;
  CHECK(ask(b, 0, {"", "m", "a, b, a,, b"}, 1, 10, may(1), &used).status == Admission::held);
  CHECK(used.count == 5);
}

TEST_CASE("scopes: members survive a restart, and take a new limit of the file at once") {
  TemporaryDirectory root;
  OrganisationSpec spec = acme(100'000, 50'000, 20'000);
  spec.budgets.push_back(each(BudgetOf::each_user, 100, 10));
  {
    OpenBooks b(root.path, {spec});
    const Reservation made = ask(b, 0, {"alice", "m", ""}, 1, 80);
    REQUIRE(b.books->dispatch(made.hold).status == DispatchStatus::sent);
    (void)b.books->settle(made.hold, {70}, UsageSource::provider, may(1));
    REQUIRE(b.books->set_limit({"acme/user:alice", {}}, {90}, may(1)).has_value());
  }
  OpenBooks b(root.path, {spec});
  CHECK(posted_of(*b.books, "acme/user:alice") == 70);  // before alice asks again
  CHECK(ask(b, 0, {"alice", "m", ""}, 2, 30).status == Admission::denied);
  CHECK(ask(b, 0, {"alice", "m", ""}, 2, 20).status == Admission::held);
  spec.budgets[1].limit = {200};
  REQUIRE(b.books->configure(std::vector<OrganisationSpec>{spec}, may(1)).has_value());
  CHECK(ask(b, 0, {"alice", "m", ""}, 3, 110).status == Admission::held);
  CHECK(ask(b, 0, {"alice", "m", ""}, 4, 1).status == Admission::denied);
  CHECK(b.books->check_invariants() == "");
}

TEST_CASE(
    "scopes: any name becomes a short, printable piece of a scope, and different ones differ") {
  CHECK(encoded_name("") == "(none)");
  CHECK(encoded_name("alice@example.org") == "alice@example.org");
  CHECK(encoded_name("(others)") == "%28others%29");
  const std::string longest(5'000, '\xFF'), other = longest + "x";
  CHECK(encoded_name(longest).size() <= encoded_name_max);
  CHECK(encoded_name(longest) != encoded_name(other));
  for (const char c : encoded_name(longest)) CHECK((c > ' ' && c < 127 && c != '/'));
}
