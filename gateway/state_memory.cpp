#include "gateway/state_memory.h"

#include <algorithm>
#include <array>
#include <atomic>
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

// As it stands in the file, behind a head.
struct Entry {
  std::uint64_t state = 0;  // 0: free
  std::uint64_t maker = 0;
  std::int64_t made = 0;  // Unix second
};
struct FileHead {
  char magic[8];
  std::uint64_t count = 0;
  std::uint32_t crc = 0, unused = 0;
};
constexpr char magic[8] = {'S', 'Y', 'S', 'T', 'A', 'T', '0', '1'};

// A turn of an agent leaves a few: room for a day of some thousand conversations.
constexpr std::size_t entries = 1u << 17, stripes = 64, ways = 4;

struct alignas(64) Stripe {
  std::mutex lock;
  std::array<Entry, entries / stripes> places;

  // Of a state: as many places as it may stand in.
  Entry* set_of(std::uint64_t state) {
    return &places[state / stripes % (places.size() / ways) * ways];
  }
  void put(const Entry& entry) {
    Entry* const set = set_of(entry.state);
    Entry* place = std::find_if(
        set, set + ways, [&](const Entry& e) { return e.state == 0 || e.state == entry.state; });
    if (place == set + ways)
      place = std::min_element(set, set + ways,
                               [](const Entry& a, const Entry& b) { return a.made < b.made; });
    *place = entry;
  }
};

}  // namespace

struct StateMemory::Table {
  mutable std::array<Stripe, stripes> all;
  std::atomic<bool> changed = false;  // since it was written
  std::string path;
  Stripe& of(std::uint64_t state) const { return all[state % stripes]; }
};

StateMemory::StateMemory() : table_(std::make_unique<Table>()) {}
StateMemory::~StateMemory() = default;

void StateMemory::open(std::string path, Instant now) {
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
      body != head.count * sizeof(Entry) ||
      router::crc32c(0, bytes.data() + sizeof head, body) != head.crc) {
    telemetry::log_warn("`{}` is damaged or of another version: nobody is known to have signed",
                        table_->path);
    return;
  }
  for (std::uint64_t i = 0; i < head.count; ++i) {
    Entry entry;
    std::memcpy(&entry, bytes.data() + sizeof head + i * sizeof entry, sizeof entry);
    if (entry.state != 0 && now.seconds() - entry.made < bound_s)
      table_->of(entry.state).put(entry);
  }
}

void StateMemory::save(Instant now) {
  if (table_->path.empty() || !table_->changed.exchange(false)) return;
  FileHead head{};
  std::memcpy(head.magic, magic, sizeof magic);
  std::string bytes(sizeof head, '\0');
  for (Stripe& stripe : table_->all) {
    const std::lock_guard<std::mutex> hold(stripe.lock);
    for (const Entry& entry : stripe.places) {
      if (entry.state == 0 || now.seconds() - entry.made >= bound_s) continue;
      bytes.append(reinterpret_cast<const char*>(&entry), sizeof entry);
      ++head.count;
    }
  }
  head.crc = router::crc32c(0, bytes.data() + sizeof head, bytes.size() - sizeof head);
  std::memcpy(bytes.data(), &head, sizeof head);
  if (const int error = store::replace_file(table_->path, bytes); error != 0)
    telemetry::log_warn("cannot write `{}`: {}", table_->path, store::error_text(error));
}

void StateMemory::remember(std::uint64_t state, std::uint64_t maker, Instant now) {
  Stripe& stripe = table_->of(state);
  const std::lock_guard<std::mutex> hold(stripe.lock);
  stripe.put({state, maker, now.seconds()});
  table_->changed = true;
}

std::uint64_t StateMemory::maker_of(std::uint64_t state, Instant now) const {
  Stripe& stripe = table_->of(state);
  const std::lock_guard<std::mutex> hold(stripe.lock);
  const Entry* const set = stripe.set_of(state);
  const Entry* const entry =
      std::find_if(set, set + ways, [&](const Entry& e) { return e.state == state; });
  return entry == set + ways || now.seconds() - entry->made >= bound_s ? 0 : entry->maker;
}

}  // namespace steelyard
