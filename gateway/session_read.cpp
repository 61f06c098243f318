// How a session takes in the bytes of a request.
#include <algorithm>
#include <cstring>

#include "gateway/early_counts.h"
#include "gateway/serving.h"
#include "gateway/session.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

constexpr std::size_t least_read_bytes = 1u << 10;

}  // namespace
// Texts of a large body are counted while the rest of it is on its way.
void Session::count_early() {
  if (reader_->reading_head() || reader_->body().size() < EarlyCounts::body_least) return;
  if (!is_chat(route_) && route_ != Route::count_messages && route_ != Route::count_contents)
    return;
  if (early_ == nullptr) early_ = std::make_unique<EarlyCounts>();
  const Tick before = worker_.tick_now();
  early_->advance(reader_->body(), *worker_.tools().counter, serving_->some_text_unknown);
  early_ns_ += worker_.tick_now() - before;
}

// One read into `in_`. False: closed, reset, or a deadline passed (answered with 408 if a request
// had begun).
bool Session::take_in(net::IoResult result) {
  started_ = worker_.tick_now();  // if a request begins here, this is when
  if (result.ok()) result = in_.data() == nullptr ? take_first() : take_more();
  gone_ = !result.ok() && result.error != net::IoError::would_block;
  return !gone_;
}

// By way of the worker's scratch, so that the buffer fits what came: a stream keeps its request.
net::IoResult Session::take_first() {
  if (expected_bytes_ != 0) {  // much as the last one: no copy
    in_.reserve(expected_bytes_);
    return take_more();
  }
  const std::span<char> scratch = worker_.tools().read_scratch;
  const net::IoResult result = connection_->try_read(scratch);
  if (result.bytes == 0) return result;
  in_.reserve(result.bytes);
  std::memcpy(in_.data(), scratch.data(), result.bytes);
  in_.commit(result.bytes);
  return result;
}

net::IoResult Session::take_more() {
  if (in_.size() != 0) in_.reserve(std::max(reader_->wanted(), in_.size() + least_read_bytes));
  const net::IoResult result = connection_->try_read(in_.free_space());
  in_.commit(result.bytes);
  return result;
}

// Small requests that are ready go first: parsing and counting a large one may take milliseconds.
net::Task<void> Session::take_turn() {
  net::IoSlot turn;
  worker_.await_turn(turn);
  (void)co_await turn;
}

// The next request will be much as this one.
void Session::expect(std::size_t bytes) {
  constexpr std::size_t most = 16u << 10;  // a buffer that is held while the next one comes
  if (bytes != 0) expected_bytes_ = bytes < most ? bytes : 0;
}

void Session::let_request_go() {
  expect(reader_->consumed());
  close_after_ = close_after_ || reader_->close_after();
  reader_.reset();
  early_.reset();
#ifndef NDEBUG
  std::memset(in_.data(), '?', in_.size());  // so that tests see what still points into it
#endif
  in_.release();
}

}  // namespace steelyard
