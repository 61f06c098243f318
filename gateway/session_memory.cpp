#include "gateway/session_memory.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <utility>

#include "gateway/store/file_ops.h"
#include "gateway/telemetry/log.h"
#include "router/ledger/crc32c.h"

namespace steelyard {
namespace {

struct Entry {
  std::uint64_t key = 0;  // 0: free
  SessionMemory::Turn turn;
  Tick seen;
};
constexpr std::size_t entries = 1u << 14, stripes = 64;

// As it stands in the file, behind a head.
struct Kept {
  std::uint64_t key = 0, target = 0;
  std::int64_t seen = 0;  // Unix second
  std::uint32_t maker = 0;
  std::int32_t foreign_messages = 0;
};
struct FileHead {
  char magic[8];
  std::uint64_t count = 0;
  std::uint32_t crc = 0, unused = 0;
};
constexpr char magic[8] = {'S', 'Y', 'S', 'E', 'S', 'S', '0', '1'};
constexpr std::int64_t second_ns = 1'000'000'000;

// Sessions of different workers rarely meet at one lock.
struct alignas(64) Stripe {
  std::mutex lock;
  std::array<Entry, entries / stripes> places;
  bool changed = false;  // since it was written
};

}  // namespace

struct SessionMemory::Table {
  mutable std::array<Stripe, stripes> all;
  std::string path;
  Stripe& of(std::uint64_t key) const { return all[key % stripes]; }
  static std::size_t place(std::uint64_t key) { return key / stripes % (entries / stripes); }
};

SessionMemory::SessionMemory() : table_(std::make_unique<Table>()) {}
SessionMemory::~SessionMemory() = default;

void SessionMemory::open(std::string path, Tick now, std::int64_t unix_second) {
  table_->path = std::move(path);
  std::ifstream file(table_->path, std::ios::binary);
  if (table_->path.empty() || !file) return;  // the first start
  std::ostringstream text;
  text << file.rdbuf();
  const std::string bytes = std::move(text).str();
  FileHead head{};
  if (bytes.size() >= sizeof head) std::memcpy(&head, bytes.data(), sizeof head);
  const std::size_t body = bytes.size() - std::min(bytes.size(), sizeof head);
  if (std::memcmp(head.magic, magic, sizeof magic) != 0 || head.count > entries ||
      body != head.count * sizeof(Kept) ||
      router::crc32c(0, bytes.data() + sizeof head, body) != head.crc) {
    telemetry::log_warn("`{}` is damaged or of another version: no conversation is remembered",
                        table_->path);
    return;
  }
  for (std::uint64_t i = 0; i < head.count; ++i) {
    Kept kept;
    std::memcpy(&kept, bytes.data() + sizeof head + i * sizeof kept, sizeof kept);
    const std::int64_t age = std::max<std::int64_t>(unix_second - kept.seen, 0);
    if (kept.key == 0 || age * 1000 >= bound_ms) continue;
    Turn turn{kept.target, 0, kept.maker, kept.foreign_messages};
    // Older than any cache: nobody knows what became of that meanwhile.
    const Tick seen{now.ns - std::max(age * 1000, warm_ms) * 1'000'000};
    table_->of(kept.key).places[Table::place(kept.key)] = {kept.key, turn, seen};
  }
}

void SessionMemory::save(Tick now, std::int64_t unix_second) {
  if (table_->path.empty()) return;
  bool changed = false;
  FileHead head{};
  std::memcpy(head.magic, magic, sizeof magic);
  std::string bytes(sizeof head, '\0');
  for (Stripe& stripe : table_->all) {
    const std::lock_guard<std::mutex> hold(stripe.lock);
    changed |= std::exchange(stripe.changed, false);
    for (const Entry& entry : stripe.places) {
      const std::int64_t age = now - entry.seen;
      if (entry.key == 0 || age >= bound_ms * 1'000'000) continue;
      const Kept kept{entry.key, entry.turn.target, unix_second - age / second_ns, entry.turn.maker,
                      entry.turn.foreign_messages};
      bytes.append(reinterpret_cast<const char*>(&kept), sizeof kept);
      ++head.count;
    }
  }
  if (!changed) return;
  head.crc = router::crc32c(0, bytes.data() + sizeof head, bytes.size() - sizeof head);
  std::memcpy(bytes.data(), &head, sizeof head);
  if (const int error = store::replace_file(table_->path, bytes); error != 0)
    telemetry::log_warn("cannot write `{}`: {}", table_->path, store::error_text(error));
}

void SessionMemory::remember(std::uint64_t key, Turn turn, Tick now) {
  Stripe& stripe = table_->of(key);
  const std::lock_guard<std::mutex> hold(stripe.lock);
  stripe.places[Table::place(key)] = {key, turn, now};
  stripe.changed = true;
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
