// Connects to providers: literal addresses at once, names through the resolver's thread with a
// short cache. Addresses are tried in order until one connects.
#include <netinet/tcp.h>

#include <cerrno>
#include <unordered_map>

#include "gateway/net/resolver.h"
#include "gateway/net/socket_address.h"
#include "gateway/net/tcp_impl.h"
#include "gateway/net/tcp_tls.h"
#include "gateway/sys/clock.h"

namespace steelyard::net {
namespace {

constexpr std::int64_t cache_ms = 30'000;

struct Resolved {
  std::vector<SocketAddress> addresses;
  Tick until;
};

struct Shared {
  explicit Shared(EventLoop& l) : loop(l) {}
  EventLoop& loop;
  sys::SystemClock clock;
  std::unordered_map<std::string, Resolved> cache;
  Resolver resolver;
};

// Forwards to the real connection once there is one. Before that it is the attempt itself.
class Dialled final : public Connection {
 public:
  class Attempt;
  Dialled(Shared& shared, const Origin& origin, IoSlot& slot);
  ~Dialled() override;
  void adopt(std::unique_ptr<Connection> real);
  void begin();

  IoResult try_read(std::span<char> into) override {
    return real_ ? real_->try_read(into) : IoResult{0, IoError::would_block};
  }
  IoResult try_write(std::span<const ConstBytes> from) override {
    return real_ ? real_->try_write(from) : IoResult{0, IoError::would_block};
  }
  void start_read(std::span<char> into, IoSlot& slot) override { real_->start_read(into, slot); }
  void start_wait_readable(IoSlot& slot) override { real_->start_wait_readable(slot); }
  void start_wait_writable(IoSlot& slot) override { real_->start_wait_writable(slot); }
  void close(IoError why) override;
  void shutdown_write() override {
    if (real_) real_->shutdown_write();
  }
  bool is_open() const override { return real_ && real_->is_open(); }

 private:
  std::shared_ptr<Attempt> attempt_;  // shared with the resolver's answer
  std::unique_ptr<Connection> real_;
};

class Dialled::Attempt final : public Watch, public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(Shared& s, const Origin& o, IoSlot& slot, Dialled& owner)
      : Watch(s.loop.impl().reactor), shared_(s), origin_(o), connected_(&slot), owner_(&owner) {}

  void begin();
  void abandon() {
    owner_ = nullptr;
    connected_ = nullptr;
    socket_.reset();
  }
  // Whoever waits is told from the loop.
  void abort(IoError why) {
    if (ended_ != IoError::none) return;
    ended_ = why;
    socket_.reset();
    defer();
  }

 private:
  void on_ready(Readiness now) override;
  void on_deferred() override { tell(ended_); }
  void resolved(std::vector<SocketAddress> addresses);
  void try_next();
  void established();
  void tell(IoError error) {
    if (connected_ != nullptr) std::exchange(connected_, nullptr)->complete({0, error});
  }

  Shared& shared_;
  Origin origin_;
  IoSlot* connected_;  // null once told
  Dialled* owner_;
  Descriptor socket_;
  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;
  IoError ended_ = IoError::none;
};

Dialled::Dialled(Shared& shared, const Origin& origin, IoSlot& slot)
    : attempt_(std::make_shared<Attempt>(shared, origin, slot, *this)) {}

Dialled::~Dialled() {
  if (attempt_) attempt_->abandon();
}

void Dialled::begin() {
  const std::shared_ptr<Attempt> attempt = attempt_;
  attempt->begin();
}

void Dialled::adopt(std::unique_ptr<Connection> real) {
  attempt_.reset();
  real_ = std::move(real);
}

void Dialled::close(IoError why) {
  if (real_) return real_->close(why);
  if (attempt_) attempt_->abort(why);
}

void Dialled::Attempt::begin() {
  const std::string host = origin_.host == "localhost" ? "127.0.0.1" : origin_.host;
  if (const auto literal = SocketAddress::literal(host, origin_.port)) {
    addresses_.assign(1, *literal);
    return try_next();
  }
  const auto found = shared_.cache.find(origin_.host);
  if (found != shared_.cache.end() && found->second.until > shared_.clock.tick())
    return resolved(found->second.addresses);
  const std::weak_ptr<Attempt> weak = weak_from_this();
  EventLoop* loop = &shared_.loop;
  shared_.resolver.resolve(host, [weak, loop](std::vector<SocketAddress> addresses) {
    loop->post([weak, addresses = std::move(addresses)]() mutable {
      const std::shared_ptr<Attempt> self = weak.lock();
      if (!self) return;
      Resolved& kept = self->shared_.cache[self->origin_.host];
      kept.addresses = addresses;
      kept.until = self->shared_.clock.tick().plus_ms(addresses.empty() ? 0 : cache_ms);
      self->resolved(std::move(addresses));
    });
  });
}

void Dialled::Attempt::resolved(std::vector<SocketAddress> addresses) {
  if (ended_ != IoError::none) return;
  addresses_ = std::move(addresses);
  for (SocketAddress& address : addresses_) address.set_port(origin_.port);
  if (!addresses_.empty()) return try_next();
  ended_ = IoError::unresolved;
  defer();
}

void Dialled::Attempt::try_next() {
  while (next_ < addresses_.size()) {
    const SocketAddress& address = addresses_[next_++];
    const int kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    socket_.reset(::socket(address.family(), kind, IPPROTO_TCP));
    if (!socket_.is_open()) continue;
    const int on = 1;
    (void)::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send_unpaced_at_home(socket_.get(), address);
    // Connected at once or later: the first readiness tells.
    if (::connect(socket_.get(), address.get(), address.size) == 0 || errno == EINPROGRESS)
      return watch(socket_.get());
  }
  socket_.reset();
  ended_ = IoError::refused;
  defer();
}

void Dialled::Attempt::on_ready(Readiness now) {
  if (!now.writable || !socket_.is_open() || owner_ == nullptr) return;
  int failure = 0;
  socklen_t size = sizeof failure;
  const bool asked = ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &failure, &size) == 0;
  if (!asked || failure != 0) return try_next();
  established();
}

// The connection takes the descriptor over; this attempt ends.
void Dialled::Attempt::established() {
  IoSlot* slot = std::exchange(connected_, nullptr);
  const auto keep_alive = shared_from_this();
  if (origin_.tls) {
    owner_->adopt(make_tls_client_connection(reactor(), std::move(socket_), origin_, *slot));
    return;  // the handshake completes the slot
  }
  owner_->adopt(make_plain_connection(reactor(), std::move(socket_), true));
  slot->complete({0, IoError::none});
}

class TcpDialer final : public Dialer {
 public:
  explicit TcpDialer(EventLoop& loop) : shared_(loop) {}

  std::unique_ptr<Connection> open(const Origin& origin, IoSlot& connected) override {
    connected.arm();
    auto dialled = std::make_unique<Dialled>(shared_, origin, connected);
    dialled->begin();
    return dialled;
  }

 private:
  Shared shared_;
};

}  // namespace

std::unique_ptr<Dialer> make_tcp_dialer(EventLoop& loop) {
  return std::make_unique<TcpDialer>(loop);
}

}  // namespace steelyard::net
