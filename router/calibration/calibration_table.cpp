#include "router/calibration/calibration_table.h"

#include <cstring>
#include <type_traits>

#include "policies/name_table.h"
#include "router/ledger/crc32c.h"

namespace steelyard::router {
namespace {

constexpr std::string_view magic = "STEELCAL";
constexpr std::uint32_t format = 3;  // and what the features mean
constexpr std::size_t slots_max = 65'536;

struct Head {
  char magic[8];
  std::uint32_t format, features, records, crc;
};
struct Record {
  std::uint64_t key;
  Calibrator::State state;
};
static_assert(std::is_trivially_copyable_v<Record>);

std::uint32_t crc_of(std::string_view bytes) {
  return crc32c(0, bytes.data(), bytes.size());
}

}  // namespace

std::uint64_t calibration_key(std::string_view provider, std::string_view model,
                              std::string_view upstream_name) {
  std::uint64_t key = policies::stable_hash(provider);
  key = key * 0x9E3779B97F4A7C15u ^ policies::stable_hash(model);
  key = key * 0x9E3779B97F4A7C15u ^ policies::stable_hash(upstream_name);
  return key;
}

std::size_t CalibrationTable::slot(std::uint64_t key, const CalibrationPrior& prior) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) return found->second;
  if (slots_.size() == slots_max) return slots_max - 1;
  Slot made{key, Calibrator(prior)};
  const auto known = remembered_.find(key);
  if (known != remembered_.end()) {
    (void)made.filter.restore(known->second);  // a state that does not fit the prior: start anew
    remembered_.erase(known);
  }
  by_key_.emplace(key, slots_.size());
  slots_.push_back(made);
  return slots_.size() - 1;
}

std::string CalibrationTable::encode() const {
  std::string records;
  std::uint32_t count = 0;
  const auto add = [&](std::uint64_t key, const Calibrator::State& state) {
    Record record;
    std::memset(static_cast<void*>(&record), 0, sizeof record);  // no stray bytes between fields
    record.key = key;
    record.state = state;
    records.append(reinterpret_cast<const char*>(&record), sizeof record);
    ++count;
  };
  for (const Slot& slot : slots_)
    if (slot.filter.observations() > 0) add(slot.key, slot.filter.state());
  for (const auto& [key, state] : remembered_) add(key, state);
  Head head{{}, format, feature_count, count, crc_of(records)};
  std::memcpy(head.magic, magic.data(), magic.size());
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  return bytes += records;
}

bool CalibrationTable::decode(std::string_view bytes) {
  Head head;
  if (bytes.size() < sizeof head) return false;
  std::memcpy(&head, bytes.data(), sizeof head);
  const std::string_view records = bytes.substr(sizeof head);
  const bool fits = std::string_view(head.magic, sizeof head.magic) == magic &&
                    head.format == format && head.features == feature_count &&
                    head.records <= slots_max && records.size() == head.records * sizeof(Record) &&
                    head.crc == crc_of(records);
  if (!fits) return false;
  remembered_.clear();
  for (std::size_t i = 0; i < head.records; ++i) {
    Record record;
    std::memcpy(static_cast<void*>(&record), records.data() + i * sizeof record, sizeof record);
    remembered_.emplace(record.key, record.state);
  }
  return true;
}

}  // namespace steelyard::router
