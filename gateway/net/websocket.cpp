#include "gateway/net/websocket.h"

#include <openssl/evp.h>

#include <array>

namespace steelyard::net {
namespace {

constexpr std::uint16_t protocol_error = 1002, no_such_data = 1003, too_big = 1009;
constexpr std::size_t control_bytes_max = 125;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    return {};
  std::array<unsigned char, 64> base64{};
  const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(length)};
}

void append_websocket_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload) {
  out += static_cast<char>(0x80 | static_cast<unsigned>(opcode));
  const std::uint64_t size = payload.size();
  int bytes = 0;
  if (size < 126) {
    out += static_cast<char>(size);
  } else {
    bytes = size < 65'536 ? 2 : 8;
    out += static_cast<char>(bytes == 2 ? 126 : 127);
  }
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i) & 0xff);
  out += payload;
}

void append_websocket_close(std::string& out, std::uint16_t code) {
  const char bytes[] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  append_websocket_frame(out, WebSocketOpcode::close, {bytes, sizeof bytes});
}

WebSocketReader::Event WebSocketReader::next(std::string& in, std::string& payload) {
  for (;;) {
    if (in.size() < 2) return Event::need_more;
    const auto first = static_cast<unsigned char>(in[0]);
    const auto second = static_cast<unsigned char>(in[1]);
    const auto opcode = static_cast<WebSocketOpcode>(first & 0x0f);
    const bool last = (first & 0x80) != 0, control = (first & 0x08) != 0;
    if ((first & 0x70) != 0 || (second & 0x80) == 0) return refuse(protocol_error);
    const unsigned short_size = second & 0x7fu;
    const std::size_t more = short_size == 126 ? 2 : short_size == 127 ? 8 : 0;
    const std::size_t head = 2 + more + 4;
    if (in.size() < head) return Event::need_more;
    const std::uint64_t size =
        more == 0 ? short_size : big_endian(std::string_view(in).substr(2, more));
    if (control && (size > control_bytes_max || !last)) return refuse(protocol_error);
    if (size > limit_ || message_.size() + size > limit_) return refuse(too_big);
    if (in.size() < head + size) return Event::need_more;
    std::string body = in.substr(head, size);
    for (std::size_t i = 0; i < body.size(); ++i)
      body[i] = static_cast<char>(body[i] ^ in[head - 4 + i % 4]);
    in.erase(0, head + size);
    const Event event = frame(opcode, last, body, payload);
    if (event != Event::need_more) return event;
  }
}

// need_more: nothing to be told of this frame.
WebSocketReader::Event WebSocketReader::frame(WebSocketOpcode opcode, bool last, std::string& body,
                                              std::string& payload) {
  switch (opcode) {
    case WebSocketOpcode::ping: payload = std::move(body); return Event::ping;
    case WebSocketOpcode::pong: return Event::need_more;
    case WebSocketOpcode::close: return Event::close;
    case WebSocketOpcode::binary: return refuse(no_such_data);
    case WebSocketOpcode::text:
    case WebSocketOpcode::continuation: break;
    default: return refuse(protocol_error);
  }
  if ((opcode == WebSocketOpcode::continuation) != fragments_) return refuse(protocol_error);
  message_ += body;
  fragments_ = !last;
  if (!last) return Event::need_more;
  payload = std::move(message_);
  message_.clear();
  return Event::message;
}

}  // namespace steelyard::net
