#pragma once
// Who may have signed or encrypted what a client carries: each key of each provider with each model
// that it serves is a maker of its own, since vendors bind such state to the organisation and the
// model (research/wire 1.2.7). Part of a Runtime.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gateway/dialect/state_seal.h"

namespace steelyard {

struct GatewaySpec;
namespace router {
class Catalog;
}

class StateMakers {
 public:
  static constexpr std::int32_t nobody = -1;

  // Providers stand in `spec` in the order of the catalogue's numbers.
  void build(const GatewaySpec& spec, const router::Catalog& catalog);

  std::span<const dialect::hub::StateKey> keys() const { return keys_; }
  // A maker's number: its place among keys().
  std::int32_t maker(std::int32_t target, std::size_t key) const {
    return first_[static_cast<std::size_t>(target)] + static_cast<std::int32_t>(key);
  }
  const dialect::hub::StateKey& key_of(std::int32_t maker) const {
    return keys_[static_cast<std::size_t>(maker)];
  }
  std::int32_t target_of(std::int32_t maker) const;
  // Which of its provider's keys it has.
  std::size_t key_number(std::int32_t maker) const {
    return static_cast<std::size_t>(maker - first_[static_cast<std::size_t>(target_of(maker))]);
  }
  // The same after a reload and in every process; 0 is nobody's.
  std::uint32_t name_of(std::int32_t maker) const;
  // Of a target: who has that name. nobody: its key is no longer configured.
  std::int32_t named(std::int32_t target, std::uint32_t name) const;
  // One account and model? True of a maker itself, and of keys that share their account.
  bool same(std::int32_t one, std::int32_t other) const {
    return one == other || key_of(one).bytes == key_of(other).bytes;
  }

 private:
  std::vector<dialect::hub::StateKey> keys_;
  std::vector<std::int32_t> first_;  // by target, and one more
};

}  // namespace steelyard
