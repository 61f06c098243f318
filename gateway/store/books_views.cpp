// Looking at the books: views, thresholds, status.
#include "gateway/store/books.h"
#include "gateway/store/books_state.h"

namespace steelyard::store {

using router::AccountView;

void Books::State::look(const Shard& shard, const Chain& chain, Instant now, ChainView& out) {
  out.count = 0;
  out.remaining = {INT64_MAX};
  out.max_tier = {};
  std::int32_t highest = -1;
  for (const router::AccountId account : chain.span()) {
    AccountView& view = out.accounts[out.count++];
    shard.ledger.view(account, now, view);
    if (view.hard && view.remaining() < out.remaining) out.remaining = view.remaining();
    if (view.max_tier.empty() || view.percent_used <= highest) continue;
    highest = view.percent_used;
    out.max_tier = view.max_tier;
  }
}

ChainView Books::view(const Chain& chain, Instant now) const {
  ChainView out;
  if (chain.empty() || chain.shard >= state_->shards.size()) return out;
  const Shard& shard = *state_->shards[chain.shard];
  const std::lock_guard lock(shard.mutex);
  State::look(shard, chain, now, out);
  return out;
}

std::string_view Books::tier_cap(const Chain& chain, Instant now) const {
  if (chain.empty() || chain.shard >= state_->shards.size()) return {};
  const Shard& shard = *state_->shards[chain.shard];
  const std::lock_guard lock(shard.mutex);
  return shard.ledger.tier_cap(chain.span(), now);
}

std::size_t Books::pace_caps(const Chain& chain, Instant now,
                             std::span<std::string_view> out) const {
  if (chain.empty() || chain.shard >= state_->shards.size()) return 0;
  const Shard& shard = *state_->shards[chain.shard];
  const std::lock_guard lock(shard.mutex);
  return shard.ledger.pace_caps(chain.span(), now, out);
}

Headroom Books::headroom(const Chain& chain, Instant now) const {
  Headroom out;
  if (chain.empty() || chain.shard >= state_->shards.size()) return out;
  const Shard& shard = *state_->shards[chain.shard];
  std::int32_t highest = -1;
  const std::lock_guard lock(shard.mutex);
  for (const router::AccountId account : chain.span()) {
    const AccountView view = shard.ledger.view(account, now);
    if (view.hard && view.remaining() < out.remaining) out.remaining = view.remaining();
    if (view.max_tier.empty() || view.percent_used <= highest) continue;
    highest = view.percent_used;
    out.max_tier = view.max_tier;
  }
  return out;
}

std::vector<AccountView> Books::all_views(Instant now, bool names,
                                          std::vector<NanoUsd>* own) const {
  std::vector<AccountView> out;
  for (const std::unique_ptr<Shard>& shard : state_->shards) {
    const std::lock_guard lock(shard->mutex);
    const std::uint32_t count = static_cast<std::uint32_t>(shard->ledger.account_count());
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!names && i < shard->is_member.size() && shard->is_member[i]) continue;
      out.push_back(shard->ledger.view({i}, now));
      if (own == nullptr) continue;
      router::FleetWindow window;
      const bool shared =
          shard->ledger.fleet_window({i}, window) && window.start == out.back().window_start;
      own->push_back(shared ? window.posted : out.back().posted);
    }
  }
  return out;
}

bool Books::take_crossings(std::vector<CrossingReport>& out, Instant now) {
  State& s = *state_;
  if (!s.crossed.exchange(false, std::memory_order_acquire)) return false;
  for (const std::unique_ptr<Shard>& shard : s.shards) {
    const std::lock_guard lock(shard->mutex);
    for (const router::Crossing& c : shard->ledger.crossings()) {
      out.push_back({std::string(c.scope), std::string(c.max_tier), c.per, c.percent, c.action,
                     c.limit, c.posted, c.window_start, c.window_end, c.asked});
      const std::uint32_t number = shard->numbers[c.account.v];
      char payload[64];
      if (c.asked) {
        const std::size_t size = encode(
            payload,
            router::ApprovalEvent{{number, c.window_start, c.window_end}, c.percent, false, {}});
        s.keep(router::EventType::approval, now, {payload, size});
        continue;
      }
      const std::size_t size =
          encode(payload, router::FiredEvent{number, c.window_start, c.percent});
      s.keep(router::EventType::fired, now, {payload, size});
    }
    shard->ledger.clear_crossings();
  }
  return true;
}

BooksStatus Books::status() const {
  BooksStatus out = state_->at_start;
  if (!state_->journal) return out;
  const JournalStatus journal = state_->journal->status();
  out.healthy = journal.healthy;
  out.error = journal.error;
  out.appended_seq = journal.appended_seq;
  out.durable_seq = journal.durable_seq;
  out.segments_ready = journal.segments_ready;
  out.at_rest = journal.at_rest;
  out.kept_records = journal.kept_records;
  out.dropped_records = journal.dropped_records;
  return out;
}

std::size_t Books::open_holds() const {
  std::size_t count = 0;
  for (const std::unique_ptr<Shard>& shard : state_->shards) {
    const std::lock_guard lock(shard->mutex);
    count += shard->ledger.open_holds();
  }
  return count;
}

std::string Books::check_invariants() const {
  for (const std::unique_ptr<Shard>& shard : state_->shards) {
    const std::lock_guard lock(shard->mutex);
    std::string broken = shard->ledger.check_invariants();
    if (!broken.empty()) return broken;
  }
  return "";
}

}  // namespace steelyard::store
