// A plain TCP socket as a Connection.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "gateway/net/postbox.h"
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
    if (arrived_ >= 0 || kept_ != nullptr) [[unlikely]]
      if (const std::size_t got = take(into); got != 0) return {got, IoError::none};
    return read_kernel(into);
  }

  // Where others are ready too, small messages go into the outbox: they are as good as sent, as
  // those in the kernel's buffer are.
  IoResult try_write(std::span<const ConstBytes> from) override {
    if (ended_ != IoError::none) return {0, ended_};
    if (entry_ >= 0) send_entry();
    if (!writable_ || !send_rest()) return {0, IoError::would_block};
    const std::size_t asked = size_of(from);
    if (reactor().gathers() && asked <= Postbox::message_max && put(from, asked))
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
  // What the kernel had no room for, at most Postbox::message_max, and what came before anybody
  // asked for it, as much at most.
  struct Kept {
    std::string out, in;
  };

  IoResult read_step(Waiting) override { return try_read(into_); }
  void say_goodbye() override {
    if (entry_ >= 0) send_entry();
  }

  IoResult read_kernel(std::span<char> into) {
    if (std::exchange(broken_, false)) return {0, IoError::reset};
    const ssize_t n = receive(fd(), into.data(), into.size());
    if (n < 0 && errno == EINTR) return {0, IoError::would_block};  // still readable
    note_read(n, into.size());
    if (n > 0) return {static_cast<std::size_t>(n), IoError::none};
    return {0, n == 0 ? IoError::closed : from_errno(errno)};
  }

  // An end is left to whoever reads: it is said once.
  bool on_fetch(Readiness now) override {
    if (!now.readable || now.ended || ended_ != IoError::none || !awaits_bytes()) return false;
    if (arrived_ >= 0 || (kept_ != nullptr && !kept_->in.empty())) return false;
    Postbox& inbox = reactor().inbox();
    const std::span<char> room = inbox.room();
    if (room.empty()) return false;
    const ssize_t n = receive(fd(), room.data(), room.size());
    if (n <= 0) {
      broken_ = n < 0 && errno != EINTR && from_errno(errno) != IoError::would_block;
      return false;
    }
    note_read(n, room.size());
    readable_ = true;
    arrived_ = static_cast<std::int16_t>(inbox.add(token(), static_cast<std::size_t>(n)));
    return true;
  }

  void on_keep(std::span<const char> bytes) override {
    arrived_ = -1;
    kept().in.assign(bytes.begin(), bytes.end());
  }

  // Of what was fetched, and what followed it if all of a large message is wanted. 0: nothing was.
  std::size_t take(std::span<char> into) {
    if (arrived_ >= 0) {
      const std::span<const char> bytes = reactor().inbox().take(std::exchange(arrived_, -1));
      const std::size_t n = std::min(bytes.size(), into.size());
      std::memcpy(into.data(), bytes.data(), n);
      if (n < bytes.size()) [[unlikely]]
        kept().in.assign(bytes.begin() + static_cast<std::ptrdiff_t>(n), bytes.end());
      return after_take(into, n, n == bytes.size());
    }
    if (kept_->in.empty()) return 0;
    const std::size_t n = std::min(kept_->in.size(), into.size());
    std::memcpy(into.data(), kept_->in.data(), n);
    kept_->in.erase(0, n);
    return after_take(into, n, kept_->in.empty());
  }

  std::size_t after_take(std::span<char> into, std::size_t n, bool all) {
    if (!all) return n;
    if (kept_ != nullptr && kept_->out.empty()) kept_.reset();
    readable_ = more_;
    if (more_ && n < into.size() && !broken_) {
      const IoResult rest = read_kernel(into.subspan(n));
      broken_ = rest.error == IoError::reset;
      readable_ |= broken_;
      return n + rest.bytes;
    }
    return n;
  }

  Kept& kept() {
    if (kept_ == nullptr) kept_ = std::make_unique<Kept>();
    return *kept_;
  }

  bool put(std::span<const ConstBytes> from, std::size_t bytes) {
    entry_ = static_cast<std::int16_t>(reactor().outbox().put(token(), from, bytes));
    if (entry_ >= 0) return true;
    reactor().send_all();
    entry_ = static_cast<std::int16_t>(reactor().outbox().put(token(), from, bytes));
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
    kept().out.assign(bytes.begin() + std::max<ssize_t>(n, 0), bytes.end());
  }

  bool send_rest() override {
    if (kept_ == nullptr || kept_->out.empty()) [[likely]]
      return true;
    std::string& rest = kept_->out;
    const ssize_t n = send_piece(fd(), rest);
    if (n < 0 && from_errno(errno) == IoError::would_block) return writable_ = false;
    rest.erase(0, n < 0 ? rest.size() : static_cast<std::size_t>(n));
    if (!rest.empty()) return writable_ = false;
    if (kept_->in.empty()) kept_.reset();
    return true;
  }

  std::int16_t entry_ = -1;    // in the outbox
  std::int16_t arrived_ = -1;  // in the inbox
  bool broken_ = false;        // found out while there was something to read before it
  std::unique_ptr<Kept> kept_;
};

}  // namespace

std::unique_ptr<Connection> make_plain_connection(Reactor& reactor, Descriptor socket,
                                                  bool registered) {
  return std::make_unique<PlainConnection>(reactor, std::move(socket), registered);
}

}  // namespace steelyard::net
