// TLS over a worker's socket: OpenSSL works on the descriptor, the reactor only says when it is
// ready.
#include "gateway/net/tcp_tls.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "gateway/net/tcp_socket.h"
#include "gateway/net/tls.h"
#include "gateway/net/tls_bio.h"

namespace steelyard::net {
namespace {

// Small parts share a record, and so a system call: a head and its body, a chunk and its framing.
// What follows a write that found no room begins with the same bytes, as OpenSSL wants it: the
// caller sends the rest in the same order.
class Gather {
 public:
  explicit Gather(std::span<const ConstBytes> parts) : parts_(parts) {}

  std::span<const char> next() {
    while (!parts_.empty() && at_ == parts_.front().size) drop();
    if (parts_.empty()) return {};
    const std::span<const char> first = rest_of(parts_.front(), at_);
    if (parts_.size() == 1 || first.size() >= record_bytes) return first;
    std::size_t filled = 0, skip = at_;
    for (const ConstBytes& part : parts_) {
      const std::span<const char> rest = rest_of(part, std::exchange(skip, 0));
      const std::size_t some = std::min(rest.size(), record_bytes - filled);
      if (some != 0) std::memcpy(record.data() + filled, rest.data(), some);
      filled += some;
      if (filled == record_bytes) break;
    }
    return {record.data(), filled};
  }
  void taken(std::size_t bytes) {
    while (bytes != 0) {
      const std::size_t some = std::min(bytes, parts_.front().size - at_);
      at_ += some;
      bytes -= some;
      if (at_ == parts_.front().size) drop();
    }
  }

 private:
  static constexpr std::size_t record_bytes = 16u << 10;
  static thread_local std::array<char, record_bytes> record;
  static std::span<const char> rest_of(const ConstBytes& part, std::size_t from) {
    return {static_cast<const char*>(part.data) + from, part.size - from};
  }
  void drop() {
    parts_ = parts_.subspan(1);
    at_ = 0;
  }
  std::span<const ConstBytes> parts_;
  std::size_t at_ = 0;  // of the first part: sent
};

thread_local std::array<char, Gather::record_bytes> Gather::record;

class TlsConnection final : public TcpSocket {
 public:
  TlsConnection(Reactor& loop, Descriptor socket, bool registered, TlsSession session)
      : TcpSocket(loop, std::move(socket), registered), session_(std::move(session)) {}
  ~TlsConnection() override { close(IoError::cancelled); }  // says goodbye

  // Client side: completes `connected` when the handshake is over.
  void begin_handshake(IoSlot& connected) {
    readable_ = true;  // nothing came yet, but the first step writes
    begin(connected, Waiting::handshake);
  }

  IoResult try_read(std::span<char> into) override {
    into_ = into;
    return read_step(Waiting::bytes);
  }

  IoResult try_write(std::span<const ConstBytes> from) override {
    if (ended_ != IoError::none) return {0, ended_};
    std::size_t done = 0;
    Gather gather(from);
    for (std::span<const char> left = gather.next(); !left.empty(); left = gather.next()) {
      const TlsResult wrote = session_.write(left);
      done += wrote.bytes;
      gather.taken(wrote.bytes);
      if (wrote.state == TlsState::ok) continue;
      note(wrote);
      if (done != 0) return {done, IoError::none};
      return {0, error_of(wrote.state)};
    }
    return {done, IoError::none};
  }

 private:
  static IoError error_of(TlsState state) {
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

  // OpenSSL met the end of what the socket gives or takes.
  void note(const TlsResult& result) {
    if (result.state == TlsState::want_read) readable_ = peer_ended_;
    if (result.state == TlsState::want_write) writable_ = false;
  }
  void note_step(const TlsResult& result) {
    note(result);
    read_wants_write_ = result.state == TlsState::want_write;
  }

  IoResult read_step(Waiting waiting) override {
    if (ended_ != IoError::none) return {0, ended_};
    // A server's handshake is part of its first read.
    if (!session_.handshake_done()) {
      const TlsResult shaken = session_.handshake_step();
      note_step(shaken);
      if (shaken.state != TlsState::ok) return {0, error_of(shaken.state)};
      if (waiting == Waiting::handshake) return {};
    }
    begin_reads();
    const TlsResult got = session_.read(into_);
    note_step(got);
    if (got.bytes == 0) return {0, error_of(got.state)};
    // Decrypted bytes may be held back that no event announces.
    readable_ = session_.has_pending() || peer_ended_ || !reads_drained();
    return {got.bytes, IoError::none};
  }

  void say_goodbye() override {
    if (session_.handshake_done()) (void)session_.shutdown();  // if it goes at once
  }

  TlsSession session_;
};

// What a session that could not be made becomes: a closed socket, every operation fails with `tls`.
std::unique_ptr<Connection> dead_connection(Reactor& reactor, Descriptor socket, bool registered) {
  std::unique_ptr<Connection> dead = make_plain_connection(reactor, std::move(socket), registered);
  dead->close(IoError::tls);
  return dead;
}

}  // namespace

std::unique_ptr<Connection> make_tls_client_connection(Reactor& reactor, Descriptor socket,
                                                       const Origin& origin, IoSlot& connected) {
  auto session = origin.tls_context->connect(socket.get(), origin.host);
  if (!session) {
    std::unique_ptr<Connection> dead = dead_connection(reactor, std::move(socket), true);
    dead->start_wait_readable(connected);
    return dead;
  }
  auto connection =
      std::make_unique<TlsConnection>(reactor, std::move(socket), true, std::move(*session));
  connection->begin_handshake(connected);
  return connection;
}

std::unique_ptr<Connection> make_tls_server_connection(Reactor& reactor, Descriptor socket,
                                                       std::shared_ptr<TlsContext> context) {
  auto session = context->accept(socket.get());
  if (!session) return dead_connection(reactor, std::move(socket), false);
  return std::make_unique<TlsConnection>(reactor, std::move(socket), false, std::move(*session));
}

}  // namespace steelyard::net
