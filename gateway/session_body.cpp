// A body that is passed on as it comes: read while its request is served, never held whole. What
// stands behind it is the client's next request.
#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/net/request_reader.h"
#include "gateway/runtime.h"
#include "gateway/session.h"
#include "gateway/worker.h"

namespace steelyard {
namespace {

constexpr std::size_t piece_bytes = 64u << 10;

}  // namespace

// What came with the head, then what the socket has. False: the client is gone.
net::Task<bool> Session::read_piece(std::span<char>& raw) {
  StreamedBody& body = *streamed_;
  if (!body.begun) {
    body.begun = true;
    const std::size_t head = reader_->head().head_bytes;
    raw = std::span<char>(in_.data() + head, in_.size() - head);
    if (!raw.empty()) co_return true;
  }
  if (reader_->head().expect_continue && !body.continued) {
    body.continued = true;
    const bool told = co_await tell_to_continue();
    if (!told) co_return false;
  }
  body.room.reserve(piece_bytes);
  for (;;) {
    worker_.set_deadline(deadline_, runtime().spec.timeouts.body);
    if (!read_.pending() && !read_.done()) connection_->start_wait_readable(read_);
    net::IoResult got = co_await read_;
    if (got.ok()) got = connection_->try_read({body.room.data(), piece_bytes});
    deadline_.clear();
    if (got.error == net::IoError::would_block) continue;
    gone_ = !got.ok();
    raw = std::span<char>(body.room.data(), got.bytes);
    co_return !gone_;
  }
}

// Takes the framing off, in place. False: the framing is broken, or the body is too long.
bool Session::decode_body(std::span<char> raw, std::string_view& piece) {
  StreamedBody& body = *streamed_;
  std::size_t used, size;
  if (reader_->head().chunked) {
    const net::ChunkDecoder::InPlace step = body.chunks.feed(raw);
    if (step.status == net::ChunkStatus::refused) return false;
    used = step.consumed;
    size = step.produced;
    body.over = step.status == net::ChunkStatus::done;
  } else {
    used = size = static_cast<std::size_t>(std::min<std::uint64_t>(raw.size(), body.left));
    body.left -= size;
    body.over = body.left == 0;
  }
  piece = {raw.data(), size};
  if (!body.over) return true;
  if (const std::size_t behind = raw.size() - used; behind != 0) {
    next_.reserve(behind);
    std::memcpy(next_.data(), raw.data() + used, behind);
    next_.commit(behind);
  }
  reader_->body_passed();
  if (!read_.pending() && !read_.done()) connection_->start_wait_readable(read_);
  return true;
}

net::Task<bool> Session::read_body(std::string_view& piece) {
  piece = {};
  while (!streamed_->over && piece.empty()) {
    std::span<char> raw;
    const bool got = co_await read_piece(raw);
    if (!got) co_return false;
    if (!decode_body(raw, piece)) co_return false;
  }
  co_return true;
}

}  // namespace steelyard
