#include "gateway/net/request_reader.h"

#include <algorithm>
#include <span>

namespace steelyard::net {

void RequestReader::reset() {
  state_ = State::head;
  base_ = nullptr;
  body_bytes_ = consumed_ = 0;
  limit_ = 0;
  refusal_ = {};
  lines_.reset();
}

RequestEvent RequestReader::advance(char* data, std::size_t& size) {
  base_ = data;
  if (state_ == State::head) return advance_head({data, size});
  if (state_ == State::refused) return RequestEvent::refused;
  head_.rebase(data);
  switch (state_) {
    case State::sized_body: return advance_sized(size);
    case State::chunked_body: return advance_chunked(data, size);
    case State::decision: return RequestEvent::head;
    case State::complete: return RequestEvent::request;
    default: return RequestEvent::refused;
  }
}

RequestEvent RequestReader::advance_head(std::string_view bytes) {
  switch (read_head(bytes, lines_, head_)) {
    case HeadStatus::need_more: return RequestEvent::need_more;
    case HeadStatus::refused: return refuse(head_.refusal);
    case HeadStatus::complete: break;
  }
  state_ = State::decision;
  consumed_ = head_.head_bytes;
  return RequestEvent::head;
}

RequestEvent RequestReader::accept(std::uint64_t limit) {
  if (state_ != State::decision) return RequestEvent::refused;
  limit_ = limit;
  if (head_.chunked) {
    chunks_ = ChunkDecoder(ChunkSource::client, limit);
    state_ = State::chunked_body;
  } else {
    if (head_.content_length.value_or(0) > limit) return refuse({413, "the body is too large"});
    state_ = State::sized_body;
  }
  return RequestEvent::need_more;
}

RequestEvent RequestReader::advance_sized(std::size_t size) {
  const auto whole = static_cast<std::size_t>(head_.content_length.value_or(0));
  body_bytes_ = std::min(whole, size - head_.head_bytes);
  if (body_bytes_ < whole) return RequestEvent::need_more;
  consumed_ = head_.head_bytes + whole;
  state_ = State::complete;
  return RequestEvent::request;
}

// Raw bytes stand right behind the payload decoded so far, because every call squeezes the framing
// out.
RequestEvent RequestReader::advance_chunked(char* data, std::size_t& size) {
  const std::size_t raw = head_.head_bytes + body_bytes_;
  const ChunkDecoder::InPlace piece = chunks_.feed(std::span<char>(data + raw, size - raw));
  body_bytes_ += piece.produced;
  switch (piece.status) {
    case ChunkStatus::done:
      consumed_ = raw + piece.consumed;
      state_ = State::complete;
      return RequestEvent::request;
    case ChunkStatus::refused: return refuse(chunks_.refusal());
    default: break;
  }
  size = head_.head_bytes + body_bytes_;
  return RequestEvent::need_more;
}

RequestEvent RequestReader::timed_out() {
  if (state_ == State::head) return refuse({408, "the request head did not arrive in time"});
  return refuse({408, "the request body did not arrive in time"});
}

std::size_t RequestReader::wanted() const {
  constexpr std::size_t most_heads = limits::head_bytes_max / 2;
  if (state_ == State::head) {
    return lines_.scanned() < most_heads / 2 ? most_heads : limits::head_bytes_max;
  }
  if (state_ == State::sized_body || state_ == State::complete) {
    return head_.head_bytes + static_cast<std::size_t>(head_.content_length.value_or(0));
  }
  // Chunked: what is there, and as much again, but not beyond what the limit can need.
  constexpr std::size_t least = 16u << 10;
  const std::size_t have = head_.head_bytes + body_bytes_;
  const std::uint64_t most =
      std::max<std::uint64_t>(limit_, body_bytes_) + head_.head_bytes + least;
  return static_cast<std::size_t>(std::min<std::uint64_t>(have + std::max(have, least), most));
}

RequestEvent RequestReader::refuse(Refusal refusal) {
  refusal_ = refusal;
  state_ = State::refused;
  return RequestEvent::refused;
}

}  // namespace steelyard::net
