#pragma once
// A client's WebSocket, for whoever serves requests over HTTP: messages come out as POST requests,
// one at a time, and what is written as the answer goes back as messages. So a WebSocket passes the
// same gate, limits, policies and books as any request.
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/dialect/responses_socket.h"
#include "gateway/dialect/sse.h"
#include "gateway/net/chunk_decoder.h"
#include "gateway/net/io.h"
#include "gateway/net/websocket.h"

namespace steelyard {

class WebSocketConnection final : public net::Connection {
 public:
  // `request`: the head of each request, from the request line on, without content-length and empty
  // line. `message_max`: bytes.
  WebSocketConnection(std::unique_ptr<net::Connection> inner, std::string request,
                      std::size_t message_max);
  net::IoResult try_read(std::span<char> into) override;
  net::IoResult try_write(std::span<const net::ConstBytes> from) override;
  void start_read(std::span<char> into, net::IoSlot& slot) override;
  void start_wait_readable(net::IoSlot& slot) override;
  void start_wait_writable(net::IoSlot& slot) override;
  void close(net::IoError why) override;
  void shutdown_write() override;
  bool is_open() const override { return inner_->is_open(); }

 private:
  bool has_request() const { return at_ < ready_.size(); }
  net::IoResult fill();  // reads what there is, and takes the frames in it
  void take_frames();
  void next_request();  // the next message becomes a request, if none is being answered
  void on_readable();
  void on_writable();
  void tell_reader(net::IoResult result);
  void wait_readable();
  void flush();
  void take_answer(std::string_view bytes);
  void take_head();
  void take_body(std::string_view bytes);
  void end_answer();
  void send_text(std::string_view message) {
    net::append_websocket_frame(out_, net::WebSocketOpcode::text, message);
  }
  void send_close(std::uint16_t code);

  std::unique_ptr<net::Connection> inner_;
  std::string request_;
  net::WebSocketReader frames_;
  dialect::responses::WebSocketTurns turns_;

  std::string raw_;                  // frames that are not whole yet
  std::deque<std::string> waiting_;  // messages that came while one was answered
  std::size_t waiting_bytes_ = 0, waiting_bytes_max_;
  std::string ready_;  // the request to be read, from at_ on
  std::size_t at_ = 0;
  bool answering_ = false, closing_ = false, close_sent_ = false, shut_down_ = false;

  // Of the answer: its head until it is whole, then how its body comes.
  std::string head_, body_;
  bool head_over_ = false, chunked_ = false;
  unsigned status_ = 0;
  std::size_t body_left_ = 0;
  net::ChunkDecoder chunks_;
  dialect::SseDecoder events_;

  std::string out_;  // frames to be sent
  net::IoSlot readable_, writable_;
  net::IoSlot *reader_ = nullptr, *writer_ = nullptr;  // who waits
  std::span<char> into_;                               // of start_read
};

}  // namespace steelyard
