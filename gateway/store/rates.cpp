#include "gateway/store/rates.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

#include "gateway/store/shard_hash.h"
#include "gateway/store/short_lock.h"
#include "router/ledger/rate_window.h"

namespace steelyard::store {

namespace {

struct Limit {
  std::string scope;
  bool tokens = false;
  router::RateWindow window;
};

}  // namespace

struct alignas(64) RateLimits::Shard {
  ShortLock mutex;
  std::deque<Limit> limits;  // never removed: chains refer to them by index
  std::map<std::string, std::uint32_t, std::less<>> by_identity;

  std::uint32_t install(const std::string& scope, bool tokens, std::int64_t limit,
                        std::int64_t per_ms) {
    const std::string identity =
        scope + (tokens ? "\ntokens/" : "\nrequests/") + std::to_string(per_ms);
    const auto next = static_cast<std::uint32_t>(limits.size());
    const std::uint32_t at = by_identity.try_emplace(identity, next).first->second;
    if (at == next) limits.push_back({scope, tokens, {}});
    limits[at].window.set_limit(limit, per_ms);
    return at;
  }
};

RateLimits::RateLimits(std::size_t shards) {
  for (std::size_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<Shard>());
}
RateLimits::~RateLimits() = default;

std::vector<RateChain> RateLimits::configure(std::span<const OrganisationSpec> organisations) {
  std::vector<RateChain> out;
  for (const OrganisationSpec& organisation : organisations) {
    const std::size_t at = shard_hash(organisation.name) % shards_.size();
    Shard& shard = *shards_[at];
    const std::lock_guard lock(shard.mutex);
    const auto add = [&](RateChain& chain, const std::string& scope, const RateSpec& rate) {
      if (rate.requests != 0)
        chain.windows[chain.count++] =
            shard.install(scope, false, rate.requests, rate.requests_per_ms);
      if (rate.tokens != 0)
        chain.windows[chain.count++] = shard.install(scope, true, rate.tokens, rate.tokens_per_ms);
    };
    RateChain top;
    top.shard = static_cast<std::uint16_t>(at);
    add(top, organisation.name, organisation.rate);
    for (const TeamSpec& team : organisation.teams) {
      RateChain middle = top;
      add(middle, organisation.name + "/" + team.name, team.rate);
      for (const KeySpec& key : team.keys) {
        out.push_back(middle);
        add(out.back(), organisation.name + "/" + team.name + "/" + key.id, key.rate);
      }
    }
  }
  return out;
}

namespace {

std::int64_t ms_until(Tick when, Tick now) {
  return std::max<std::int64_t>((when - now + 999'999) / 1'000'000, 0);
}

void look(const Limit& limit, Tick now, RateAnswer& out) {
  RateStanding& standing = limit.tokens ? out.tokens : out.requests;
  const router::RateWindow& window = limit.window;
  if (standing.limit != 0 && window.remaining() >= standing.remaining) return;
  standing = {window.limit(), window.remaining(), ms_until(window.empty_at(now), now)};
}

void refuse(const Limit& limit, std::int64_t amount, Tick now, RateAnswer& out) {
  const Tick when = limit.window.room_at(amount, now);
  const std::int64_t after =
      when.ns == INT64_MAX ? -1 : std::max<std::int64_t>(ms_until(when, now), 1);
  // Of several that have no room, the one that takes longest.
  if (!out.scope.empty() && (out.retry_after_ms < 0 || (after >= 0 && after <= out.retry_after_ms)))
    return;
  out.scope = limit.scope;
  out.unit = limit.tokens ? "tokens" : "requests";
  out.asked = amount;
  out.limit = limit.window.limit();
  out.retry_after_ms = after;
}

}  // namespace

RateAnswer RateLimits::take(const RateChain& chain, std::int64_t tokens, Tick now,
                            RateTicket& ticket) {
  RateAnswer out;
  Shard& shard = *shards_[chain.shard];
  const std::lock_guard lock(shard.mutex);
  for (std::size_t i = 0; i < chain.count; ++i) {
    Limit& limit = shard.limits[chain.windows[i]];
    const std::int64_t amount = limit.tokens ? tokens : 1;
    limit.window.advance(now);
    if (!limit.window.fits(amount)) refuse(limit, amount, now, out);
  }
  out.taken = out.scope.empty();
  ticket.tokens = tokens;
  for (std::size_t i = 0; i < chain.count; ++i) {
    Limit& limit = shard.limits[chain.windows[i]];
    if (out.taken) ticket.buckets[i] = limit.window.take(limit.tokens ? tokens : 1);
    look(limit, now, out);
  }
  return out;
}

void RateLimits::settle(const RateChain& chain, const RateTicket& ticket, std::int64_t tokens) {
  Shard& shard = *shards_[chain.shard];
  const std::lock_guard lock(shard.mutex);
  for (std::size_t i = 0; i < chain.count; ++i) {
    Limit& limit = shard.limits[chain.windows[i]];
    if (limit.tokens) limit.window.give_back(ticket.buckets[i], ticket.tokens - tokens);
  }
}

void RateLimits::cancel(const RateChain& chain, const RateTicket& ticket) {
  Shard& shard = *shards_[chain.shard];
  const std::lock_guard lock(shard.mutex);
  for (std::size_t i = 0; i < chain.count; ++i) {
    Limit& limit = shard.limits[chain.windows[i]];
    limit.window.give_back(ticket.buckets[i], limit.tokens ? ticket.tokens : 1);
  }
}

}  // namespace steelyard::store
