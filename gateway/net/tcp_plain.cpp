// A plain TCP socket as a Connection.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

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

IoError from_errno(int code) {
  if (code == EAGAIN || code == EWOULDBLOCK || code == EINTR) return IoError::would_block;
  return IoError::reset;
}

class PlainConnection final : public TcpSocket {
 public:
  PlainConnection(Reactor& loop, Descriptor socket, bool registered)
      : TcpSocket(loop, std::move(socket), registered) {}

  IoResult try_read(std::span<char> into) override {
    if (ended_ != IoError::none) return {0, ended_};
    const ssize_t n = receive(fd(), into.data(), into.size());
    if (n < 0 && errno == EINTR) return {0, IoError::would_block};  // still readable
    note_read(n, into.size());
    if (n > 0) return {static_cast<std::size_t>(n), IoError::none};
    return {0, n == 0 ? IoError::closed : from_errno(errno)};
  }

  IoResult try_write(std::span<const ConstBytes> from) override {
    if (ended_ != IoError::none) return {0, ended_};
    msghdr message{};
    message.msg_iov = reinterpret_cast<iovec*>(const_cast<ConstBytes*>(from.data()));
    message.msg_iovlen = from.size();
    const ssize_t n = send_gathered(fd(), message);
    if (n < 0) {
      const IoError error = from_errno(errno);
      if (error == IoError::would_block) writable_ = false;
      return {0, error};
    }
    std::size_t asked = 0;
    for (const ConstBytes& part : from) asked += part.size;
    writable_ = static_cast<std::size_t>(n) == asked;
    return {static_cast<std::size_t>(n), IoError::none};
  }

 private:
  IoResult read_step(Waiting) override { return try_read(into_); }
};

}  // namespace

std::unique_ptr<Connection> make_plain_connection(Reactor& reactor, Descriptor socket,
                                                  bool registered) {
  return std::make_unique<PlainConnection>(reactor, std::move(socket), registered);
}

}  // namespace steelyard::net
