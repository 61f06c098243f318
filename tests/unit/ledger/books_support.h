#pragma once
// Organisations, books and crashes for the tests of gateway/store.
#include <fstream>
#include <sstream>

#include "config/spec/gateway_spec.h"
#include "gateway/store/books.h"
#include "gateway/store/file_ops.h"
#include "gateway/store/recovery.h"
#include "support.h"

namespace ledger_test {

using namespace steelyard::store;

// acme > search > key0, key1 ...: a monthly, a daily and a lifetime budget, one per level.
inline OrganisationSpec acme(std::int64_t organisation, std::int64_t team, std::int64_t each_key,
                             int keys = 1, const std::string& name = "acme") {
  OrganisationSpec out;
  out.name = name;
  out.budgets = {budget(organisation, WindowKind::month)};
  out.teams.emplace_back();
  out.teams[0].name = "search";
  out.teams[0].budgets = {budget(team, WindowKind::day)};
  for (int i = 0; i < keys; ++i) {
    KeySpec spec;
    spec.id = "key" + std::to_string(i);
    spec.budgets = {budget(each_key)};
    out.teams[0].keys.push_back(spec);
  }
  return out;
}

inline BooksOptions small(FileOps* files = nullptr) {
  BooksOptions out;
  out.segment_bytes = 64u << 10;
  out.snapshot_bytes = 200u << 10;
  out.sync_interval_ms = 1;
  out.retry_ms = 5;
  out.files = files;
  return out;
}

struct OpenBooks {
  explicit OpenBooks(const std::string& directory, std::vector<OrganisationSpec> spec,
                     BooksOptions options = small(), Durability durability = Durability::relaxed) {
    LedgerSpec ledger;
    ledger.directory = directory;
    ledger.durability = durability;
    ledger.lease_ms = 1'000;
    auto opened = Books::open(ledger, may(1), options);
    REQUIRE_MESSAGE(opened.has_value(), opened.error().context);
    books = std::move(*opened);
    auto configured = books->configure(spec, may(1));
    REQUIRE_MESSAGE(configured.has_value(), configured.error().context);
    chains = std::move(*configured);
  }
  Reservation reserve(std::uint64_t n, std::int64_t amount, std::size_t chain = 0,
                      Instant now = may(1)) {
    return books->reserve(chains[chain].chain, key(n), {amount}, now, Tick{0});
  }
  // reserve and dispatch.
  BookHold send(std::uint64_t n, std::int64_t amount, std::size_t chain = 0, Instant now = may(1)) {
    const Reservation made = reserve(n, amount, chain, now);
    REQUIRE(made.status == Admission::held);
    REQUIRE(books->dispatch(made.hold).status == DispatchStatus::sent);
    return made.hold;
  }
  void spend(std::uint64_t n, std::int64_t amount, std::size_t chain = 0, Instant now = may(1)) {
    const BookHold hold = send(n, amount, chain, now);
    REQUIRE_FALSE(books->settle(hold, {amount}, UsageSource::provider, now).already);
  }
  std::int64_t posted(std::size_t level, std::size_t chain = 0, Instant now = may(1)) {
    return books->view(chains[chain].chain, now).accounts[level].posted.v;
  }
  std::int64_t held(std::size_t level, std::size_t chain = 0, Instant now = may(1)) {
    return books->view(chains[chain].chain, now).accounts[level].held.v;
  }
  std::unique_ptr<Books> books;
  std::vector<KeyChain> chains;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// What the journal in `directory` says; nobody may write to it meanwhile.
inline Result<Recovered> told(const std::string& directory) {
  return read_books(directory);
}

}  // namespace ledger_test
