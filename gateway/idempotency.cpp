#include "gateway/idempotency.h"

#include <cstring>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "gateway/auth.h"

namespace steelyard {
namespace {

struct KeyHash {
  std::size_t operator()(const std::array<std::uint64_t, 2>& key) const {
    return static_cast<std::size_t>(key[0]);  // of a cryptographic hash already
  }
};

using Name = std::array<std::uint64_t, 2>;

Name name_of(const OnceKey& key) {
  return {key.hi, key.lo};
}

std::array<std::uint64_t, 2> two_words(std::string_view text) {
  const KeyDigest digest = digest_of(text);
  std::array<std::uint64_t, 2> words;
  std::memcpy(words.data(), digest.data(), sizeof words);
  return words;
}

}  // namespace

OnceKey once_key(std::uint64_t principal, std::string_view key, std::string_view target,
                 std::string_view body) {
  std::string named = std::to_string(principal) + "\n";
  named += key;
  const std::array<std::uint64_t, 2> name = two_words(named);
  const std::array<std::uint64_t, 2> path = two_words(target), content = two_words(body);
  return {name[0], name[1], path[0] * 0x9E3779B97F4A7C15u ^ content[0]};
}

struct Idempotency::Table {
  struct Entry {
    std::uint64_t request = 0;
    Found state = Found::under_way;
    Instant since;
    std::shared_ptr<const std::string> answer;
  };

  mutable std::mutex mutex;
  IdempotencySpec spec;
  std::unordered_map<Name, Entry, KeyHash> entries;
  std::deque<std::pair<Name, Instant>> order;  // oldest first; some of them are forgotten already
  std::deque<Name> answers;                    // the same of those that keep one
  std::int64_t bytes = 0;

  void drop_answer(Entry& entry) {
    if (!entry.answer) return;
    bytes -= static_cast<std::int64_t>(entry.answer->size());
    entry.answer.reset();
    entry.state = Found::charged;
  }
  // The one that `order` means, or null: it was forgotten, perhaps made anew since.
  Entry* entry_of(const std::pair<Name, Instant>& ordered) {
    const auto found = entries.find(ordered.first);
    const bool same = found != entries.end() && found->second.since == ordered.second;
    return same ? &found->second : nullptr;
  }
  void age(Instant now) {
    while (!order.empty()) {
      Entry* const entry = entry_of(order.front());
      if (entry != nullptr) {
        const bool old = now.ns - entry->since.ns > spec.ttl_ms * 1'000'000;
        if (!old || entry->state == Found::under_way) return;
        drop_answer(*entry);
        entries.erase(order.front().first);
      }
      order.pop_front();
    }
  }
  // Room for one more. False: all that could go is under way.
  bool make_room() {
    constexpr int looks = 64;
    const auto most = static_cast<std::size_t>(spec.keys_max);
    for (int i = 0; i < looks && entries.size() >= most && !order.empty(); ++i) {
      const std::pair<Name, Instant> oldest = order.front();
      order.pop_front();
      Entry* const entry = entry_of(oldest);
      if (entry == nullptr) continue;
      if (entry->state == Found::under_way) {
        order.push_back(oldest);
        continue;
      }
      drop_answer(*entry);
      entries.erase(oldest.first);
    }
    return entries.size() < most;
  }
  void fit_answers() {
    while (bytes > spec.memory_bytes && !answers.empty()) {
      const auto found = entries.find(answers.front());
      if (found != entries.end()) drop_answer(found->second);
      answers.pop_front();
    }
  }
  Entry* under_way(const OnceKey& key) {
    const auto found = entries.find(name_of(key));
    const bool ours = found != entries.end() && found->second.state == Found::under_way;
    return ours ? &found->second : nullptr;
  }
};

Idempotency::Idempotency() : table_(std::make_unique<Table>()) {}
Idempotency::~Idempotency() = default;

void Idempotency::configure(const IdempotencySpec& spec) {
  const std::lock_guard lock(table_->mutex);
  table_->spec = spec;
  table_->fit_answers();
}

void Idempotency::recover(std::span<const router::KnownKey> keys) {
  const std::lock_guard lock(table_->mutex);
  for (const router::KnownKey& key : keys) {
    const Name name{key.hi, key.lo};
    if (!table_->make_room()) return;
    const bool fresh =
        table_->entries.try_emplace(name, Table::Entry{key.body, Found::charged, key.time, {}})
            .second;
    if (fresh) table_->order.emplace_back(name, key.time);
  }
}

Idempotency::Claim Idempotency::claim(const OnceKey& key, bool again, Instant now) {
  Table& t = *table_;
  const std::lock_guard lock(t.mutex);
  t.age(now);
  const auto known = t.entries.find(name_of(key));
  if (known != t.entries.end()) {
    Table::Entry& entry = known->second;
    if (entry.request != key.request) return {Found::other, {}};
    if (entry.state == Found::broken_off && again) {
      entry.state = Found::under_way;
      return {Found::nothing, {}};
    }
    return {entry.state, entry.answer};
  }
  if (!t.make_room()) return {Found::full, {}};
  t.entries[name_of(key)] = {key.request, Found::under_way, now, {}};
  t.order.emplace_back(name_of(key), now);
  return {Found::nothing, {}};
}

void Idempotency::answered(const OnceKey& key, std::string answer) {
  Table& t = *table_;
  const std::lock_guard lock(t.mutex);
  Table::Entry* const entry = t.under_way(key);
  if (entry == nullptr) return;
  const auto size = static_cast<std::int64_t>(answer.size());
  if (size == 0 || size > t.spec.answer_bytes_max) {
    entry->state = Found::charged;
    return;
  }
  entry->state = Found::answered;
  entry->answer = std::make_shared<const std::string>(std::move(answer));
  t.bytes += size;
  t.answers.push_back(name_of(key));
  t.fit_answers();
}

void Idempotency::broken_off(const OnceKey& key) {
  const std::lock_guard lock(table_->mutex);
  if (Table::Entry* const entry = table_->under_way(key)) entry->state = Found::broken_off;
}

void Idempotency::forget(const OnceKey& key) {
  const std::lock_guard lock(table_->mutex);
  if (table_->under_way(key) != nullptr) table_->entries.erase(name_of(key));
}

std::size_t Idempotency::keys() const {
  const std::lock_guard lock(table_->mutex);
  return table_->entries.size();
}

std::int64_t Idempotency::answer_bytes() const {
  const std::lock_guard lock(table_->mutex);
  return table_->bytes;
}

std::int64_t Idempotency::answer_bytes_max() const {
  const std::lock_guard lock(table_->mutex);
  return table_->spec.answer_bytes_max;
}

}  // namespace steelyard
