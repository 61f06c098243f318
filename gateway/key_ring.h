#pragma once
// The keys of one provider, used in turn, or always the same for the same conversation. One that
// the provider refused rests, so that the others carry on; when all rest, the one that is ready
// first is used anyway. One ring per worker.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "config/types/instant.h"

namespace steelyard {

class KeyRing {
 public:
  explicit KeyRing(std::size_t keys = 1) : rests_until_(keys), refused_until_(keys) {}

  // The key of the next request.
  std::size_t next(Tick now) {
    if (resting_) [[unlikely]]
      return next_rested(now);
    if (turn_ >= rests_until_.size()) turn_ = 0;
    return turn_++;
  }
  // The key of a conversation, by the hash of its name: the same in every worker. Signed state and
  // prompt caches are bound to the account they were made with. While it rests another one stands
  // in, which is the same as long as no other rests.
  std::size_t of(std::uint64_t who, Tick now) {
    who ^= who >> 32;
    const std::size_t keys = rests_until_.size();
    const auto own = static_cast<std::size_t>(who % keys);
    if (!resting_ || rests_until_[own] <= now) return own;
    const auto rested = [now](Tick until) { return until <= now; };
    const auto ready = std::count_if(rests_until_.begin(), rests_until_.end(), rested);
    if (ready == 0) return next(now);
    std::size_t left = static_cast<std::size_t>(who / keys) % static_cast<std::size_t>(ready);
    std::size_t key = 0;
    while (!rested(rests_until_[key]) || left-- != 0) ++key;
    return key;
  }
  // `refused`: the provider will not have it, rather than not now.
  void rest(std::size_t key, Tick until, bool refused = false) {
    rests_until_[key] = std::max(rests_until_[key], until);
    if (refused) refused_until_[key] = std::max(refused_until_[key], until);
    resting_ = true;
  }
  bool rests(std::size_t key, Tick now) const { return resting_ && now < rests_until_[key]; }
  bool refused(std::size_t key, Tick now) const { return resting_ && now < refused_until_[key]; }
  Tick rests_until(std::size_t key) const { return rests_until_[key]; }
  // Is there a key that does not rest?
  bool any_ready(Tick now) const {
    return std::any_of(rests_until_.begin(), rests_until_.end(),
                       [now](Tick until) { return until <= now; });
  }
  std::size_t size() const { return rests_until_.size(); }

 private:
  std::size_t next_rested(Tick now) {
    resting_ = std::any_of(rests_until_.begin(), rests_until_.end(),
                           [now](Tick until) { return now < until; });
    for (std::size_t tried = 0; tried < rests_until_.size(); ++tried) {
      if (turn_ >= rests_until_.size()) turn_ = 0;
      const std::size_t key = turn_++;
      if (rests_until_[key] <= now) return key;
    }
    const auto first = std::min_element(rests_until_.begin(), rests_until_.end());
    return static_cast<std::size_t>(first - rests_until_.begin());
  }

  std::vector<Tick> rests_until_, refused_until_;
  std::size_t turn_ = 0;
  bool resting_ = false;  // some key may
};

}  // namespace steelyard
