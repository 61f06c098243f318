// What happens in a fleet, and how it comes to rest.
#include "fleet_world.h"

namespace fleet_test {

std::string FleetWorld::run(std::uint64_t events) {
  for (std::uint64_t i = 0; i < events; ++i) {
    step();
    ++counts_.events;
    const std::string broken = check();
    if (!broken.empty()) return "event " + std::to_string(i) + ": " + broken;
  }
  return rest();
}

void FleetWorld::step() {
  Replica& replica = *replicas_[draw(replicas_.size())];
  pass_time(static_cast<std::int64_t>(draw(30)));
  if (!replica.up) {
    if (draw(8) == 0) start(replica);
    return;
  }
  const std::uint64_t what = draw(1'000);
  if (what < 400)
    request(replica);
  else if (what < 600)
    finish(replica);
  else if (what < 930)
    sync(replica, Link::Fault::none);
  else if (what < 960)
    sync(replica, static_cast<Link::Fault>(1 + draw(3)));
  else if (what < 975)
    operators(replica);
  else
    trouble(replica);
}

bool FleetWorld::try_request(Replica& replica, std::size_t key, NanoUsd amount) {
  const Chain& chain = replica.chains[key].chain;
  const Reservation made =
      replica.books->reserve(chain, ledger_test::key(next_key_++), amount, now_, tick_);
  if (made.status != Admission::held) {
    ++counts_.denied;
    if (made.status != Admission::denied) broken_ = "neither held nor denied";
    replica.needs.push_back({chain, amount});
    if (replica.needs.size() > 4) replica.needs.erase(replica.needs.begin());
    return false;
  }
  ++counts_.held;
  if (replica.books->dispatch(made.hold).status != DispatchStatus::sent) broken_ = "not sent";
  replica.open.push_back({made.hold, amount});
  return true;
}

void FleetWorld::request(Replica& replica) {
  const NanoUsd amount{static_cast<std::int64_t>(1 + draw(draw(4) == 0 ? 900 : 60))};
  if (try_request(replica, draw(2), amount) && !replica.needs.empty()) replica.needs.pop_back();
}

void FleetWorld::finish(Replica& replica) {
  if (replica.open.empty()) return;
  std::swap(replica.open[draw(replica.open.size())], replica.open.back());
  const Open one = replica.open.back();
  replica.open.pop_back();
  const std::uint64_t how = draw(20);
  if (how < 4) {
    replica.books->release(one.hold, now_);
    ++counts_.released;
    return;
  }
  NanoUsd actual{static_cast<std::int64_t>(draw(static_cast<std::uint64_t>(one.amount.v) + 1))};
  if (how == 19) {
    actual = one.amount + NanoUsd{static_cast<std::int64_t>(1 + draw(50))};
    replica.unsaid += actual - one.amount;
    ++counts_.overruns;
  }
  replica.books->settle(one.hold, actual, UsageSource::provider, now_);
  ++counts_.settled;
}

void FleetWorld::sync(Replica& replica, Link::Fault fault) {
  ++counts_.syncs;
  counts_.lost += fault == Link::Fault::call_lost || fault == Link::Fault::answer_lost ? 1 : 0;
  counts_.late += fault == Link::Fault::late ? 1 : 0;
  replica.link.next = fault;
  const Result<void> done = replica.sharing->sync(tick_, replica.needs);
  replica.link.next = Link::Fault::none;
  if (done) replica.unsaid = {0};
  replica.known = replica.known || replica.sharing->status().joins > 0;
  if (!replica.sharing->silent(tick_)) return;
  replica.sharing->lapse(tick_);
  ++counts_.lapses;
}

void FleetWorld::operators(Replica& replica) {
  const NanoUsd some{static_cast<std::int64_t>(1 + draw(300))};
  switch (draw(4)) {
    case 0:
      (void)replica.books->adjust({"acme", std::nullopt}, AdjustReason::top_up, some, "", now_);
      ++counts_.top_ups;
      break;
    case 1:
      if (replica.books->adjust({"acme/search", std::nullopt}, AdjustReason::correction, some, "",
                                now_))
        replica.unsaid += some;
      ++counts_.corrections;
      break;
    case 2:
      (void)replica.books->adjust({"acme/search", std::nullopt}, AdjustReason::correction,
                                  NanoUsd{0} - some, "", now_);
      ++counts_.corrections;
      break;
    case 3:
      organisation_ = static_cast<std::int64_t>(2'000 + draw(6'000));
      team_ = static_cast<std::int64_t>(1'000 + draw(4'000));
      ++counts_.limits;
      break;
  }
  if (draw(3) == 0 && !configure(replica)) broken_ = "not configured";
}

