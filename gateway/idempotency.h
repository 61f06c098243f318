#pragma once
// Requests with an `idempotency-key`: the same key and request is charged once. The second one gets
// the stored answer, byte for byte, or is told to wait while the first is under way. One table for
// the whole process, bounded in keys, in bytes and in time. What was charged is known after a
// restart too, from the journal; its answer is not. Safe from all workers.
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/spec/gateway_spec.h"
#include "config/types/instant.h"
#include "router/ledger/event.h"

namespace steelyard {

// A client's key within its principal, hashed: what is remembered of it.
struct OnceKey {
  std::uint64_t hi = 0, lo = 0;
  std::uint64_t request = 0;  // of path and body: another one under the same key is refused
  friend bool operator==(const OnceKey&, const OnceKey&) = default;
};
OnceKey once_key(std::uint64_t principal, std::string_view key, std::string_view target,
                 std::string_view body);

class Idempotency {
 public:
  enum class Found : std::uint8_t {
    nothing,     // it is the caller's now: answered(), broken_off() or forget() must follow
    under_way,   // the first one is not answered yet
    answered,    // `answer` is what it got
    charged,     // it was charged, and its answer is not kept
    broken_off,  // it was charged, and its answer ended before its end
    other,       // the key was used for another request
    full,        // too many keys are under way
  };
  struct Claim {
    Found found = Found::nothing;
    std::shared_ptr<const std::string> answer;
  };

  Idempotency();
  ~Idempotency();

  void configure(const IdempotencySpec& spec);
  // Keys of an earlier process that were charged.
  void recover(std::span<const router::KnownKey> keys);

  // `again`: the client says that it repeats a request whose answer it did not get; one that was
  // broken off may then be made anew.
  Claim claim(const OnceKey& key, bool again, Instant now);
  // The whole answer, as it went over the wire; longer than `answer_max` or empty: not kept.
  void answered(const OnceKey& key, std::string answer);
  void broken_off(const OnceKey& key);
  // Nothing was charged: the key is free again.
  void forget(const OnceKey& key);

  std::size_t keys() const;
  std::int64_t answer_bytes() const;
  std::int64_t answer_bytes_max() const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace steelyard
