// Connects to providers: literal addresses at once, names through Asio's resolver (its own thread)
// with a short cache per worker. Addresses are tried in order until one connects.
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/net/tcp_impl.h"
#include "gateway/net/tcp_tls.h"
#include "gateway/sys/clock.h"

namespace steelyard::net {
namespace {

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
constexpr std::int64_t cache_ms = 30'000;

struct Resolved {
  std::vector<TcpEndpoint> endpoints;
  Tick until;
};

struct Shared {
  explicit Shared(Executor e) : executor(e) {}
  Executor executor;
  sys::SystemClock clock;
  std::unordered_map<std::string, Resolved> cache;
};

// Forwards to the real connection once there is one. Before that it is the attempt itself.
class Dialled final : public Connection {
 public:
  struct Attempt : std::enable_shared_from_this<Attempt> {
    Attempt(std::shared_ptr<Shared> s, Origin o, IoSlot& slot)
        : shared(std::move(s)),
          origin(std::move(o)),
          connected(&slot),
          socket(shared->executor),
          resolver(shared->executor) {}
    std::shared_ptr<Shared> shared;
    Origin origin;
    IoSlot* connected;  // null once told
    TcpSocket socket;
    Resolver resolver;
    std::vector<TcpEndpoint> endpoints;
    std::size_t next = 0;
    IoError ended = IoError::none;
    Dialled* owner = nullptr;

    void begin();
    void resolve();
    void try_next();
    void established();
    void tell(IoError error) {
      if (connected == nullptr) return;
      IoSlot& slot = *std::exchange(connected, nullptr);
      slot.complete({0, ended != IoError::none ? ended : error});
    }
    void abort(IoError why) {
      ended = why;
      boost::system::error_code ignored;
      resolver.cancel();
      socket.close(ignored);
      // The resolver cannot be interrupted at once; whoever waits must be.
      asio::post(shared->executor, [self = shared_from_this()] { self->tell(IoError::cancelled); });
    }
  };

  explicit Dialled(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {
    attempt_->owner = this;
  }
  ~Dialled() override {
    if (attempt_ == nullptr) return;
    attempt_->owner = nullptr;
    attempt_->connected = nullptr;
    attempt_->abort(IoError::cancelled);
  }

  void adopt(std::unique_ptr<Connection> real) {
    attempt_.reset();
    real_ = std::move(real);
  }
  IoResult try_read(std::span<char> into) override {
    return real_ ? real_->try_read(into) : IoResult{0, IoError::would_block};
  }
  IoResult try_write(std::span<const ConstBytes> from) override {
    return real_ ? real_->try_write(from) : IoResult{0, IoError::would_block};
  }
  void start_read(std::span<char> into, IoSlot& slot) override { real_->start_read(into, slot); }
  void start_wait_readable(IoSlot& slot) override { real_->start_wait_readable(slot); }
  void start_wait_writable(IoSlot& slot) override { real_->start_wait_writable(slot); }
  void close(IoError why) override {
    if (real_) return real_->close(why);
    if (attempt_ && attempt_->ended == IoError::none) attempt_->abort(why);
  }
  void shutdown_write() override {
    if (real_) real_->shutdown_write();
  }
  bool is_open() const override { return real_ && real_->is_open(); }

 private:
  std::shared_ptr<Attempt> attempt_;
  std::unique_ptr<Connection> real_;
};

void Dialled::Attempt::begin() {
  boost::system::error_code error;
  const std::string& host = origin.host == "localhost" ? std::string("127.0.0.1") : origin.host;
  const auto literal = asio::ip::make_address(host, error);
  if (!error) {
    endpoints.assign(1, TcpEndpoint(literal, origin.port));
    return try_next();
  }
  const auto found = shared->cache.find(origin.host);
  if (found != shared->cache.end() && found->second.until > shared->clock.tick()) {
    endpoints = found->second.endpoints;
    for (TcpEndpoint& endpoint : endpoints) endpoint.port(origin.port);
    return try_next();
  }
  resolve();
}

void Dialled::Attempt::resolve() {
  auto done = [self = shared_from_this()](boost::system::error_code error,
                                          const Resolver::results_type& results) {
    if (self->ended != IoError::none) return self->tell(IoError::cancelled);
    if (error || results.empty()) return self->tell(IoError::unresolved);
    for (const auto& entry : results) self->endpoints.push_back(entry.endpoint());
    Resolved& kept = self->shared->cache[self->origin.host];
    kept.endpoints = self->endpoints;
    kept.until = self->shared->clock.tick().plus_ms(cache_ms);
    self->try_next();
  };
  resolver.async_resolve(origin.host, std::to_string(origin.port), std::move(done));
}

void Dialled::Attempt::try_next() {
  if (ended != IoError::none) return tell(IoError::cancelled);
  if (next >= endpoints.size()) return tell(IoError::refused);
  const TcpEndpoint endpoint = endpoints[next++];
  boost::system::error_code ignored;
  if (socket.is_open()) socket.close(ignored);
  auto done = [self = shared_from_this()](boost::system::error_code error) {
    if (self->ended != IoError::none) return self->tell(IoError::cancelled);
    if (error) return self->try_next();
    self->established();
  };
  socket.async_connect(endpoint, std::move(done));
}

void Dialled::Attempt::established() {
  if (owner == nullptr) return;
  boost::system::error_code ignored;
  socket.native_non_blocking(true, ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  IoSlot* slot = std::exchange(connected, nullptr);
  Dialled* to = owner;
  if (origin.tls) {
    // The handshake completes the slot; `to` no longer needs this attempt.
    auto keep_alive = shared_from_this();
    to->adopt(make_tls_client_connection(std::move(socket), origin, *slot));
    return;
  }
  to->adopt(make_plain_connection(std::move(socket)));
  slot->complete({0, IoError::none});
}

class TcpDialer final : public Dialer {
 public:
  explicit TcpDialer(EventLoop& loop)
      : shared_(std::make_shared<Shared>(loop.impl().io.get_executor())) {}

  std::unique_ptr<Connection> open(const Origin& origin, IoSlot& connected) override {
    connected.arm();
    auto attempt = std::make_shared<Dialled::Attempt>(shared_, origin, connected);
    auto dialled = std::make_unique<Dialled>(attempt);
    attempt->begin();
    return dialled;
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<Dialer> make_tcp_dialer(EventLoop& loop) {
  return std::make_unique<TcpDialer>(loop);
}

}  // namespace steelyard::net