void FleetWorld::trouble(Replica& replica) {
  switch (draw(7)) {
    case 0: return stop(replica, true);
    case 1: return stop(replica, false);
    case 2: replica.link.down = !replica.link.down; return;
    case 3: return pass_time(2'500);  // nobody is heard for a lease
    case 4:
      for (const auto& one : replicas_) one->link.deliver_late();
      return;
    case 5:
      if (draw(3) != 0) return;
      now_ = Instant{now_.ns + 86'400'000'000'000};
      ++counts_.days;
      return;
    case 6:
      store_.restart();  // and remembers
      ++counts_.restarts;
      return;
  }
}

void FleetWorld::pass_time(std::int64_t ms) {
  store_.now_ms += ms;
  tick_ = tick_.plus_ms(ms);
  now_ = Instant{now_.ns + ms * 1'000'000};
}

// Nothing is under way, everybody is back: what is left can be spent to the last nano-dollar, by
// anybody.
std::string FleetWorld::rest() {
  for (const auto& replica : replicas_) {
    replica->link.down = false;
    replica->link.deliver_late();
    if (!replica->up) start(*replica);
    while (!replica->open.empty()) finish(*replica);
    replica->needs.clear();
    if (!configure(*replica)) return "not configured";
  }
  for (int round = 0; round < 6; ++round) {
    pass_time(1'100);
    for (const auto& replica : replicas_) sync(*replica, Link::Fault::none);
    const std::string broken = check();
    if (!broken.empty()) return "at rest: " + broken;
  }
  const std::string unspent = spend_the_rest();
  if (!unspent.empty()) return unspent;
  for (const auto& replica : replicas_) stop(*replica, false);
  ++counts_.rests;
  for (const std::string& key : store_.windows()) {
    // Windows that have passed keep what they were granted; of the running ones all came back.
    std::int64_t used = 0;
    bool running = true;
    for (const auto& replica : replicas_) {
      const auto found = replica->used.find(key);
      running = running && found != replica->used.end();
      if (found != replica->used.end()) used += found->second.v;
    }
    if (running && store_.number(key, "granted") != used)
      return key + ": " + std::to_string(store_.number(key, "granted")) + " granted at rest, " +
             std::to_string(used) + " spent";
  }
  return check();
}

std::string FleetWorld::spend_the_rest() {
  for (int i = 0; i < 3; ++i) {
    Replica& replica = *replicas_[draw(replicas_.size())];
    const Chain& chain = replica.chains[0].chain;
    // Opens the windows of all levels, and hears what the others spent.
    bool opened = false;
    for (int round = 0; round < 8; ++round) {
      opened = opened || try_request(replica, 0, {1});
      pass_time(round == 7 ? 1'100 : 100);
      for (const auto& one : replicas_) sync(*one, Link::Fault::none);
    }
    const ChainView view = replica.books->view(chain, now_);
    NanoUsd left = view.remaining;
    for (const auto& other : replicas_)
      if (other.get() != &replica)
        for (const Open& one : other->open) left = left - one.amount;
    replica.needs.clear();
    if (left.v <= 0) continue;
    if (i < 2) left = {1 + left.v / 2};
    bool held = false;
    for (int round = 0; round < 12 && !held; ++round) {
      held = try_request(replica, 0, left);
      pass_time(100);
      for (const auto& one : replicas_) sync(*one, Link::Fault::none);
      const std::string broken = check();
      if (!broken.empty()) return "the rest: " + broken;
    }
    if (!held)
      return replica.name + " is refused " + std::to_string(left.v) + " that nobody has spent";
    replica.needs.clear();
  }
  return "";
}

}  // namespace fleet_test
