#include "gateway/net/request_reader.h"

#include <algorithm>
#include <cstring>
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

// The head that stands at the front is the last one again, but for the digits of Content-Length:
// what was found then holds now.
bool RequestReader::repeats(std::string_view bytes) {
  const std::size_t size = last_.size();
  if (size == 0 || bytes.size() < size || lines_.scanned() != 0) return false;
  const char* const digits = bytes.data() + length_at_;
  const std::size_t behind = length_at_ + length_digits_;
  // The end first: that is where heads of another length differ.
  if (std::memcmp(bytes.data() + behind, last_.data() + behind, size - behind) != 0 ||
      std::memcmp(bytes.data(), last_.data(), length_at_) != 0 || *digits < '1' || *digits > '9')
    return false;
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < length_digits_; ++i) {
    if (digits[i] < '0' || digits[i] > '9') return false;
    length = length * 10 + static_cast<std::uint64_t>(digits[i] - '0');
  }
  head_.content_length = length;
  head_.rebase(bytes.data());
  return true;
}

// Only heads with a sized body: others are rare, or as cheap to read.
void RequestReader::remember() {
  constexpr std::size_t most = 2048, digits_max = 9;
  last_.clear();
  if (head_.head_bytes > most || head_.content_length.value_or(0) == 0) return;
  const std::string_view length = head_.value(RequestField::content_length);
  if (length.size() > digits_max) return;
  length_at_ = static_cast<std::size_t>(length.data() - head_.base);
  length_digits_ = length.size();
  last_.assign(head_.base, head_.head_bytes);
}

RequestEvent RequestReader::advance_head(std::string_view bytes) {
  if (repeats(bytes)) {
    state_ = State::decision;
    consumed_ = head_.head_bytes;
    return RequestEvent::head;
  }
  last_.clear();  // head_ is about to be written
  switch (read_head(bytes, lines_, head_)) {
    case HeadStatus::need_more: return RequestEvent::need_more;
    case HeadStatus::refused: return refuse(head_.refusal);
    case HeadStatus::complete: break;
  }
  remember();
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
