#pragma once
// A few replicas, one budget of one organisation, and the real scripts: for stories.
#include <memory>

#include "gateway/fleet/sharing.h"
#include "lua_server.h"
#include "tests/unit/ledger/books_support.h"

namespace fleet_test {

using namespace ledger_test;
using fleet::Link;
using fleet::Prospect;

inline OrganisationSpec one_budget(std::int64_t limit) {
  OrganisationSpec out;
  out.name = "acme";
  out.budgets = {budget(limit)};
  out.teams.emplace_back();
  out.teams[0].name = "search";
  out.teams[0].keys.emplace_back();
  out.teams[0].keys[0].id = "key";
  return out;
}

struct Member {
  Member(fleet::LuaStore& store, std::string name, std::int64_t limit,
         fleet::SharingOptions options = {})
      : link(store) {
    BooksOptions books_options = small();
    books_options.in_fleet = true;
    LedgerSpec in_memory;
    in_memory.directory.clear();
    books = std::move(*Books::open(in_memory, may(1), books_options));
    configure(limit);
    books->open_fleet_windows(may(1));
    options.replica = name;
    if (options.id.empty()) options.id = "id-" + name;
    options.nonce = "nonce-" + name + std::to_string(options.generation);
    options.lease_ms = 2'000;
    sharing = std::make_unique<fleet::Sharing>(*books, link, options);
  }
  void configure(std::int64_t limit) {
    chain = (*books->configure(std::vector<OrganisationSpec>{one_budget(limit)}, may(1)))[0].chain;
  }
  bool sync(std::int64_t need = 0) {
    const fleet::Need needs[] = {{chain, {need}}};
    return sharing->sync(tick, std::span(needs, need == 0 ? 0 : 1)).has_value();
  }
  // One request, dispatched.
  bool take(std::int64_t amount) {
    const Reservation made = books->reserve(chain, key(++count), {amount}, may(1), tick);
    if (made.status != Admission::held) return false;
    REQUIRE(books->dispatch(made.hold).status == DispatchStatus::sent);
    holds.push_back(made.hold);
    return true;
  }
  void settle(std::int64_t actual) {
    books->settle(holds.back(), {actual}, UsageSource::provider, may(1));
    holds.pop_back();
  }
  FleetWindow window() const {
    FleetWindow out;
    books->visit_fleet([&](const FleetSlice& slice) { out = slice.window; });
    return out;
  }
  std::int64_t room() const { return window().share.room.v; }

  Link link;
  std::unique_ptr<Books> books;
  std::unique_ptr<fleet::Sharing> sharing;
  Chain chain;
  std::vector<BookHold> holds;
  std::uint64_t count = 0;
  Tick tick{1'000'000'000};
};

struct Fleet {
  explicit Fleet(int count, std::int64_t limit = 1'000) {
    for (int i = 0; i < count; ++i)
      members.push_back(std::make_unique<Member>(store, "r" + std::to_string(i), limit));
    for (const auto& member : members) REQUIRE(member->sync());
  }
  Member& operator[](std::size_t i) { return *members[i]; }
  void pass(std::int64_t ms) {
    store.now_ms += ms;
    for (const auto& member : members) member->tick = member->tick.plus_ms(ms);
  }
  std::int64_t of(const std::string& field) const {
    return store.number(store.windows().at(0), field);
  }
  fleet::LuaStore store;
  std::vector<std::unique_ptr<Member>> members;
};

}  // namespace fleet_test
