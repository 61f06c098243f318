// The invariants of the books by name, and the events that are there for one of them.
#include <fmt/format.h>

#include "books_world.h"

namespace ledger_test {

std::string figures(const char* what, std::int64_t books, std::int64_t mirror) {
  return fmt::format("{}: the books say {}, the mirror {}", what, books, mirror);
}

// Many alike at once: as many are held as there is room for, not one less, not one more.
void BooksWorld::burst() {
  if (disk_.full || !books_->books->healthy()) return;
  const std::size_t chain_at = random_() % keys_.size();
  const std::int64_t amount = between(800, 4'000);
  const std::array<Level*, 3> chain = levels(chain_at);
  std::int64_t expected = 60;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    chain[i]->open(window_at(i, chain_at));
    expected = std::min(expected, std::max<std::int64_t>(chain[i]->room(), 0) / amount);
    if (expected == 0) break;  // nobody looks further
  }
  std::vector<BookHold> holds;
  for (int n = 0; n < 60; ++n) {
    const Reservation made = books_->books->reserve(books_->chains[chain_at].chain,
                                                    key(next_key_++), {amount}, now(), tick_);
    if (made.status == Admission::held) holds.push_back(made.hold);
  }
  const bool down = !books_->books->healthy();
  if (!down && static_cast<std::int64_t>(holds.size()) != expected)
    fail(figures("B16: held of many alike", static_cast<std::int64_t>(holds.size()), expected));
  for (const BookHold& hold : holds) (void)books_->books->release(hold, now());
  ++counts_.bursts;
}

// Somebody else spends: nothing of ours moves.
void BooksWorld::stranger() {
  if (disk_.full || !books_->books->healthy()) return;
  const ChainView before = books_->books->view(books_->chains[0].chain, now());
  const Chain& chain = books_->chains.back().chain;
  const std::int64_t amount = between(1, 5'000);
  const Reservation made = books_->books->reserve(chain, key(next_key_++), {amount}, now(), tick_);
  if (made.status == Admission::held &&
      books_->books->dispatch(made.hold).status == DispatchStatus::sent) {
    (void)books_->books->settle(made.hold, {amount}, UsageSource::provider, now());
    stranger_ += amount;
    ++counts_.strangers;
  } else if (made.status == Admission::held) {
    (void)books_->books->release(made.hold, now());
  }
  const ChainView after = books_->books->view(books_->chains[0].chain, now());
  for (std::size_t i = 0; i < before.count; ++i)
    if (before.accounts[i].posted != after.accounts[i].posted ||
        before.accounts[i].held != after.accounts[i].held)
      fail("B14: another organisation's request changed these books");
  const std::int64_t theirs = books_->books->view(chain, now()).accounts[2].posted.v;
  if (theirs != stranger_) fail(figures("B14: of the other one", theirs, stranger_));
}

// The request came with an idempotency key, which is remembered for a week.
void BooksWorld::name_key(const Attempt& attempt) {
  constexpr std::int64_t week_ns = 7 * 86'400 * Instant::kPerSecond;
  const std::uint64_t name = attempt.key.request.hi;
  for (; !key_times_.empty() && key_times_.front().second < wall_ - week_ns; key_times_.pop_front())
    keyed_.erase(key_times_.front().first);
  ++counts_.keyed;
  keyed_[name] = false;
  key_times_.emplace_back(name, wall_);
  books_->books->note_key({name, 1, 2, attempt.key.request, {}}, now());
}

// The disk is full for a while: mostly until what was made ahead is used up (reserve()).
void BooksWorld::disk() {
  if (disk_.broken) return;
  if (disk_.full && chance(800)) return;
  disk_.full = !disk_.full;
  counts_.full_disks += disk_.full;
}

// A sync fails: final for the process. What was under way is settled all the same, into the
// mapping, and all of it is there when a new process reads the files.
void BooksWorld::break_disk() {
  if (disk_.full || !books_->books->healthy()) return;
  if (books_->books->status().appended_seq == synced_seq_) return;  // nothing to sync
  disk_.broken = true;
  broken_for_ = between(1, 200);
  ++counts_.broken_disks;
  if (books_->books->flush()) fail("B13: a sync failed, and the books call it done");
  if (books_->books->healthy()) fail("B13: a sync failed, and the books are well");
}

// What the provider's bill and the access log say of an attempt that ended with `posted`.
void BooksWorld::account(const Attempt& attempt, std::int64_t posted) {
  outside_.bills += attempt.bill;
  outside_.logged += posted;
  if (posted > attempt.bill) outside_.more += posted - attempt.bill;
  if (posted < attempt.bill) outside_.less += attempt.bill - posted;
  const auto keyed = keyed_.find(attempt.key.request.hi);
  if (keyed != keyed_.end()) keyed->second = posted != 0;
}

// The organisation's budget is for ever, so everything that was ever posted is in it.
std::string BooksWorld::check_outside() {
  const std::int64_t posted = organisation_.posted[0];
  if (posted != outside_.logged + outside_.changed)
    return figures("B12: posted, and the sum of the access log", posted,
                   outside_.logged + outside_.changed);
  // Nothing billed is missing but what no hold covered and nobody came to know (B4); nobody rides
  // free, and nobody pays more than was not known to be less (B6).
  const std::int64_t explained = outside_.bills + outside_.more - outside_.less + outside_.changed;
  if (posted != explained) return figures("B6: posted, and what explains it", posted, explained);
  return "";
}

// A refusal reaches no provider and takes nothing, on no level.
std::string BooksWorld::check_denied(const Reservation& made, std::size_t chain) {
  if (books_->books->dispatch(made.hold).status == DispatchStatus::sent)
    return "B7: what was refused was sent";
  const Denial& denial = made.denial;
  if (denial.posted.v + denial.held.v + denial.asked.v <= denial.limit.v)
    return "B15: refused with room";
  const std::string taken = check_chain(chain);
  return taken.empty() ? "" : "B8: after a refusal: " + taken;
}

std::string BooksWorld::check_level(std::size_t chain, std::size_t i, const AccountView& account) {
  Level& level = *levels(chain)[i];
  const std::int64_t window = std::max(level.start, window_at(i, chain));
  const std::int64_t posted = level.sum(level.posted, window);
  const std::int64_t held = level.sum(level.held, window);
  const std::int64_t limit = std::max<std::int64_t>(0, level.limit.v + level.credit[window]);
  note(account.posted.v);
  note(account.held.v);
  // Fixed at reserve: the mirror never moves an amount to another window.
  if (account.posted.v != posted) return figures("B10: posted", account.posted.v, posted);
  if (account.held.v != held) return figures("B10: held", account.held.v, held);
  if (account.limit.v != limit) return figures("limit", account.limit.v, limit);
  if (account.remaining().v + account.held.v + account.posted.v != limit)
    return figures("B2: available, held and posted together",
                   account.remaining().v + account.held.v + account.posted.v, limit);
  // Explained by overruns and by limits that were lowered.
  if (posted + held > limit + level.overrun + level.lowered)
    return "B1: more in use than the limit, and nothing explains it";
  return "";
}

std::string BooksWorld::check_chain(std::size_t chain) {
  const ChainView view = books_->books->view(books_->chains[chain].chain, now());
  for (std::size_t i = 0; i < 3; ++i) {
    std::string broken = check_level(chain, i, view.accounts[i]);
    if (!broken.empty()) return broken;
  }
  return "";
}

// After a crash the books are what the mirror says, all of them, and every key that was charged is
// known and no other.
std::string BooksWorld::check_recovered(const std::map<std::uint64_t, bool>& charged) {
  for (std::size_t chain = 0; chain < keys_.size(); ++chain) {
    const std::string broken = check_chain(chain);
    if (!broken.empty()) return "B11: after a crash: " + broken;
  }
  if (books_->books->open_holds() != 0) return "B11: a hold came back";
  std::map<std::uint64_t, bool> known;
  for (const KnownKey& key : books_->books->known_keys()) known[key.hi] = true;
  for (const auto& [key, was] : charged)
    if (known.contains(key) != was)
      return was ? "B9: a charged key was forgotten" : "B9: a key that nobody paid for is known";
  return "";
}

std::string BooksWorld::check() {
  const std::string broken = books_->books->check_invariants();
  if (!broken.empty()) return "B1/B5: " + broken;
  if (books_->books->open_holds() != open_.size())
    return figures("B3: open holds", static_cast<std::int64_t>(books_->books->open_holds()),
                   static_cast<std::int64_t>(open_.size()));
  if (open_.empty()) ++counts_.idle;
  note(static_cast<std::int64_t>(books_->books->status().appended_seq));
  std::string failed = check_chain(counts_.events % keys_.size());
  return failed.empty() ? check_outside() : failed;
}

}  // namespace ledger_test
