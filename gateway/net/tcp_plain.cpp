// A plain TCP socket as a Connection. Reads that wait go through Asio's speculative, edge-triggered
// read: a connection that was drained costs no probing recv and no epoll_ctl.
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>

#include "gateway/net/tcp_impl.h"

namespace steelyard::net {
namespace {

static_assert(sizeof(ConstBytes) == sizeof(iovec) &&
              offsetof(ConstBytes, size) == offsetof(iovec, iov_len));

IoError from_errno(int code) {
  if (code == EAGAIN || code == EWOULDBLOCK || code == EINTR) return IoError::would_block;
  return IoError::reset;
}

// Outlives the connection while Asio still holds a handler.
struct State {
  explicit State(TcpSocket s) : socket(std::move(s)) {}
  TcpSocket socket;
  IoSlot* reader = nullptr;
  IoSlot* writer = nullptr;
  IoError ended = IoError::none;  // set by close()

  IoError reason(boost::system::error_code error) const {
    if (ended != IoError::none) return ended;
    return error == asio::error::eof ? IoError::closed : IoError::reset;
  }
  void finish_read(boost::system::error_code error, std::size_t bytes) {
    if (reader == nullptr) return;
    IoSlot& slot = *std::exchange(reader, nullptr);
    slot.complete({bytes, error ? reason(error) : IoError::none});
  }
  void finish_write(boost::system::error_code error) {
    if (writer == nullptr) return;
    IoSlot& slot = *std::exchange(writer, nullptr);
    slot.complete({0, error ? reason(error) : IoError::none});
  }
};

class PlainConnection final : public Connection {
 public:
  explicit PlainConnection(TcpSocket socket) : state_(std::make_shared<State>(std::move(socket))) {}
  ~PlainConnection() override {
    state_->reader = state_->writer = nullptr;
    close(IoError::cancelled);
  }

  IoResult try_read(std::span<char> into) override {
    if (state_->ended != IoError::none) return {0, state_->ended};
    const ssize_t n = ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT);
    if (n > 0) return {static_cast<std::size_t>(n), IoError::none};
    return {0, n == 0 ? IoError::closed : from_errno(errno)};
  }

  IoResult try_write(std::span<const ConstBytes> from) override {
    if (state_->ended != IoError::none) return {0, state_->ended};
    msghdr message{};
    message.msg_iov = reinterpret_cast<iovec*>(const_cast<ConstBytes*>(from.data()));
    message.msg_iovlen = from.size();
    const ssize_t n = ::sendmsg(fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return {static_cast<std::size_t>(n), IoError::none};
    return {0, from_errno(errno)};
  }

  void start_read(std::span<char> into, IoSlot& slot) override {
    slot.arm();
    state_->reader = &slot;
    auto done = [state = state_](boost::system::error_code error, std::size_t bytes) {
      state->finish_read(error, bytes);
    };
    state_->socket.async_read_some(asio::buffer(into.data(), into.size()), std::move(done));
  }

  void start_wait_readable(IoSlot& slot) override {
    slot.arm();
    state_->reader = &slot;
    auto done = [state = state_](boost::system::error_code error) { state->finish_read(error, 0); };
    state_->socket.async_wait(TcpSocket::wait_read, std::move(done));
  }

  void start_wait_writable(IoSlot& slot) override {
    slot.arm();
    state_->writer = &slot;
    auto done = [state = state_](boost::system::error_code error) { state->finish_write(error); };
    state_->socket.async_wait(TcpSocket::wait_write, std::move(done));
  }

  void close(IoError why) override {
    if (state_->ended != IoError::none) return;
    state_->ended = why;
    boost::system::error_code ignored;
    state_->socket.close(ignored);  // handlers run later, from the loop
  }

  void shutdown_write() override {
    boost::system::error_code ignored;
    state_->socket.shutdown(TcpSocket::shutdown_send, ignored);
  }

  bool is_open() const override { return state_->ended == IoError::none; }

 private:
  int fd() const { return state_->socket.native_handle(); }
  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Connection> make_plain_connection(TcpSocket socket) {
  return std::make_unique<PlainConnection>(std::move(socket));
}

}  // namespace steelyard::net
