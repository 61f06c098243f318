#pragma once
// All filters of an installation, and their file: what was learned survives a restart.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "router/calibration/calibrator.h"

namespace steelyard::router {

// Stable across restarts and reloads. The name the provider knows the model by is part of it: when
// an alias is pointed at another model, learning starts anew.
std::uint64_t calibration_key(std::string_view provider, std::string_view model,
                              std::string_view upstream_name);

class CalibrationTable {
 public:
  // The filter of `key`, made from `prior` (and what the file knew of it) when it is new. Its
  // number stays; at most 65,536 are made, later ones share the last.
  std::size_t slot(std::uint64_t key, const CalibrationPrior& prior);
  Calibrator& at(std::size_t slot) { return slots_[slot].filter; }
  const Calibrator& at(std::size_t slot) const { return slots_[slot].filter; }
  std::size_t size() const { return slots_.size(); }

  // The file: "STEELCAL", format u32, features u32, number of records u32, crc32c u32 of the
  // records; each record a key and a Calibrator::State, in this machine's byte order.
  std::string encode() const;
  // Takes what `encode` wrote; false, and nothing taken, when a byte of it is wrong or it is of
  // another format.
  bool decode(std::string_view bytes);

 private:
  struct Slot {
    std::uint64_t key;
    Calibrator filter;
  };
  std::vector<Slot> slots_;
  std::unordered_map<std::uint64_t, std::size_t> by_key_;
  std::unordered_map<std::uint64_t, Calibrator::State> remembered_;  // not yet asked for
};

}  // namespace steelyard::router
