#include "gateway/kept_answers.h"

#include <array>
#include <mutex>

#include "policies/name_table.h"

namespace steelyard {
namespace {

struct Entry {
  std::uint64_t key = 0, target = 0;
};
constexpr std::size_t entries = 1u << 16;

std::uint64_t key_of(std::uint64_t principal, std::string_view id) {
  const std::uint64_t key = policies::stable_hash(id) ^ principal * 0x9E3779B97F4A7C15u;
  return key + (key == 0);
}

}  // namespace

struct KeptAnswers::Table {
  std::mutex lock;
  std::array<Entry, entries> places;
};

KeptAnswers::KeptAnswers() : table_(std::make_unique<Table>()) {}
KeptAnswers::~KeptAnswers() = default;

void KeptAnswers::remember(std::uint64_t principal, std::string_view id, std::uint64_t target) {
  if (id.empty()) return;
  const std::uint64_t key = key_of(principal, id);
  const std::lock_guard<std::mutex> hold(table_->lock);
  table_->places[key % entries] = {key, target};
}

std::uint64_t KeptAnswers::find(std::uint64_t principal, std::string_view id) const {
  const std::uint64_t key = key_of(principal, id);
  const std::lock_guard<std::mutex> hold(table_->lock);
  const Entry& entry = table_->places[key % entries];
  return entry.key == key ? entry.target : 0;
}

}  // namespace steelyard
