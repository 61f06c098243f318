#include "books_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "router/ledger/rolling.h"

namespace ledger_test {

namespace {

constexpr std::int64_t day_ns = 86'400 * Instant::kPerSecond;
constexpr std::size_t in_flight_max = 40;

}  // namespace

BooksWorld::BooksWorld(std::uint64_t seed) : random_(seed) {
  organisation_.limit = {between(20'000, 60'000)};
  for (Level& team : teams_) team.limit = {between(4'000, 20'000)};
  for (Level& key : keys_) key.limit = {between(10'000, 60'000)};
  teams_[1].back = rolling_buckets;
  open(root_.path + "/0");
}

std::vector<OrganisationSpec> BooksWorld::spec() const {
  OrganisationSpec out;
  out.name = "acme";
  out.budgets = {budget(organisation_.limit.v)};
  for (std::size_t t = 0; t < teams_.size(); ++t) {
    TeamSpec team;
    team.name = "team" + std::to_string(t);
    team.budgets = {
        budget(teams_[t].limit.v, teams_[t].back != 0 ? WindowKind::rolling : WindowKind::day)};
    if (teams_[t].back != 0) team.budgets[0].rolling_s = 86'400;
    for (std::size_t k = 0; k < 2; ++k) {
      KeySpec key;
      key.id = "key" + std::to_string(t * 2 + k);
      key.budgets = {budget(keys_[t * 2 + k].limit.v)};
      team.keys.push_back(key);
    }
    out.teams.push_back(team);
  }
  return {out, acme(INT64_MAX, INT64_MAX, INT64_MAX, 1, "stranger")};
}

void BooksWorld::open(const std::string& path) {
  path_ = path;
  BooksOptions options = small();
  options.shards = 1;
  options.files = &disk_;
  options.sync_interval_ms = 86'400'000;  // when the world says so: sync()
  books_ = std::make_unique<OpenBooks>(path, spec(), options);
  synced_seq_ = books_->books->status().durable_seq;
  settle_disk();
}

std::string BooksWorld::run(std::uint64_t events) {
  for (std::uint64_t i = 0; i < events && failure_.empty(); ++i) {
    step();
    ++counts_.events;
    settle_disk();
    if (failure_.empty()) fail(check());
    if (!failure_.empty()) failure_ += fmt::format(" (after event {})", counts_.events);
  }
  if (failure_.empty()) rest();
  return failure_;
}

// Waits until the journal's threads have nothing left to do. Nothing is said about the books when
// the disk itself takes minutes.
void BooksWorld::settle_disk() {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  for (;;) {
    const BooksStatus status = books_->books->status();
    if (status.at_rest &&
        (disk_.full || disk_.broken || (status.segments_ready >= 2 && status.healthy)))
      break;
    if (std::chrono::steady_clock::now() > patience)
      return fail("NO INVARIANT, the disk: it did not make a segment in five minutes: " +
                  status.error);
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

// What was written since the last time goes to the disk, and full segments into a snapshot.
void BooksWorld::sync() {
  if (!books_->books->healthy() || books_->books->status().appended_seq == synced_seq_) return;
  if (!books_->books->flush()) fail("B13: the journal is healthy and cannot be synced");
  synced_seq_ = books_->books->status().appended_seq;
  ++counts_.syncs;
}

// At rest nothing is held (B5), and nothing that was billed is missing (B4, B6).
void BooksWorld::rest() {
  disk_.full = false;
  settle_disk();
  while (!open_.empty() && failure_.empty()) {
    Attempt attempt = open_.front();
    open_.pop_front();
    finish(attempt);
    fail(check());
  }
  if (books_->books->open_holds() != 0) fail("B5: something is held at rest");
  for (const AccountView& view : books_->books->all_views(now()))
    if (view.held.v != 0) fail(fmt::format("B5: `{}` holds {} at rest", view.scope, view.held.v));
}

void BooksWorld::step() {
  const std::int64_t dice = between(1, 10'000);
  tick_ = tick_.plus_ms(between(0, 20));
  wall_ += between(0, 20'000'000);
  if (broken_for_ != 0 && --broken_for_ == 0) return crash(false);
  if (chance(10)) sync();
  if (dice <= 4) return crash(dice <= 2);
  if (dice <= 30) return burst();
  if (dice <= 60) return stranger();
  if (dice <= 64) return disk();
  if (dice <= 66) return break_disk();
  if (dice <= 130) return reload();
  if (dice <= 160) return adjust();
  if (dice <= 180) {  // the wall clock is set, back or forth
    // What began before is in windows that have passed once somebody has looked.
    for (int n = 0; n < 4 && failure_.empty(); ++n) reserve();
    wall_ += between(-2 * day_ns, 2 * day_ns);
    for (int n = 0; n < 4 && failure_.empty(); ++n) reserve();
    for (std::size_t i = 0; i < open_.size() && failure_.empty(); ++i)
      if (open_[i].sent && chance(500)) extend(open_[i]);
    return;
  }
  if (dice <= 400) return expire();
  if (dice <= 600 && !lapsed_.empty()) return late_bill();
  if (!open_.empty() && (open_.size() >= in_flight_max || chance(500))) {
    const std::size_t at = random_() % open_.size();
    Attempt attempt = open_[at];
    if (attempt.sent && chance(100)) {
      BookHold& hold = open_[at].hold;
      if (!books_->books->renew(hold, tick_)) fail("a hold that lives cannot be renewed");
      open_[at].lease = tick_.plus_ms(1'000);
      return;
    }
    if (attempt.sent && chance(100)) return extend(open_[at]);
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
    return finish(attempt);
  }
  reserve();
}

void BooksWorld::reserve() {
  Attempt attempt;
  attempt.chain = random_() % keys_.size();
  attempt.key = key(next_key_, static_cast<std::uint8_t>(between(0, 3)));
  ++next_key_;
  attempt.amount = chance(20) ? 0 : between(1, 900);
  const Reservation made = books_->books->reserve(books_->chains[attempt.chain].chain, attempt.key,
                                                  {attempt.amount}, now(), tick_);
  note(static_cast<std::int64_t>(made.status));
  if (made.status == Admission::ledger_down) {
    if (!disk_.full && !disk_.broken) return fail("B13: the journal is down and the disk is well");
    ++counts_.down;
    if (disk_.broken) return;
    if (chance(30)) disk_.full = false;
    return settle_disk();
  }
  if (disk_.broken) return fail("B13: held although a sync has failed");
  bool fits = true;
  const std::array<Level*, 3> chain = levels(attempt.chain);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    Level& level = *chain[i];
    // A window is opened by looking, and never by a clock that went back.
    if (fits) level.open(window_at(i, attempt.chain));
    if (attempt.amount != 0 && attempt.amount > level.room()) fits = false;
    attempt.windows[i] = level.start;
  }
  if ((made.status == Admission::held) != fits)
    return fail(fits ? "B15: refused with room" : "B1: held without room");
  counts_.held += fits;
  counts_.denied += !fits;
  if (!fits) return fail(check_denied(made, attempt.chain));
  attempt.hold = made.hold;
  attempt.lease = tick_.plus_ms(1'000);
  for (std::size_t i = 0; i < chain.size(); ++i)
    chain[i]->held[attempt.windows[i]] += attempt.amount;
  const Admission twice = books_->books
                              ->reserve(books_->chains[attempt.chain].chain, attempt.key,
                                        {attempt.amount}, now(), tick_)
                              .status;
  if (twice != Admission::exists && twice != Admission::ledger_down)
    return fail("B9: one attempt was held twice");
  if (chance(950)) {
    const bool keyed = chance(100);
    if (keyed) name_key(attempt);
    const bool was_down = !books_->books->healthy();
    const DispatchStatus status = books_->books->dispatch(attempt.hold).status;
    if (status == DispatchStatus::stale) return fail("a hold that lives cannot be sent");
    if (was_down && status == DispatchStatus::sent)
      return fail("B13: sent although the journal cannot be written");
    if (keyed) keyed_[attempt.key.request.hi] = status == DispatchStatus::sent;
    attempt.sent = status == DispatchStatus::sent;
    for (std::size_t i = 0; attempt.sent && i < chain.size(); ++i)
      chain[i]->journaled = std::max(chain[i]->journaled, attempt.windows[i]);
  }
  // What the provider will write on its bill: mostly less than the hold, sometimes more.
  if (attempt.sent) attempt.bill = chance(30) ? between(0, 1'500) : between(0, attempt.amount);
  open_.push_back(attempt);
}

void BooksWorld::post(const Attempt& attempt, std::int64_t amount) {
  account(attempt, amount);
  const std::array<Level*, 3> chain = levels(attempt.chain);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    chain[i]->held[attempt.windows[i]] -= attempt.amount;
    chain[i]->posted[attempt.windows[i]] += amount;
    chain[i]->overrun += std::max<std::int64_t>(amount - attempt.amount, 0);
  }
  counts_.overruns += amount > attempt.amount;
}

void BooksWorld::finish(Attempt attempt) {
  // The client left and nobody knows the bill: the whole hold, or what was counted.
  const bool unknown = attempt.sent && chance(100);
  const std::int64_t amount = unknown ? std::max(attempt.amount, attempt.bill) : attempt.bill;
  const bool release = !attempt.sent || (attempt.bill == 0 && chance(500));
  const EndOutcome end =
      release ? books_->books->release(attempt.hold, now())
              : books_->books->settle(attempt.hold, {amount}, UsageSource::provider, now());
  note(end.posted.v);
  if (end.already) return fail("B3: an attempt ended twice");
  if (!release && end.posted.v != amount) return fail("B4: posted is not what was billed");
  post(attempt, release ? 0 : amount);
  ++(release ? counts_.released : counts_.settled);
  if (!books_->books->release(attempt.hold, now()).already) fail("B3: a second end did something");
}

// Of an attempt that was sent. A bucket that counts no more has room by one figure it left with, at
// most what the mirror would give it.
void BooksWorld::extend(Attempt& attempt) {
  const std::array<Level*, 3> chain = levels(attempt.chain);
  const std::int64_t more = chance(50) ? 0 : between(1, 900);
  bool fits = true, may_refuse = false;
  std::string where = fmt::format("; {} more", more);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const Level& level = *chain[i];
    std::int64_t room = level.room_to_grow(attempt.windows[i]);
    if (level.back != 0 && attempt.windows[i] < level.start - level.back) {
      may_refuse = true;
      room += level.overrun + level.lowered;
    }
    counts_.late_extensions += level.start != attempt.windows[i];
    if (more != 0 && more > room) fits = false;
    where += fmt::format("; level {}: window {} of {}, room {} of {}", i, attempt.windows[i],
                         level.start, room, level.limit_of(attempt.windows[i]));
  }
  const Reservation made = books_->books->extend(attempt.hold, {more}, now());
  if (made.status == Admission::ledger_down) return;
  const bool held = made.status == Admission::held;
  if (held && !fits) return fail("B1: extended without room" + where);
  if (!held && fits && !may_refuse) return fail("B15: an extension was refused with room" + where);
  ++(held ? counts_.extended : counts_.not_extended);
  if (!held) return;
  attempt.amount += more;
  for (std::size_t i = 0; i < chain.size(); ++i) chain[i]->held[attempt.windows[i]] += more;
}

void BooksWorld::expire() {
  if (chance(200)) tick_ = tick_.plus_ms(700);
  const std::size_t ended = books_->books->expire(tick_, now());
  std::size_t expected = 0;
  for (std::size_t i = open_.size(); i > 0; --i) {
    Attempt& attempt = open_[i - 1];
    if (attempt.lease > tick_) continue;
    ++expected;
    ++counts_.expired;
    post(attempt, attempt.sent ? attempt.amount : 0);  // never a refund after dispatch
    attempt.expired = true;
    if (attempt.sent) lapsed_.push_back(attempt);
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i - 1));
  }
  if (lapsed_.size() > 20) lapsed_.pop_front();
  if (ended != expected)
    fail(figures("expired", static_cast<std::int64_t>(ended), static_cast<std::int64_t>(expected)));
}

// Does this attempt's window still matter at this level? One that has passed does while another
// hold of it is open: that one may still grow, by what the window leaves.
bool BooksWorld::remembers(std::size_t level, const Attempt& attempt) {
  const Level* const here = levels(attempt.chain)[level];
  const std::int64_t window = attempt.windows[level];
  if (window >= here->start - here->back) return true;
  return std::any_of(open_.begin(), open_.end(), [&](const Attempt& other) {
    return levels(other.chain)[level] == here && other.windows[level] == window;
  });
}

// The bill of an attempt whose lease had ended.
void BooksWorld::late_bill() {
  const Attempt attempt = lapsed_.front();
  lapsed_.pop_front();
  const EndOutcome end =
      books_->books->settle(attempt.hold, {attempt.bill}, UsageSource::provider, now());
  if (!end.already) return fail("B3: an expired attempt ended again");
  if (end.state != HoldState::expired) return;  // long ago: its slot was used again
  ++counts_.late;
  const std::array<Level*, 3> chain = levels(attempt.chain);
  const std::int64_t change = attempt.bill - attempt.amount;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (!remembers(i, attempt)) continue;
    std::int64_t& posted = chain[i]->posted[attempt.windows[i]];
    if (posted + change < 0) continue;  // forgiven by a reset already
    posted += change;
    if (i == 0) {  // now it is known
      outside_.logged += change;
      (change < 0 ? outside_.more : outside_.less) += change < 0 ? change : -change;
    }
    chain[i]->lowered += std::max<std::int64_t>(change, 0);
  }
}

void BooksWorld::reload() {
  if (disk_.broken) return;  // refused, after half a second
  ++counts_.reloads;
  Level& level = chance(300)   ? organisation_
                 : chance(500) ? teams_[random_() % 2]
                               : keys_[random_() % 4];
  const NanoUsd before = level.limit;
  // A budget that is used up is given room again, or the simulation would end in refusals.
  level.limit.v =
      std::max<std::int64_t>(0, level.sum(level.posted, level.start) + between(-500, 60'000));
  const std::vector<OrganisationSpec> specs = spec();
  const auto done = books_->books->configure(specs, now());
  if (!done) {
    level.limit = before;  // the journal was behind
    return;
  }
  level.lowered += std::max<std::int64_t>(before.v - level.limit.v, 0);
  books_->chains = *done;
}

void BooksWorld::adjust() {
  const std::size_t team = random_() % teams_.size();
  const std::size_t chosen = random_() % 2;
  Level& level = chosen == 0 ? organisation_ : teams_[team];
  const BudgetName name{chosen == 0 ? "acme" : "acme/team" + std::to_string(team), {}};
  const AdjustReason reasons[] = {AdjustReason::correction, AdjustReason::top_up,
                                  AdjustReason::reset};
  const AdjustReason reason = reasons[random_() % 3];
  const std::int64_t amount = between(-2'000, 2'000);
  if (!books_->books->healthy()) return;
  const auto done = books_->books->adjust(name, reason, {amount}, "", now());
  level.open(window_at(chosen, team * 2));
  if (!done && done.error().kind == ErrorKind::storage) return;
  const bool rolls = level.back != 0;
  const std::int64_t before = level.sum(level.posted, level.start);
  bool possible = reason != AdjustReason::correction || before + amount >= 0;
  if (rolls && reason == AdjustReason::top_up) possible = false;
  if (done.has_value() != possible) return fail("an adjustment was judged wrongly");
  if (!done) return;
  ++counts_.adjusted;
  level.journaled = std::max(level.journaled, level.start);
  level.lowered += std::abs(amount);
  if (reason == AdjustReason::top_up) {
    level.credit[level.start] += amount;
    return;
  }
  std::int64_t left = reason == AdjustReason::reset ? -before : amount;
  if (chosen == 0) outside_.changed += left;
  for (std::int64_t window = level.start; left != 0 && window >= level.start - level.back;
       --window) {
    std::int64_t& posted = level.posted[window];
    const std::int64_t change = rolls ? std::max(left, -posted) : left;
    posted += change;
    left -= change;
  }
}

}  // namespace ledger_test
