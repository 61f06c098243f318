#include "tests/sim/audit.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "gateway/store/books.h"
#include "gateway/usd_text.h"
#include "tests/sim/world.h"

namespace steelyard::sim {
namespace {

// Far above any amount here, and a sum with it does not overflow.
constexpr std::int64_t unlimited = INT64_MAX / 4;

std::string window_key(const router::AccountView& view) {
  return std::string(view.scope) + "/" + std::to_string(static_cast<int>(view.per)) + "/" +
         std::to_string(view.window_start.ns);
}

// $ per million tokens are nano-dollars * 1000 per token: one rounding up for the whole bill.
std::int64_t bill(const Scenario& scenario, const Arrival& a) {
  if (!a.billed) return 0;
  for (const ModelPlan& model : scenario.models) {
    if (model.name != a.model) continue;
    const std::int64_t cached_price = model.cache_read != 0 ? model.cache_read : model.input;
    return (a.input - a.cached) * model.input * 1000 + a.cached * cached_price * 1000 +
           a.output * model.output * 1000;
  }
  return -1;
}

}  // namespace

void Audit::running() {
  const std::string broken = world_.books_->check_invariants();
  if (!broken.empty()) world_.violation("books: " + broken);
  for (const router::AccountView& view : world_.books_->all_views(world_.loop.now())) {
    std::int64_t& highest = world_.highest_limit_[window_key(view)];
    highest = std::max(highest, view.hard ? view.enforced.v : unlimited);
    if (view.posted.v + view.held.v > highest + view.overrun.v)
      world_.violation("B1: `" + std::string(view.scope) + "` has posted " +
                       std::to_string(view.posted.v) + " and held " + std::to_string(view.held.v) +
                       " of " + std::to_string(highest) + ", overrun " +
                       std::to_string(view.overrun.v));
  }
}

void Audit::at_rest() {
  running();
  books_are_empty();
  one_receipt_each();
  nothing_sent_for_the_refused();
  money();
  answers_match_receipts();
}

void Audit::books_are_empty() {
  if (world_.books_->open_holds() != 0)
    world_.violation("B5: " + std::to_string(world_.books_->open_holds()) + " holds are open");
  for (const router::AccountView& view : world_.books_->all_views(world_.loop.now()))
    if (view.held.v != 0) world_.violation("B5: held at rest in " + std::string(view.scope));
}

void Audit::one_receipt_each() {
  std::set<std::string> ids, marks;
  for (const ReceiptRecord& r : world_.receipts) {
    if (!ids.insert(r.id).second) world_.violation("two receipts " + r.id);
    if (!r.mark.empty() && !marks.insert(r.mark).second)
      world_.violation("two receipts for " + r.mark);
    std::int64_t sum = 0;
    for (const AttemptRecord& a : r.attempts) sum += a.cost;
    if (sum != r.spend) world_.violation("B12: spend is not the sum of attempts, " + r.mark);
  }
  for (const Arrival& a : world_.arrivals)
    if (marks.count(a.mark) == 0) world_.violation("no receipt for " + a.mark + ", which was sent");
}

void Audit::nothing_sent_for_the_refused() {
  std::map<std::string, std::size_t> sent;
  std::size_t attempts = 0;
  for (const Arrival& a : world_.arrivals) sent[a.mark] += a.reused ? 0u : 1u;
  for (const ReceiptRecord& r : world_.receipts) {
    attempts += r.attempts.size();
    if (r.mark.empty() || sent.count(r.mark) == 0) continue;
    if (r.attempts.empty()) world_.violation("B7: refused, and yet sent: " + r.mark);
    if (sent[r.mark] > r.attempts.size()) world_.violation("sent more often than tried: " + r.mark);
  }
  // Each try dials at most once more than it has to, for a kept-alive connection that was closed.
  if (world_.dials_ > attempts)
    world_.violation("B7: " + std::to_string(world_.dials_) + " dials for " +
                     std::to_string(attempts) + " attempts");
}

// Bills and postings side by side, by request and model: equal where the provider's usage arrived,
// never below where it did not. A key without any budget may ask without a limit: then nobody knows
// how much a provider that says nothing has billed.
void Audit::money() {
  struct Sum {
    std::int64_t posted = 0, billed = 0, races = 0;
    bool exact = true, bounded = true;
    std::string did;
  };
  std::map<std::string, Sum> sums;
  for (const ReceiptRecord& r : world_.receipts)
    for (const AttemptRecord& a : r.attempts) {
      Sum& sum = sums[r.mark + " at " + a.provider + "/" + a.model];
      sum.posted += a.cost;
      sum.exact = sum.exact && a.by_provider;
    }
  for (const Arrival& a : world_.arrivals) {
    Sum& sum = sums[a.mark + " at " + a.provider + "/" + a.model];
    sum.bounded = sum.bounded && a.bounded;
    (a.race ? sum.races : sum.billed) += bill(world_.scenario, a);
    sum.did += std::string(sum.did.empty() ? "" : ", then ") + a.did;
  }
  for (const auto& [what, sum] : sums) {
    const bool wrong = sum.exact ? sum.posted != sum.billed && sum.posted != sum.billed + sum.races
                                 : sum.bounded && sum.posted < sum.billed;
    if (wrong)
      world_.violation("B4: " + what + " (" + sum.did + ") posted " + std::to_string(sum.posted) +
                       ", billed " + std::to_string(sum.billed));
  }
}

void Audit::answers_match_receipts() {
  std::map<std::string, const ReceiptRecord*> by_id;
  for (const ReceiptRecord& r : world_.receipts) by_id[r.id] = &r;
  for (const auto& client : world_.clients_) {
    for (const Asked& ask : client->asked()) {
      if (!ask.complete || ask.request_id.empty()) continue;
      const auto found = by_id.find(ask.request_id);
      if (found == by_id.end()) {
        world_.violation("no receipt " + ask.request_id + " for " + ask.mark);
        continue;
      }
      const ReceiptRecord& r = *found->second;
      if (!r.mark.empty() && r.mark != ask.mark)
        world_.violation(ask.mark + " got the answer to " + r.mark);
      if (r.status != ask.status)
        world_.violation(ask.mark + ": status " + std::to_string(ask.status) + ", receipt says " +
                         std::to_string(r.status));
      if (!ask.cost.empty() && ask.cost != UsdText(NanoUsd{r.spend}).view())
        world_.violation(ask.mark + ": told " + ask.cost + ", spent " + std::to_string(r.spend));
      if ((ask.error_event || ask.status >= 400) != r.failed)
        world_.violation(ask.mark + ": failed or not? The receipt says otherwise");
      if (ask.done && ask.arrival >= 0) {
        const Arrival& a = world_.arrivals[static_cast<std::size_t>(ask.arrival)];
        if (a.output_whole != ask.shown) world_.violation(ask.mark + ": text is missing");
      }
    }
  }
}

}  // namespace steelyard::sim
