// TLS over a worker's socket: OpenSSL works on the descriptor, Asio only says when it is ready.
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "gateway/net/tcp_tls.h"
#include "gateway/net/tls.h"

namespace steelyard::net {
namespace {

class TlsConnection final : public Connection {
 public:
  TlsConnection(TcpSocket socket, TlsSession session)
      : state_(std::make_shared<State>(std::move(socket), std::move(session))) {}
  ~TlsConnection() override {
    state_->reader = state_->writer = nullptr;
    close(IoError::cancelled);
  }

  // Client side: completes `connected` when the handshake is over.
  void begin_handshake(IoSlot& connected) {
    connected.arm();
    state_->reader = &connected;
    state_->mode = Mode::handshake;
    State::advance(state_);
  }

  IoResult try_read(std::span<char> into) override { return state_->try_read(into); }

  IoResult try_write(std::span<const ConstBytes> from) override {
    State& s = *state_;
    if (s.ended != IoError::none) return {0, s.ended};
    std::size_t done = 0;
    for (const ConstBytes& part : from) {
      std::span<const char> left(static_cast<const char*>(part.data), part.size);
      while (!left.empty()) {
        const TlsResult wrote = s.session.write(left);
        done += wrote.bytes;
        left = left.subspan(wrote.bytes);
        if (wrote.state == TlsState::ok) continue;
        if (done != 0) return {done, IoError::none};
        return {0, s.error_of(wrote.state)};
      }
    }
    return {done, IoError::none};
  }

  void start_read(std::span<char> into, IoSlot& slot) override {
    slot.arm();
    state_->reader = &slot;
    state_->into = into;
    state_->mode = Mode::read;
    State::advance(state_);
  }

  void start_wait_readable(IoSlot& slot) override {
    slot.arm();
    state_->reader = &slot;
    state_->mode = Mode::wait;
    if (state_->session.has_pending()) return State::finish_later(state_, {});
    State::wait_readable(state_);
  }

  void start_wait_writable(IoSlot& slot) override {
    slot.arm();
    state_->writer = &slot;
    auto done = [state = state_](boost::system::error_code error) { state->finish_write(error); };
    state_->socket.async_wait(TcpSocket::wait_write, std::move(done));
  }

  void close(IoError why) override {
    State& s = *state_;
    if (s.ended != IoError::none) return;
    if (s.session.handshake_done()) (void)s.session.shutdown();  // close_notify, if it goes at once
    s.ended = why;
    boost::system::error_code ignored;
    s.socket.close(ignored);
  }

  void shutdown_write() override {
    if (state_->ended != IoError::none) return;
    if (state_->session.handshake_done()) (void)state_->session.shutdown();
    boost::system::error_code ignored;
    state_->socket.shutdown(TcpSocket::shutdown_send, ignored);
  }

  bool is_open() const override { return state_->ended == IoError::none; }

 private:
  enum class Mode : std::uint8_t { read, wait, handshake };

  struct State {
    State(TcpSocket s, TlsSession t) : socket(std::move(s)), session(std::move(t)) {}
    TcpSocket socket;
    TlsSession session;
    IoSlot* reader = nullptr;
    IoSlot* writer = nullptr;
    std::span<char> into;
    Mode mode = Mode::read;
    IoError ended = IoError::none;

    IoError error_of(TlsState state) const {
      switch (state) {
        case TlsState::ok:
        case TlsState::want_read:
        case TlsState::want_write: return IoError::would_block;
        case TlsState::closed: return IoError::closed;
        case TlsState::truncated: return IoError::reset;
        case TlsState::error: return IoError::tls;
      }
      return IoError::tls;
    }

    // A server's handshake is part of its first read.
    TlsResult step() {
      if (!session.handshake_done()) {
        const TlsResult shaken = session.handshake_step();
        if (shaken.state != TlsState::ok || mode == Mode::handshake) return shaken;
      }
      return session.read(into);
    }

    IoResult try_read(std::span<char> buffer) {
      if (ended != IoError::none) return {0, ended};
      into = buffer;
      mode = Mode::read;
      const TlsResult got = step();
      if (got.bytes != 0) return {got.bytes, IoError::none};
      return {0, error_of(got.state)};
    }

    void finish(IoResult result) {
      if (reader == nullptr) return;
      if (!result.ok() && ended != IoError::none) result.error = ended;
      std::exchange(reader, nullptr)->complete(result);
    }
    void finish_write(boost::system::error_code error) {
      if (writer == nullptr) return;
      const IoError why = ended != IoError::none ? ended : IoError::reset;
      std::exchange(writer, nullptr)->complete({0, error ? why : IoError::none});
    }
    // Never from inside start_*: whoever started must be able to finish what it does.
    static void finish_later(const std::shared_ptr<State>& self, IoResult result) {
      asio::post(self->socket.get_executor(), [self, result] { self->finish(result); });
    }

    static void advance(const std::shared_ptr<State>& self) {
      if (self->ended != IoError::none) return finish_later(self, {0, self->ended});
      const TlsResult got = self->step();
      if (got.state == TlsState::want_read && got.bytes == 0) return wait_readable(self);
      if (got.state == TlsState::want_write && got.bytes == 0) return wait_writable(self);
      const bool ok = got.state == TlsState::ok || got.bytes != 0;
      finish_later(self, {got.bytes, ok ? IoError::none : self->error_of(got.state)});
    }
    static void on_ready(const std::shared_ptr<State>& self, boost::system::error_code error) {
      if (self->reader == nullptr) return;
      if (error) return self->finish({0, IoError::reset});
      if (self->mode == Mode::wait) return self->finish({});
      const TlsResult got = self->step();
      if (got.state == TlsState::want_read && got.bytes == 0) return wait_readable(self);
      if (got.state == TlsState::want_write && got.bytes == 0) return wait_writable(self);
      const bool ok = got.state == TlsState::ok || got.bytes != 0;
      self->finish({got.bytes, ok ? IoError::none : self->error_of(got.state)});
    }
    static void wait_readable(const std::shared_ptr<State>& self) {
      auto ready = [self](boost::system::error_code error) { on_ready(self, error); };
      self->socket.async_wait(TcpSocket::wait_read, std::move(ready));
    }
    static void wait_writable(const std::shared_ptr<State>& self) {
      auto ready = [self](boost::system::error_code error) { on_ready(self, error); };
      self->socket.async_wait(TcpSocket::wait_write, std::move(ready));
    }
  };

  std::shared_ptr<State> state_;
};

// What a session that could not be made becomes: a closed socket, every operation fails with `tls`.
std::unique_ptr<Connection> dead_connection(TcpSocket socket) {
  std::unique_ptr<Connection> dead = make_plain_connection(std::move(socket));
  dead->close(IoError::tls);
  return dead;
}

}  // namespace

std::unique_ptr<Connection> make_tls_client_connection(TcpSocket socket, const Origin& origin,
                                                       IoSlot& connected) {
  auto session = origin.tls_context->connect(socket.native_handle(), origin.host);
  if (!session) {
    std::unique_ptr<Connection> dead = dead_connection(std::move(socket));
    dead->start_wait_readable(connected);
    return dead;
  }
  auto connection = std::make_unique<TlsConnection>(std::move(socket), std::move(*session));
  connection->begin_handshake(connected);
  return connection;
}

std::unique_ptr<Connection> make_tls_server_connection(TcpSocket socket,
                                                       std::shared_ptr<TlsContext> context) {
  auto session = context->accept(socket.native_handle());
  if (!session) return dead_connection(std::move(socket));
  return std::make_unique<TlsConnection>(std::move(socket), std::move(*session));
}

}  // namespace steelyard::net
