#include "gateway/net/tcp_socket.h"

#include <sys/socket.h>

#include <utility>

namespace steelyard::net {

TcpSocket::TcpSocket(Reactor& reactor, Descriptor socket, bool registered)
    : Watch(reactor), socket_(std::move(socket)) {
  if (registered) {
    take_over(fd());
  } else {
    watch(fd());
  }
}

void TcpSocket::begin(IoSlot& slot, Waiting waiting) {
  slot.arm();
  reader_ = &slot;
  waiting_ = waiting;
  // Never completed from here: whoever starts must be able to finish what it does.
  if (reader_may_go()) defer();
}

void TcpSocket::start_wait_writable(IoSlot& slot) {
  slot.arm();
  writer_ = &slot;
  if (writable_ || ended_ != IoError::none) defer();
}

bool TcpSocket::reader_may_go() const {
  if (reader_ == nullptr) return false;
  return ended_ != IoError::none || (read_wants_write_ ? writable_ : readable_);
}

void TcpSocket::on_ready(Readiness now) {
  readable_ |= now.readable;
  more_ |= now.readable;
  if (now.writable && (writable_ = send_rest()) && finishing_) finish();
  peer_ended_ |= now.ended;
  progress();
}

// Whoever is told may destroy this connection.
void TcpSocket::progress() {
  const std::uint64_t self = token();
  Reactor& loop = reactor();
  if (reader_may_go()) {
    serve_reader();
    if (!loop.alive(self)) return;
  }
  if (writer_ == nullptr || !(writable_ || ended_ != IoError::none)) return;
  std::exchange(writer_, nullptr)->complete({0, ended_});
}

void TcpSocket::serve_reader() {
  IoResult result{0, ended_};
  if (ended_ == IoError::none && waiting_ != Waiting::readable) {
    result = read_step(waiting_);
    if (result.error == IoError::would_block) return;
  }
  waiting_ = Waiting::nothing;
  std::exchange(reader_, nullptr)->complete(result);
}

void TcpSocket::close(IoError why) {
  if (ended_ != IoError::none) return;
  say_goodbye();
  ended_ = why;
  socket_.reset();  // leaves the epoll set by itself
  if (reader_ != nullptr || writer_ != nullptr) defer();
}

void TcpSocket::shutdown_write() {
  if (ended_ != IoError::none) return;
  say_goodbye();
  finishing_ = true;
  if (send_rest()) finish();
}

void TcpSocket::finish() {
  finishing_ = false;
  (void)::shutdown(fd(), SHUT_WR);
}

}  // namespace steelyard::net
