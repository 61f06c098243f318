#pragma once
// One client connection, request by request, without I/O: the caller reads bytes into a contiguous
// buffer it owns and asks what they mean.
//
//   reader.reset();
//   loop: event = reader.advance(data, size)   // size: filled bytes; it may shrink (chunk framing)
//     need_more  read more behind data + size; room for reader.wanted() bytes in all helps
//     head       reader.head() is valid: authenticate, check the budget; then reader.accept(limit),
//                "100 Continue" if reader.wants_continue(), and advance(). Or answer at once.
//     request    reader.body() is whole and contiguous: serve it. Then drop reader.consumed() bytes
//                from the front, reset(), and advance() at once: another request may be there.
//     refused    answer reader.refusal(), then close
//   After any answer: close if reader.close_after().
//
// The buffer: capacity is always at least size + body_padding, so that simdjson may read past the
// end of the body (SIMDJSON_PADDING is 64); what stands there does not matter. It may move between
// calls: advance() takes its address each time and rebases head(); string_views taken before are
// stale. Bytes of the buffer are changed only inside a chunked body.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/net/block_pool.h"
#include "gateway/net/chunk_decoder.h"
#include "gateway/net/head_reader.h"

namespace steelyard::net {

inline constexpr std::size_t body_padding = 64;

enum class RequestEvent : std::uint8_t { need_more, head, request, refused };

class RequestReader {
 public:
  static void* operator new(std::size_t bytes) { return allocate_block(bytes); }
  static void operator delete(void* block, std::size_t bytes) noexcept { free_block(block, bytes); }

  void reset();

  RequestEvent advance(char* data, std::size_t& size);

  // After `head`: read the body, at most `limit` bytes of it. Refused with 413 if Content-Length
  // says more, before anything is allocated; a chunked body is refused when it passes the limit.
  // Returns refused or need_more.
  RequestEvent accept(std::uint64_t limit);

  // After `head`: the body was read by the caller itself, from behind the head. The connection may
  // carry another request.
  void body_passed() { state_ = State::complete; }

  const RequestHead& head() const { return head_; }
  const Refusal& refusal() const { return refusal_; }

  // After `request`; until then, what has come so far.
  std::string_view body() const { return {base_ + head_.head_bytes, body_bytes_}; }
  // After `request`, or `head` without a body: bytes of the buffer this request took, head and
  // framing included.
  std::size_t consumed() const { return consumed_; }

  // The client may be waiting for "100 Continue". Ask once, after accept(). True as well when the
  // body has come already: RFC 9110 10.1.1 allows both, and so the answer does not depend on how
  // the bytes were cut.
  bool wants_continue() const {
    return (state_ == State::sized_body || state_ == State::chunked_body) && head_.expect_continue;
  }
  // The connection must not carry another request: refused, asked for by the client, or part of the
  // body is unread.
  // To keep it after an early answer (429, say), accept() and advance() all the same: a small body
  // is often there already.
  bool close_after() const { return !whole() || !head_.keep_alive; }
  // No byte of a request has come: at a deadline just close. Otherwise a deadline is answered with
  // timed_out().
  bool idle() const { return state_ == State::head && lines_.scanned() == 0; }
  bool reading_head() const { return state_ == State::head; }
  // Ends the request with 408; refusal() says which part was late.
  RequestEvent timed_out();

  // Filled bytes the buffer should have room for, padding not counted: the whole request when its
  // length is known.
  std::size_t wanted() const;

 private:
  enum class State : std::uint8_t { head, decision, sized_body, chunked_body, complete, refused };
  bool whole() const {
    return state_ == State::complete || (state_ == State::decision && !head_.has_body());
  }
  RequestEvent advance_head(std::string_view bytes);
  bool repeats(std::string_view bytes);
  void remember();
  RequestEvent advance_sized(std::size_t size);
  RequestEvent advance_chunked(char* data, std::size_t& size);
  RequestEvent refuse(Refusal refusal);

  State state_ = State::head;
  const char* base_ = nullptr;
  std::size_t body_bytes_ = 0;  // payload so far
  std::size_t consumed_ = 0;
  std::uint64_t limit_ = 0;
  Refusal refusal_;
  HeadLines lines_;
  ChunkDecoder chunks_;
  RequestHead head_;
  // The last accepted head, while head_ still describes it: a client's next one mostly differs in
  // its Content-Length only.
  std::string last_;
  std::size_t length_at_ = 0, length_digits_ = 0;  // of the value of Content-Length in last_
};

}  // namespace steelyard::net
