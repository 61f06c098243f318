// Budgets of some requests only: of a user, a tag, a model; or of each of them by itself.
#include "config/types/glob.h"
#include "gateway/store/books.h"
#include "gateway/store/books_state.h"
#include "gateway/store/encoded_name.h"

namespace steelyard::store {

using router::AccountId;
using router::AccountSpec;

namespace {

constexpr std::string_view others = "(others)";  // no name is encoded like this

// Calls `take` with each tag of "a, b"; stops when it returns false.
template <class Take>
bool each_tag(std::string_view tags, const Take& take) {
  while (!tags.empty()) {
    std::string_view tag = tags.substr(0, tags.find(','));
    tags.remove_prefix(std::min(tags.size(), tag.size() + 1));
    while (!tag.empty() && tag.front() == ' ') tag.remove_prefix(1);
    while (!tag.empty() && tag.back() == ' ') tag.remove_suffix(1);
    if (!tag.empty() && !take(tag)) return false;
  }
  return true;
}

bool has_tag(std::string_view tags, std::string_view wanted) {
  return !each_tag(tags, [&](std::string_view tag) { return tag != wanted; });
}

bool counts(const Condition& condition, const Spender& spender) {
  switch (condition.of) {
    case BudgetOf::user: return condition.name == spender.user;
    case BudgetOf::tag: return has_tag(spender.tags, condition.name);
    case BudgetOf::model: return glob_match(condition.name, spender.model);
    default: return false;
  }
}

bool holds(const Chain& chain, AccountId account) {
  for (const AccountId known : chain.span())
    if (known == account) return true;
  return false;
}

bool put(Chain& chain, AccountId account) {
  if (holds(chain, account)) return true;  // a tag said twice, or several names that share
  if (chain.count == chain.accounts.size()) return false;
  chain.accounts[chain.count++] = account;
  return true;
}

}  // namespace

std::uint32_t Books::State::family_of(Shard& shard, const std::string& scope,
                                      const BudgetSpec& budget, Instant now) {
  const std::string name = scope + "*";
  const std::string identity = router::account_identity({name, budget});
  std::uint32_t at = 0;
  while (at < shard.families.size() &&
         router::account_identity({shard.families[at].scope + "*", shard.families[at].budget}) !=
             identity)
    ++at;
  if (at == shard.families.size()) shard.families.emplace_back();
  Family& family = shard.families[at];
  family.scope = scope;
  family.budget = budget;
  // A new limit applies to every member at once.
  for (const auto& [member, account] : family.members) (void)add_member(shard, family, member, now);
  // Those that were spending when the last process ended.
  for (auto known = accounts.lower_bound(scope);
       known != accounts.end() && known->first.starts_with(scope); ++known) {
    const std::string member = known->first.substr(
        scope.size(), std::min(known->first.find('\0'), known->first.size()) - scope.size());
    if (known->second.recovered.empty() || known->second.recovered.back().end <= now) continue;
    if (router::account_identity({scope + member, budget}) != known->first) continue;
    if (family.members.size() < static_cast<std::size_t>(budget.names_max))
      (void)add_member(shard, family, member, now);
  }
  return at;
}

Result<AccountId> Books::State::add_member(Shard& shard, Family& family, std::string_view name,
                                           Instant now) {
  const AccountSpec member{family.scope + std::string(name), family.budget};
  const std::span<const AccountSpec> one(&member, 1);
  const Result<std::vector<AccountId>> ids = shard.ledger.configure(in_force(one), zones);
  if (!ids) return fail(ids.error());
  install(shard, one, *ids, now);
  const AccountId id = ids->front();
  shard.is_member.resize(std::max<std::size_t>(shard.is_member.size(), id.v + 1));
  shard.is_member[id.v] = true;
  family.members.emplace(name, id);
  return id;
}

namespace {

// The account of `name`, if it is there already; kept apart from others when there is room.
struct Found {
  bool known = false, full = false;
  AccountId account;
};

Found find(const Family& family, std::string_view name) {
  const auto member = family.members.find(name);
  if (member != family.members.end()) return {true, false, member->second};
  if (family.members.size() < static_cast<std::size_t>(family.budget.names_max)) return {};
  const auto shared = family.members.find(others);
  if (shared == family.members.end() || family.budget.refuse_more) return {false, true, {}};
  return {true, true, shared->second};
}

}  // namespace

ChainStatus Books::State::add_names(Shard& shard, const Condition& condition,
                                    const Spender& spender, Instant now, bool may_create,
                                    Chain& chain) {
  ChainStatus status = ChainStatus::complete;
  Family& family = shard.families[condition.family];
  const auto take = [&](std::string_view name) {
    const EncodedName encoded(name);
    Found found = find(family, encoded.view());
    if (!found.known && found.full && family.budget.refuse_more) {
      status = ChainStatus::names_full;
    } else if (!found.known && !may_create) {
      status = ChainStatus::names_new;
    } else if (!found.known) {
      const Result<AccountId> made =
          add_member(shard, family, found.full ? others : encoded.view(), now);
      if (!made) status = ChainStatus::ledger_down;
      if (made) found.account = *made;
    }
    if (status == ChainStatus::complete && !put(chain, found.account))
      status = ChainStatus::too_many;
    return status == ChainStatus::complete;
  };
  if (condition.of == BudgetOf::each_tag)
    each_tag(spender.tags, take);
  else
    take(condition.of == BudgetOf::each_user ? spender.user : spender.model);
  return status;
}

ChainStatus Books::State::extend(Shard& shard, std::span<const Condition> conditions,
                                 const Spender& spender, Instant now, bool may_create,
                                 Chain& chain) {
  for (const Condition& condition : conditions) {
    const bool by_model = condition.of == BudgetOf::model || condition.of == BudgetOf::each_model;
    if (by_model && spender.model.empty()) continue;
    ChainStatus status = ChainStatus::complete;
    if (is_each(condition.of))
      status = add_names(shard, condition, spender, now, may_create, chain);
    else if (counts(condition, spender) && !put(chain, condition.account))
      status = ChainStatus::too_many;
    if (status != ChainStatus::complete) return status;
  }
  return ChainStatus::complete;
}

ChainStatus Books::extend(Chain& chain, std::span<const Condition> conditions,
                          const Spender& spender, Instant now) {
  State& s = *state_;
  if (chain.shard >= s.shards.size()) return ChainStatus::complete;
  Shard& shard = *s.shards[chain.shard];
  const std::uint16_t before = chain.count;
  {
    const std::lock_guard lock(shard.mutex);
    const ChainStatus status = s.extend(shard, conditions, spender, now, false, chain);
    if (status != ChainStatus::names_new) return status;
  }
  if (!healthy()) return ChainStatus::ledger_down;
  chain.count = before;
  const std::lock_guard configuring(s.configure_mutex);
  const std::lock_guard lock(shard.mutex);
  return s.extend(shard, conditions, spender, now, true, chain);
}

}  // namespace steelyard::store
