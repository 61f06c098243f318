// A plain TCP socket as a Connection.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>

#include "gateway/net/outbox.h"
#include "gateway/net/tcp_socket.h"

namespace steelyard::net {
namespace {

static_assert(sizeof(ConstBytes) == sizeof(iovec) &&
              offsetof(ConstBytes, size) == offsetof(iovec, iov_len));

// The library's recv and sendmsg are cancellation points: with threads, each switches asynchronous
// cancellation on and off, thirty instructions a call for something nobody here uses.
ssize_t receive(int fd, char* to, std::size_t bytes) {
  return ::syscall(SYS_recvfrom, fd, to, bytes, MSG_DONTWAIT, nullptr, nullptr);
}
ssize_t send_gathered(int fd, const msghdr& message) {
  return ::syscall(SYS_sendmsg, fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}
// One piece: the kernel need not fetch a list first.
ssize_t send_piece(int fd, std::span<const char> bytes) {
  return ::syscall(SYS_sendto, fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, nullptr,
                   0);
}

std::size_t size_of(std::span<const ConstBytes> parts) {
  std::size_t bytes = 0;
  for (const ConstBytes& part : parts) bytes += part.size;
  return bytes;
}

IoError from_errno(int code) {
  if (code == EAGAIN || code == EWOULDBLOCK || code == EINTR) return IoError::would_block;
  return IoError::reset;
}

class PlainConnection final : public TcpSocket {
 public:
  PlainConnection(Reactor& loop, Descriptor socket, bool registered)
      : TcpSocket(loop, std::move(socket), registered) {}
  ~PlainConnection() override { say_goodbye(); }

  IoResult try_read(std::span<char> into) override {
    if (ended_ != IoError::none) return {0, ended_};
    const ssize_t n = receive(fd(), into.data(), into.size());
    if (n < 0 && errno == EINTR) return {0, IoError::would_block};  // still readable
    note_read(n, into.size());
    if (n > 0) return {static_cast<std::size_t>(n), IoError::none};
    return {0, n == 0 ? IoError::closed : from_errno(errno)};
  }

  // Where others are ready too, small messages go into the outbox: they are as good as sent, as
  // those in the kernel's buffer are.
  IoResult try_write(std::span<const ConstBytes> from) override {
    if (ended_ != IoError::none) return {0, ended_};
    if (entry_ >= 0) send_entry();
    if (!writable_ || !send_rest()) return {0, IoError::would_block};
    const std::size_t asked = size_of(from);
    if (reactor().gathers() && asked <= Outbox::message_max && put(from, asked))
      return {asked, IoError::none};
    msghdr message{};
    message.msg_iov = reinterpret_cast<iovec*>(const_cast<ConstBytes*>(from.data()));
    message.msg_iovlen = from.size();
    const ssize_t n = send_gathered(fd(), message);
    if (n < 0) {
      const IoError error = from_errno(errno);
      if (error == IoError::would_block) writable_ = false;
      return {0, error};
    }
    writable_ = static_cast<std::size_t>(n) == asked;
    return {static_cast<std::size_t>(n), IoError::none};
  }

 private:
  IoResult read_step(Waiting) override { return try_read(into_); }
  void say_goodbye() override {
    if (entry_ >= 0) send_entry();
  }

  bool put(std::span<const ConstBytes> from, std::size_t bytes) {
    entry_ = reactor().outbox().put(token(), from, bytes);
    if (entry_ >= 0) return true;
    reactor().send_all();
    entry_ = reactor().outbox().put(token(), from, bytes);
    return entry_ >= 0;
  }
  void send_entry() { on_send(reactor().outbox().take(entry_)); }

  // What breaks here shows to whoever reads next, as it does when the kernel had taken the bytes.
  void on_send(std::span<const char> bytes) override {
    entry_ = -1;
    const ssize_t n = send_piece(fd(), bytes);
    if (n == static_cast<ssize_t>(bytes.size())) return;
    if (n < 0 && from_errno(errno) != IoError::would_block) return;
    writable_ = false;
    rest_ = std::make_unique<std::string>(bytes.begin() + std::max<ssize_t>(n, 0), bytes.end());
  }

  bool send_rest() override {
    if (rest_ == nullptr) [[likely]]
      return true;
    const ssize_t n = send_piece(fd(), *rest_);
    if (n < 0 && from_errno(errno) == IoError::would_block) return writable_ = false;
    rest_->erase(0, n < 0 ? rest_->size() : static_cast<std::size_t>(n));
    if (!rest_->empty()) return writable_ = false;
    rest_.reset();
    return true;
  }

  int entry_ = -1;  // in the outbox
  // Of a message that the kernel had no room for; at most Outbox::message_max.
  std::unique_ptr<std::string> rest_;
};

}  // namespace

std::unique_ptr<Connection> make_plain_connection(Reactor& reactor, Descriptor socket,
                                                  bool registered) {
  return std::make_unique<PlainConnection>(reactor, std::move(socket), registered);
}

}  // namespace steelyard::net
