#pragma once
// RFC 6455, the server's side, as bytes: no I/O. Extensions are not offered, so reserved bits must
// be clear; clients must mask.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace steelyard::net {

// The value of Sec-WebSocket-Accept for the client's key (4.2.2).
std::string websocket_accept(std::string_view key);

enum class WebSocketOpcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

// Appends one unmasked frame that is a whole message.
void append_websocket_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload);
// A close frame; `code` as in RFC 6455 7.4.
void append_websocket_close(std::string& out, std::uint16_t code);

class WebSocketReader {
 public:
  // `limit`: bytes of one message.
  explicit WebSocketReader(std::size_t limit) : limit_(limit) {}

  enum class Event : std::uint8_t {
    need_more,
    message,  // of text
    ping,     // to be answered with the same payload
    close,    // the client is done
    refused,  // not as the RFC wants it, binary, or too long: close with refusal()
  };
  // Takes from the front of `in`. `payload` is what came with a message or a ping.
  Event next(std::string& in, std::string& payload);
  std::uint16_t refusal() const { return refusal_; }

 private:
  Event refuse(std::uint16_t code) {
    refusal_ = code;
    return Event::refused;
  }
  Event frame(WebSocketOpcode opcode, bool last, std::string& body, std::string& payload);

  std::size_t limit_;
  std::string message_;     // fragments so far
  bool fragments_ = false;  // a message was begun
  std::uint16_t refusal_ = 0;
};

}  // namespace steelyard::net
