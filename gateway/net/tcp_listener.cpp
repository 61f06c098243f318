#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "config/types/limits.h"
#include "gateway/net/socket_address.h"
#include "gateway/net/tcp_impl.h"

namespace steelyard::net {
namespace {

constexpr int backlog = 4096;
constexpr int unsent_max = static_cast<int>(limits::relay_window_bytes);  // in the kernel, a client
constexpr std::int64_t retry_ns = 100'000'000;

}  // namespace

struct Listener::Impl final : Watch {
  Impl(Reactor& loop, Descriptor bound) : Watch(loop), socket(std::move(bound)) {}
  Descriptor socket;
  std::shared_ptr<TlsContext> tls;
  OnAccept on_accept;
  std::unique_ptr<Timer> retry;

  void begin() { watch(socket.get()); }

  void on_ready(Readiness now) override {
    if (now.readable) accept_all();
  }

  // Edge-triggered: until there is nothing left.
  void accept_all() {
    while (socket.is_open()) {
      Descriptor taken(::accept4(socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (taken.is_open()) {
        take(std::move(taken));
        continue;
      }
      const bool try_next = errno == ECONNABORTED || errno == EINTR || errno == EPROTO;
      if (try_next) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) pause();
      return;
    }
  }

  // Out of descriptors, most likely: spinning would burn the core that could free some.
  void pause() {
    if (!retry) retry = std::make_unique<Timer>(reactor(), [this] { accept_all(); });
    retry->set(retry_ns, 0);
  }

  void take(Descriptor taken) {
    const int on = 1;
    (void)::setsockopt(taken.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // A client that does not read shall be noticed before the kernel has megabytes for it.
    (void)::setsockopt(taken.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_max, sizeof unsent_max);
    on_accept(tls != nullptr ? make_tls_server_connection(reactor(), std::move(taken), tls)
                             : make_plain_connection(reactor(), std::move(taken), false));
  }
};

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() {
  close();
}

void Listener::close() {
  impl_->socket.reset();
  impl_->retry.reset();
}

std::uint16_t Listener::port() const {
  SocketAddress address;
  if (::getsockname(impl_->socket.get(), address.get(), &address.size) != 0) return 0;
  return address.port();
}

Result<std::unique_ptr<Listener>> Listener::open(EventLoop& loop, const std::string& host,
                                                 std::uint16_t port,
                                                 std::shared_ptr<TlsContext> tls,
                                                 OnAccept on_accept) {
  const auto refuse = [&](const char* step, const char* why) {
    return fail(
        ErrorKind::internal, ErrorSource::gateway, Retry::never,
        std::string("cannot ") + step + " `" + host + ":" + std::to_string(port) + "`: " + why);
  };
  const auto address = SocketAddress::literal(host == "localhost" ? "127.0.0.1" : host, port);
  if (!address) return refuse("read the address", "neither an IPv4 nor an IPv6 address");
  const int kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  Descriptor socket(::socket(address->family(), kind, IPPROTO_TCP));
  if (!socket.is_open()) return refuse("open a socket for", std::strerror(errno));
  const int on = 1;
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  send_unpaced_at_home(socket.get(), *address);  // inherited by what is accepted
  if (::bind(socket.get(), address->get(), address->size) != 0 ||
      ::listen(socket.get(), backlog) != 0)
    return refuse("listen on", std::strerror(errno));
  auto impl = std::make_shared<Impl>(loop.impl().reactor, std::move(socket));
  impl->tls = std::move(tls);
  impl->on_accept = std::move(on_accept);
  impl->begin();
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

}  // namespace steelyard::net
