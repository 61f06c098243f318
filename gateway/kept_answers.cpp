#include "gateway/kept_answers.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <vector>

#include "gateway/store/file_ops.h"
#include "gateway/telemetry/log.h"
#include "policies/name_table.h"
#include "router/ledger/crc32c.h"

namespace steelyard {
namespace {

struct Entry {
  std::uint64_t id = 0, owner = 0, target = 0;
  std::uint64_t named = 0;  // when it was last named, counted; 0: free
  std::uint32_t maker = 0, unused = 0;
};
constexpr std::size_t entry_bytes_01 = offsetof(Entry, maker);  // of files of version 01
constexpr std::size_t ways = 8;
constexpr char magic[8] = {'S', 'Y', 'K', 'E', 'P', 'T', '0', '2'};

struct FileHead {
  char magic[8];
  std::uint64_t count = 0, clock = 0;
  std::uint32_t crc = 0, unused = 0;
};

std::size_t bucket_of(std::uint64_t id) {
  return (id * 0x9E3779B97F4A7C15u >> 32) % (KeptAnswers::entries_max / ways) * ways;
}

}  // namespace

struct KeptAnswers::State {
  std::string path;
  std::mutex lock;             // held for some hundred instructions an answer
  std::vector<Entry> entries;  // empty until the first answer is kept
  std::uint64_t clock = 0, changes = 0, saved = 0;

  Entry* bucket(std::uint64_t id) { return entries.data() + bucket_of(id); }
  Entry* find(std::uint64_t owner, std::uint64_t id) {
    if (entries.empty()) return nullptr;
    Entry* const first = bucket(id);
    Entry* const found = std::find_if(first, first + ways, [&](const Entry& e) {
      return e.named != 0 && e.id == id && e.owner == owner;
    });
    return found == first + ways ? nullptr : found;
  }
  void put(const Entry& entry) {
    if (entries.empty()) entries.resize(entries_max);
    Entry* to = find(entry.owner, entry.id);
    if (to == nullptr) {
      Entry* const first = bucket(entry.id);
      to = std::min_element(first, first + ways,
                            [](const Entry& a, const Entry& b) { return a.named < b.named; });
    }
    *to = entry;
  }
  bool decode(std::string_view bytes);
};

bool KeptAnswers::State::decode(std::string_view bytes) {
  FileHead head{};
  if (bytes.size() < sizeof head) return false;
  std::memcpy(&head, bytes.data(), sizeof head);
  bytes.remove_prefix(sizeof head);
  const bool early = head.magic[sizeof magic - 1] == '1';
  const std::size_t size = early ? entry_bytes_01 : sizeof(Entry);
  if (std::memcmp(head.magic, magic, sizeof magic - 1) != 0 ||
      (!early && head.magic[sizeof magic - 1] != '2') || head.count > entries_max ||
      bytes.size() != head.count * size ||
      router::crc32c(0, bytes.data(), bytes.size()) != head.crc)
    return false;
  clock = head.clock;
  for (std::uint64_t i = 0; i < head.count; ++i) {
    Entry entry;
    std::memcpy(&entry, bytes.data() + i * size, size);
    if (entry.named != 0) put(entry);
  }
  return true;
}

KeptAnswers::KeptAnswers(std::string path) : state_(std::make_unique<State>()) {
  state_->path = std::move(path);
  if (state_->path.empty()) return;
  std::ifstream file(state_->path, std::ios::binary);
  if (!file) return;  // the first start
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!state_->decode(std::move(bytes).str()))
    telemetry::log_warn(
        "`{}` is damaged or of another version: no stored answer can be gone on from",
        state_->path);
}

KeptAnswers::~KeptAnswers() = default;

void KeptAnswers::remember(std::uint64_t owner, std::string_view id, std::uint64_t target,
                           std::uint32_t maker) {
  if (id.empty() || target == 0) return;
  const std::lock_guard<std::mutex> hold(state_->lock);
  state_->put({policies::stable_hash(id), owner, target, ++state_->clock, maker});
  ++state_->changes;
}

std::uint64_t KeptAnswers::find(std::uint64_t owner, std::string_view id,
                                std::uint32_t* maker) const {
  const std::lock_guard<std::mutex> hold(state_->lock);
  Entry* const entry = state_->find(owner, policies::stable_hash(id));
  if (entry == nullptr) return 0;
  entry->named = ++state_->clock;
  if (maker != nullptr) *maker = entry->maker;
  return entry->target;
}

void KeptAnswers::forget(std::uint64_t owner, std::string_view id) {
  const std::lock_guard<std::mutex> hold(state_->lock);
  Entry* const entry = state_->find(owner, policies::stable_hash(id));
  if (entry == nullptr) return;
  *entry = {};
  ++state_->changes;
}

void KeptAnswers::save() {
  std::string bytes(sizeof(FileHead), '\0');
  {
    const std::lock_guard<std::mutex> hold(state_->lock);
    if (state_->path.empty() || state_->saved == state_->changes) return;
    state_->saved = state_->changes;
    FileHead head{};
    std::memcpy(head.magic, magic, sizeof magic);
    head.clock = state_->clock;
    for (const Entry& entry : state_->entries) {
      if (entry.named == 0) continue;
      ++head.count;
      bytes.append(reinterpret_cast<const char*>(&entry), sizeof entry);
    }
    const std::string_view body = std::string_view(bytes).substr(sizeof head);
    head.crc = router::crc32c(0, body.data(), body.size());
    std::memcpy(bytes.data(), &head, sizeof head);
  }
  if (const int error = store::replace_file(state_->path, bytes); error != 0)
    telemetry::log_warn("cannot write `{}`: {}", state_->path, store::error_text(error));
}

}  // namespace steelyard
