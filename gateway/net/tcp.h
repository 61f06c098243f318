#pragma once
// TCP (and TLS over it) on one worker's io_context. Boost.Asio stays behind this header.
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>

#include "config/types/instant.h"
#include "config/types/result.h"
#include "gateway/net/dialer.h"
#include "gateway/net/io.h"

namespace steelyard::net {

// One thread's event loop. Everything made from it belongs to the thread that calls run().
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void run();                             // until stop()
  void stop();                            // from any thread
  void post(std::function<void()> work);  // from any thread; runs on the loop's thread
  // Calls `tick` every `period_ns` while it returns true; start_ticking() again after it ended.
  void start_ticking(std::int64_t period_ns, std::function<bool()> tick);
  bool ticking() const;
  void set_tick_period(std::int64_t period_ns);  // from the next tick on

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Listens with SO_REUSEPORT, so each worker accepts for itself. `tls` may be null.
class Listener {
 public:
  using OnAccept = std::function<void(std::unique_ptr<Connection>)>;
  static Result<std::unique_ptr<Listener>> open(EventLoop& loop, const std::string& host,
                                                std::uint16_t port, std::shared_ptr<TlsContext> tls,
                                                OnAccept on_accept);
  ~Listener();
  std::uint16_t port() const;
  void close();

 private:
  struct Impl;
  explicit Listener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// Process signals, delivered on a loop's thread.
class Signals {
 public:
  // From now on these signals are caught; those that come before start() are kept for it.
  Signals(EventLoop& loop, std::initializer_list<int> numbers);
  ~Signals();
  void start(std::function<void(int number)> on_signal);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::unique_ptr<Dialer> make_tcp_dialer(EventLoop& loop);

}  // namespace steelyard::net
