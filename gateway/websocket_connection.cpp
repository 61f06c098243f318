#include "gateway/websocket_connection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace steelyard {

using dialect::responses::WebSocketTurns;

namespace {

constexpr std::size_t out_bytes_max = 256u << 10;  // more waits until some was sent
constexpr std::size_t waiting_max = 16;            // messages sent ahead
constexpr std::size_t error_bytes_max = 64u << 10;
constexpr std::string_view lite_field = "x-openai-internal-codex-responses-lite";
constexpr std::uint16_t going_away = 1001, policy_violation = 1008;

// The value of a field in a head that the gateway wrote; "" if it is not there.
std::string_view field_of(std::string_view head, std::string_view name_colon) {
  const std::size_t at = head.find(name_colon);
  if (at == head.npos) return {};
  const std::string_view rest = head.substr(at + name_colon.size());
  return rest.substr(0, rest.find('\r'));
}

}  // namespace

WebSocketConnection::WebSocketConnection(std::unique_ptr<net::Connection> inner,
                                         std::string request, std::size_t message_max)
    : inner_(std::move(inner)),
      request_(std::move(request)),
      frames_(message_max),
      turns_(message_max),
      waiting_bytes_max_(message_max),
      chunks_(net::ChunkSource::provider) {
  readable_.set_hook([](void* self) { static_cast<WebSocketConnection*>(self)->on_readable(); },
                     this);
  writable_.set_hook([](void* self) { static_cast<WebSocketConnection*>(self)->on_writable(); },
                     this);
}

net::IoResult WebSocketConnection::fill() {
  std::array<char, 16u << 10> room;
  net::IoResult got;
  while ((got = inner_->try_read(room)).bytes > 0) {
    raw_.append(room.data(), got.bytes);
    take_frames();
    if (closing_) break;
  }
  if (!out_.empty()) flush();
  return got;
}

void WebSocketConnection::take_frames() {
  std::string payload;
  while (!closing_) {
    switch (frames_.next(raw_, payload)) {
      case net::WebSocketReader::Event::need_more: return;
      case net::WebSocketReader::Event::ping:
        net::append_websocket_frame(out_, net::WebSocketOpcode::pong, payload);
        break;
      case net::WebSocketReader::Event::message:
        waiting_bytes_ += payload.size();
        if (waiting_.size() == waiting_max || waiting_bytes_ > waiting_bytes_max_)
          return send_close(policy_violation);
        waiting_.push_back(std::move(payload));
        next_request();
        break;
      case net::WebSocketReader::Event::close: return send_close(1000);
      case net::WebSocketReader::Event::refused: return send_close(frames_.refusal());
    }
  }
}

void WebSocketConnection::send_close(std::uint16_t code) {
  closing_ = true;
  waiting_.clear();
  waiting_bytes_ = 0;
  if (close_sent_) return;
  close_sent_ = true;
  net::append_websocket_close(out_, code);
}

void WebSocketConnection::next_request() {
  std::string text;
  while (!answering_ && !has_request() && !waiting_.empty()) {
    const WebSocketTurns::Step step = turns_.take(waiting_.front(), text);
    waiting_bytes_ -= waiting_.front().size();
    waiting_.pop_front();
    if (step == WebSocketTurns::Step::post) {
      ready_ = request_;
      if (const std::string& metadata = turns_.turn_metadata(); !metadata.empty())
        ready_.append("x-codex-turn-metadata: ").append(metadata).append("\r\n");
      if (turns_.turn_lite() && ready_.find(lite_field) == ready_.npos)
        ready_.append(lite_field).append(": true\r\n");
      ready_ += "content-length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
      at_ = 0;
      answering_ = true;
      return;
    }
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1)
      send_text(std::string_view(text).substr(at, end - at));
  }
}

net::IoResult WebSocketConnection::try_read(std::span<char> into) {
  net::IoResult got;
  if (!has_request()) got = fill();
  if (has_request()) {
    const std::size_t bytes = std::min(into.size(), ready_.size() - at_);
    std::memcpy(into.data(), ready_.data() + at_, bytes);
    at_ += bytes;
    if (at_ == ready_.size()) {
      ready_.clear();
      at_ = 0;
    }
    return {bytes, net::IoError::none};
  }
  if (closing_) return {0, net::IoError::closed};
  if (got.ok()) got.error = net::IoError::would_block;
  return {0, got.error};
}

void WebSocketConnection::wait_readable() {
  if (!readable_.pending() && !readable_.done()) inner_->start_wait_readable(readable_);
}

void WebSocketConnection::start_wait_readable(net::IoSlot& slot) {
  slot.arm();
  reader_ = &slot;
  if (has_request() || closing_) return tell_reader({});
  wait_readable();
}

