#pragma once
// Shared by the tcp_*.cpp files only.
#include <unistd.h>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "gateway/net/reactor.h"
#include "gateway/net/tcp.h"

namespace steelyard::net {

// An owned file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Descriptor() { reset(); }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

// Fires once or over and over; a descriptor like any other, so the loop reads no clock to wait.
class Timer final : public Watch {
 public:
  Timer(Reactor& reactor, std::function<void()> on_fire);
  void set(std::int64_t first_ns, std::int64_t period_ns);  // 0, 0: off

 private:
  void on_ready(Readiness now) override;
  Descriptor descriptor_;
  std::function<void()> on_fire_;
};

struct EventLoop::Impl {
  Impl();
  class Mailbox;

  Reactor reactor;
  bool stopped = false;
  std::unique_ptr<Mailbox> mailbox;
  std::unique_ptr<Timer> ticker;
  std::function<bool()> on_tick;
  std::int64_t period_ns = 0;
  bool ticking = false;
};

class TlsSession;
// `registered`: the descriptor is in the reactor's set already, under a Watch that has let it go.
std::unique_ptr<Connection> make_plain_connection(Reactor& reactor, Descriptor socket,
                                                  bool registered);
// A server-side TLS connection: the handshake happens inside the first read.
std::unique_ptr<Connection> make_tls_server_connection(Reactor& reactor, Descriptor socket,
                                                       std::shared_ptr<TlsContext> context);

}  // namespace steelyard::net
