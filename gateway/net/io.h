#pragma once
// The seam between coroutines and sockets. `Connection` is the one byte pipe everything above is
// written against: TCP, TLS and the simulator implement it. Operations complete into an `IoSlot`.
//
// At most one read (or readability wait) and one writability wait are outstanding per connection.
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace steelyard::net {

enum class IoError : std::uint8_t {
  none,
  would_block,  // try_* only: nothing could be done now
  closed,       // orderly end of stream
  reset,        // the peer reset or the network failed
  timed_out,    // close(timed_out) by a deadline
  cancelled,    // close(cancelled), for instance because the client left
  tls,          // record or handshake failure; reason() of the connection says more
  refused,      // connect only
  unresolved,   // connect only: no address
};
const char* name_of(IoError error);

struct IoResult {
  std::size_t bytes = 0;
  IoError error = IoError::none;
  bool ok() const { return error == IoError::none; }
};

// Where an operation completes: the result, and who is to be told. Reused for operation after
// operation; must outlive the operation.
class IoSlot {
 public:
  bool pending() const { return state_ == State::pending; }
  bool done() const { return state_ == State::done; }
  void arm() { state_ = State::pending; }
  // Called once by the connection. Resumes the awaiting coroutine, or calls the hook, or keeps the
  // result for a later `co_await`.
  void complete(IoResult result);
  IoResult take() {
    state_ = State::idle;
    return result_;
  }
  // A completion nobody awaits calls this instead; the result stays to be taken.
  void set_hook(void (*hook)(void*), void* argument) {
    hook_ = hook;
    hook_argument_ = argument;
  }

  // co_await slot: the result of the operation started before.
  bool await_ready() const noexcept { return state_ != State::pending; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
  IoResult await_resume() noexcept { return take(); }

 private:
  enum class State : std::uint8_t { idle, pending, done };
  IoResult result_;
  State state_ = State::idle;
  std::coroutine_handle<> waiter_;
  void (*hook_)(void*) = nullptr;
  void* hook_argument_ = nullptr;
};

struct ConstBytes {  // layout of iovec
  const void* data = nullptr;
  std::size_t size = 0;
  ConstBytes() = default;
  ConstBytes(const void* d, std::size_t n) : data(d), size(n) {}
  ConstBytes(std::string_view text) : data(text.data()), size(text.size()) {}
};

class Connection {
 public:
  virtual ~Connection() = default;
  // Never blocks. bytes > 0, or would_block, or how the connection ended.
  virtual IoResult try_read(std::span<char> into) = 0;
  // Never blocks; may write part. Gathers.
  virtual IoResult try_write(std::span<const ConstBytes> from) = 0;
  // Completes with bytes > 0 or an error; `into` stays valid until then.
  virtual void start_read(std::span<char> into, IoSlot& slot) = 0;
  // Completes with bytes == 0 when a try_read is worth while: idle streams keep no buffer.
  virtual void start_wait_readable(IoSlot& slot) = 0;
  virtual void start_wait_writable(IoSlot& slot) = 0;
  // Ends outstanding operations with `why`; further ones fail with it too. Idempotent.
  virtual void close(IoError why) = 0;
  // Sends what is queued, then FIN; reading goes on (lingering close). Does not block.
  virtual void shutdown_write() = 0;
  virtual bool is_open() const = 0;
};

}  // namespace steelyard::net
