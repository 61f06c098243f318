#include "gateway/dialect/tool_pairs.h"

#include <algorithm>
#include <functional>

#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect {
namespace {

constexpr std::size_t kFirstSlots = 64, kKeptSlots = 4'096;  // powers of two
// Ids that were made to collide cost no more than this; they all count as known then.
constexpr std::size_t kProbesMax = 64;

std::uint64_t hash_of(std::string_view id) {
  char plain[256];  // a library may escape what another does not
  if (id.find('\\') != std::string_view::npos) {
    const std::size_t size = unescape_into(plain, sizeof plain, id);
    if (size <= sizeof plain) id = {plain, size};
  }
  return std::hash<std::string_view>{}(id) | 1u;
}

}  // namespace

void ToolPairs::clear() {
  if (used_ > 0 && slots_.size() > kKeptSlots) slots_ = {};
  if (used_ > 0) std::fill(slots_.begin(), slots_.end(), 0);
  used_ = waiting_ = 0;
  hidden_ = false;
}

void ToolPairs::call(std::string_view id) {
  ++waiting_;
  also(id);
}

void ToolPairs::also(std::string_view name) {
  if (name.empty()) return;
  if (2 * (used_ + 1) > slots_.size()) {
    std::vector<std::uint64_t> before(std::max(kFirstSlots, 2 * slots_.size()), 0);
    before.swap(slots_);
    used_ = 0;
    for (const std::uint64_t hash : before)
      if (hash != 0) add(hash);
  }
  add(hash_of(name));
}

void ToolPairs::add(std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = (hash >> 1) & mask;
  for (std::size_t probes = 0; slots_[at] != 0; at = (at + 1) & mask) {
    if (slots_[at] == hash) return;
    if (++probes == kProbesMax) return hide();
  }
  slots_[at] = hash;
  ++used_;
}

bool ToolPairs::has(std::string_view id) const {
  if (id.empty() || used_ == 0) return false;
  const std::uint64_t hash = hash_of(id);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = (hash >> 1) & mask;
  for (std::size_t probes = 0; slots_[at] != 0 && probes < kProbesMax;
       at = (at + 1) & mask, ++probes)
    if (slots_[at] == hash) return true;
  return false;
}

ToolPairs::Standing ToolPairs::result(std::string_view id, std::string_view name) {
  const bool waited = waiting_ > 0;
  if (waited) --waiting_;
  if (hidden_ || has(id) || has(name)) return Standing::known;
  return waited ? Standing::strange : Standing::orphan;
}

}  // namespace steelyard::dialect