void WebSocketConnection::start_read(std::span<char> into, net::IoSlot& slot) {
  slot.arm();
  reader_ = &slot;
  into_ = into;
  if (has_request() || closing_) return tell_reader({});
  wait_readable();
}

// Ends the wait for a request; of start_read, with the bytes.
void WebSocketConnection::tell_reader(net::IoResult result) {
  if (reader_ == nullptr) return;
  if (result.ok() && !into_.empty()) {
    result = try_read(into_);
    if (result.error == net::IoError::would_block) return wait_readable();
  }
  into_ = {};
  std::exchange(reader_, nullptr)->complete(result);
}

void WebSocketConnection::on_readable() {
  tell_reader(readable_.take());
}

net::IoResult WebSocketConnection::try_write(std::span<const net::ConstBytes> from) {
  if (out_.size() > out_bytes_max) flush();
  if (!inner_->is_open()) return {0, net::IoError::closed};
  if (out_.size() > out_bytes_max) return {0, net::IoError::would_block};
  std::size_t bytes = 0;
  for (const net::ConstBytes& part : from) {
    take_answer({static_cast<const char*>(part.data), part.size});
    bytes += part.size;
  }
  flush();
  return {bytes, net::IoError::none};
}

void WebSocketConnection::take_answer(std::string_view bytes) {
  if (!head_over_) {
    head_ += bytes;
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == head_.npos) return;
    const std::string rest = head_.substr(end + 4);
    head_.resize(end + 2);
    take_head();
    if (body_left_ == 0 && !chunked_) return end_answer();
    return take_answer(rest);
  }
  if (!chunked_) {
    take_body(bytes);
    body_left_ -= std::min(bytes.size(), body_left_);
    if (body_left_ == 0) end_answer();
    return;
  }
  while (!bytes.empty()) {
    const net::ChunkStep step = chunks_.next(bytes);
    if (step.status == net::ChunkStatus::data) take_body(step.data);
    bytes.remove_prefix(step.consumed);
    if (step.status != net::ChunkStatus::data) break;
  }
  if (chunks_.done()) end_answer();
}

void WebSocketConnection::take_head() {
  head_over_ = true;
  status_ = 0;
  if (head_.size() > 12) (void)std::from_chars(head_.data() + 9, head_.data() + 12, status_);
  chunked_ = field_of(head_, "transfer-encoding: ") == "chunked";
  const std::string_view length = field_of(head_, "content-length: ");
  body_left_ = 0;
  (void)std::from_chars(length.data(), length.data() + length.size(), body_left_);
}

void WebSocketConnection::take_body(std::string_view bytes) {
  if (status_ != 200) {
    body_ += bytes.substr(0, error_bytes_max - std::min(body_.size(), error_bytes_max));
    return;
  }
  dialect::SseEvent event;
  while (events_.next(bytes, event) == dialect::SseDecoder::Status::event) {
    turns_.saw(event.type, event.data);
    send_text(event.data);
  }
}

void WebSocketConnection::end_answer() {
  if (status_ != 200) send_text(WebSocketTurns::error_message(status_, body_));
  head_.clear();
  body_.clear();
  head_over_ = chunked_ = answering_ = false;
  chunks_ = net::ChunkDecoder(net::ChunkSource::provider);
  events_ = {};
  next_request();
  if (has_request()) tell_reader({});
}

void WebSocketConnection::flush() {
  if (!out_.empty() && !writable_.pending() && !writable_.done()) {
    const net::ConstBytes part(out_);
    const net::IoResult wrote = inner_->try_write({&part, 1});
    out_.erase(0, wrote.bytes);
    if (!out_.empty() && inner_->is_open()) inner_->start_wait_writable(writable_);
  }
  if (out_.empty() && shut_down_) inner_->shutdown_write();
}

void WebSocketConnection::on_writable() {
  const net::IoResult result = writable_.take();
  if (result.ok()) flush();
  if (writer_ != nullptr && (!result.ok() || out_.size() <= out_bytes_max))
    std::exchange(writer_, nullptr)->complete({0, result.error});
}

void WebSocketConnection::start_wait_writable(net::IoSlot& slot) {
  slot.arm();
  writer_ = &slot;
  if (out_.size() <= out_bytes_max) return std::exchange(writer_, nullptr)->complete({});
  flush();
}

void WebSocketConnection::close(net::IoError why) {
  inner_->close(why);
  if (reader_ != nullptr) std::exchange(reader_, nullptr)->complete({0, why});
  if (writer_ != nullptr) std::exchange(writer_, nullptr)->complete({0, why});
}

void WebSocketConnection::shutdown_write() {
  shut_down_ = true;
  send_close(going_away);
  flush();
}

}  // namespace steelyard
