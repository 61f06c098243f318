#include "gateway/session_memory.h"

#include <array>
#include <mutex>

namespace steelyard {
namespace {

struct Entry {
  std::uint64_t key = 0;  // 0: free
  SessionMemory::Turn turn;
  Tick seen;
};
constexpr std::size_t entries = 1u << 14, stripes = 64;

// Sessions of different workers rarely meet at one lock.
struct alignas(64) Stripe {
  std::mutex lock;
  std::array<Entry, entries / stripes> places;
};

}  // namespace

struct SessionMemory::Table {
  mutable std::array<Stripe, stripes> all;
  Stripe& of(std::uint64_t key) const { return all[key % stripes]; }
  static std::size_t place(std::uint64_t key) { return key / stripes % (entries / stripes); }
};

SessionMemory::SessionMemory() : table_(std::make_unique<Table>()) {}
SessionMemory::~SessionMemory() = default;

void SessionMemory::remember(std::uint64_t key, Turn turn, Tick now) {
  Stripe& stripe = table_->of(key);
  const std::lock_guard<std::mutex> hold(stripe.lock);
  stripe.places[Table::place(key)] = {key, turn, now};
}

SessionMemory::Turn SessionMemory::find(std::uint64_t key, Tick now, std::int64_t within_ms) const {
  Stripe& stripe = table_->of(key);
  const std::lock_guard<std::mutex> hold(stripe.lock);
  const Entry& entry = stripe.places[Table::place(key)];
  const std::int64_t age = now - entry.seen;
  if (entry.key != key || age >= within_ms * 1'000'000) return {};
  Turn turn = entry.turn;
  if (age >= warm_ms * 1'000'000) turn.tokens = 0;
  return turn;
}

}  // namespace steelyard
