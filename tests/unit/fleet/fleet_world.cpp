#include "fleet_world.h"

#include <unistd.h>

#include <algorithm>

namespace fleet_test {

using fleet::Hash;
using router::FleetWindow;

namespace {

constexpr std::int64_t lease_ms = 2'000;

std::string key_of(const Books& books, const FleetSlice& slice) {
  std::string identity = books.identity(slice.shard, slice.window.account);
  std::replace(identity.begin(), identity.end(), '\0', '|');
  return "steelyard:{steelyard}:w:" + identity + "@" + std::to_string(slice.window.start.ns);
}

std::int64_t sum_of(const Hash& hash, const char* kind) {
  std::int64_t sum = 0;
  for (const auto& [field, value] : hash)
    if (field.starts_with(kind)) sum += std::stoll(value);
  return sum;
}

}  // namespace

FleetWorld::FleetWorld(std::uint64_t seed, int replicas) : random_(seed) {
  home_ = std::filesystem::temp_directory_path() /
          ("steelyard-fleet-" + std::to_string(::getpid()) + "-" + std::to_string(seed));
  store_.watch = [this](auto keys, auto arguments, const auto& before) {
    watch(keys, arguments, before);
  };
  for (int i = 0; i < replicas; ++i) {
    Replica& replica = *replicas_.emplace_back(std::make_unique<Replica>(store_));
    replica.name = "r" + std::to_string(i);
    replica.directory = (home_ / replica.name).string();
    start(replica);
  }
}

FleetWorld::~FleetWorld() {
  replicas_.clear();
  std::filesystem::remove_all(home_);
}

bool FleetWorld::configure(Replica& replica) {
  auto chains = replica.books->configure(
      std::vector<OrganisationSpec>{acme(organisation_, team_, each_key_, 2)}, now_);
  if (!chains) return false;
  replica.chains = std::move(*chains);
  return true;
}

void FleetWorld::start(Replica& replica) {
  LedgerSpec ledger;
  ledger.directory = replica.directory;
  ledger.lease_ms = 3'600'000;
  BooksOptions options = small();
  options.in_fleet = true;
  options.shards = 2;
  auto books = Books::open(ledger, now_, options);
  if (!books) {
    broken_ = books.error().context;
    return;
  }
  replica.books = std::move(*books);
  if (!configure(replica)) broken_ = "not configured";
  replica.books->open_fleet_windows(now_);
  fleet::SharingOptions sharing;
  sharing.replica = replica.name;
  sharing.id = "id-" + replica.name;
  sharing.generation = ++replica.generation;
  sharing.nonce = std::to_string(random_.next());
  sharing.known = replica.known;
  sharing.lease_ms = lease_ms;
  replica.sharing = std::make_unique<fleet::Sharing>(*replica.books, replica.link, sharing);
  replica.up = true;
}

void FleetWorld::stop(Replica& replica, bool kill) {
  if (!kill) {
    for (const Open& one : replica.open) {
      replica.books->settle(one.hold, one.amount, UsageSource::provider, now_);
      ++counts_.settled;
    }
    replica.open.clear();
    (void)replica.sharing->leave(tick_);
    ++counts_.leaves;
  } else {
    ++counts_.crashes;
  }
  replica.used = used_of(replica);
  replica.sharing.reset();
  replica.books.reset();
  replica.open.clear();
  replica.needs.clear();
  replica.up = false;
}

std::map<std::string, NanoUsd> FleetWorld::used_of(const Replica& replica) const {
  if (!replica.up) return replica.used;
  std::map<std::string, NanoUsd> out;
  replica.books->visit_fleet(
      [&](const FleetSlice& slice) { out[key_of(*replica.books, slice)] = slice.window.used(); });
  return out;
}

// Of one call that ran: nothing but what was spent already may take a window above its limit.
void FleetWorld::watch(std::span<const std::string> keys, std::span<const std::string> arguments,
                       const std::map<std::string, Hash>& before) {
  if (keys.size() < 3) return;
  const std::string& me = arguments[0];
  for (std::size_t i = 2; i < keys.size(); ++i) {
    const std::string* const at = &arguments[8 + (i - 2) * 9];
    const std::int64_t cap = std::stoll(at[0]), keep = std::stoll(at[1]);
    const auto was = before.find(keys[i]);
    const auto number = [&](const std::string& field) {
      const bool there = was != before.end() && was->second.count(field) != 0;
      return there ? std::stoll(was->second.at(field)) : 0ll;
    };
    const std::int64_t said = number("granted") + keep - number("g:" + me);
    const std::int64_t now = store_.number(keys[i], "granted");
    const std::int64_t limit = cap + sum_of(store_.hashes[keys[i]], "c:");
    counts_.granted += now > said ? 1 : 0;
    counts_.returned += keep < number("g:" + me) ? 1 : 0;
    if (cap >= 0 && now > std::max<std::int64_t>(said, limit))
      broken_ = keys[i] + ": granted above the limit";
  }
}

std::string FleetWorld::check() const {
  if (!broken_.empty()) return broken_;
  for (const std::string& key : store_.windows()) {
    const Hash& hash = store_.hashes.at(key);
    if (store_.number(key, "granted") != sum_of(hash, "g:"))
      return key + ": granted is not the sum of the slices";
  }
  for (const std::unique_ptr<Replica>& replica : replicas_) {
    // B17: what a replica has spent and holds is granted to it, but for what was billed above.
    for (const auto& [key, used] : used_of(*replica)) {
      const NanoUsd granted{store_.number(key, "g:" + replica->name)};
      if (used > granted + replica->unsaid)
        return replica->name + " " + key + ": used " + std::to_string(used.v) + " of " +
               std::to_string(granted.v) + " granted";
    }
    if (!replica->up) continue;
    std::string lent;
    replica->books->visit_fleet([&](const FleetSlice& slice) {
      const std::string key = key_of(*replica->books, slice);
      const FleetWindow& window = slice.window;
      const NanoUsd granted{store_.number(key, "g:" + replica->name)};
      if (window.share.room > granted && window.share.room > window.used())
        lent = replica->name + " " + key + ": has room that it was not granted";
    });
    if (!lent.empty()) return lent;
    const std::string books = replica->books->check_invariants();
    if (!books.empty()) return replica->name + ": " + books;
  }
  return "";
}

}  // namespace fleet_test
