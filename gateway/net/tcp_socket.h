#pragma once
// What plain and TLS connections share: one socket, its readiness, who waits for it, and how it
// ended. Included by tcp_*.cpp only.
#include "gateway/net/io.h"
#include "gateway/net/tcp_impl.h"

namespace steelyard::net {

class TcpSocket : public Connection, protected Watch {
 public:
  void start_read(std::span<char> into, IoSlot& slot) final {
    into_ = into;
    begin(slot, Waiting::bytes);
  }
  void start_wait_readable(IoSlot& slot) final { begin(slot, Waiting::readable); }
  void start_wait_writable(IoSlot& slot) final;
  void close(IoError why) final;
  void shutdown_write() final;
  bool is_open() const final { return ended_ == IoError::none; }

 protected:
  enum class Waiting : std::uint8_t { nothing, bytes, readable, handshake };

  TcpSocket(Reactor& reactor, Descriptor socket, bool registered);

  // One step of what the reader waits for; would_block: not yet.
  virtual IoResult read_step(Waiting waiting) = 0;
  virtual void say_goodbye() {}  // before the socket closes, or its writing side
  // The kernel takes bytes again: sends what it did not take before. Whether that was all.
  virtual bool send_rest() { return true; }

  void begin(IoSlot& slot, Waiting waiting);
  // After a recv: less than asked for means drained, unless the end is known to follow.
  void note_read(ssize_t got, std::size_t asked) {
    readable_ = more_ = peer_ended_ || (got >= 0 && static_cast<std::size_t>(got) == asked);
  }
  int fd() const { return socket_.get(); }
  bool awaits_bytes() const { return reader_ != nullptr && waiting_ != Waiting::handshake; }

  std::span<char> into_;
  bool readable_ = false, writable_ = true;
  bool more_ = false;              // the kernel may have bytes; readable_ if there are any at all
  bool read_wants_write_ = false;  // TLS: the handshake must write before it can read
  bool peer_ended_ = false;
  bool finishing_ = false;         // FIN follows what is to be sent
  IoError ended_ = IoError::none;  // set by close()

 private:
  void on_ready(Readiness now) final;
  void on_deferred() final { progress(); }
  void progress();
  bool reader_may_go() const;
  void serve_reader();
  void finish();

  Descriptor socket_;
  IoSlot* reader_ = nullptr;
  IoSlot* writer_ = nullptr;
  Waiting waiting_ = Waiting::nothing;
};

}  // namespace steelyard::net
