#pragma once
// What teams have bought (PlanSpec), in the books: each quota, the seats' fees and the packs' are
// accounts of their own, in the scope "plan:ORGANISATION/TEAM/...". A request that a quota counts
// holds its share there as it holds money in its budgets; a quota without room buys packs, if it
// may. Fees are also kept as lines in a file beside the ledger, for reports.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/spec/gateway_spec.h"
#include "config/types/instant.h"
#include "gateway/store/books.h"

namespace steelyard {

struct Quota {
  QuotaSpec spec;
  std::string scope;
  WindowKind per = WindowKind::month;
  store::Chain chain;           // its one account
  std::int32_t tier = -1;       // that it counts; -1: all
  std::int32_t then_tier = -1;  // that is left when it is used up; -1: none, refused
};

struct TeamPlan {
  std::string organisation, team;
  std::int64_t seats = 0;
  NanoUsd seat_fee;
  WindowKind per = WindowKind::month;
  std::string seats_scope, packs_scope;  // "": there is no such fee
  store::Chain seats_chain, packs_chain;
  std::vector<Quota> quotas;
  bool lowers = false;  // some quota has a then_tier
};

// The accounts of all plans, for Books::configure() behind the organisations' own.
std::vector<OrganisationSpec> plan_organisations(const GatewaySpec& spec);
// The plans, in the order of organisations and teams; teams without one have a null. `chains` is
// what configure() returned for plan_organisations(); `tiers` are in ascending order.
std::vector<std::unique_ptr<TeamPlan>> build_plans(const GatewaySpec& spec,
                                                   const std::vector<store::KeyChain>& chains,
                                                   std::size_t first);

// Books fees. Safe from all workers.
class Plans {
 public:
  // `ledger`: the directory; "": memory only.
  static Result<std::unique_ptr<Plans>> open(const std::string& ledger);
  ~Plans();
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;

  // What is missing of the seats' fees in the running windows. Cheap when nothing is.
  void charge_seats(const std::vector<std::unique_ptr<TeamPlan>>& plans, store::Books& books,
                    Instant now);
  // Buys as many packs as `asked` (in the quota's unit) needs. False: there is no room for it, and
  // no pack may be bought any more.
  bool buy(const TeamPlan& plan, const Quota& quota, std::int64_t asked, store::Books& books,
           Instant now);

 private:
  struct State;
  explicit Plans(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// May a quota's window still buy a pack?
bool may_buy(const Quota& quota, const router::AccountView& view);

}  // namespace steelyard
