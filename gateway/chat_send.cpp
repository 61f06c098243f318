// Writing one request to one provider, once the journal may have it on the disk.
#include <cstring>

#include "gateway/chat_call.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/store/books.h"
#include "gateway/worker.h"

namespace steelyard {

// The request in parts. cold_->request_head was chosen by send_now().
Unwritten ChatCall::request_parts() const {
  Unwritten parts;
  if (foreign_) parts.add(foreign_->request_line);
  parts.add(cold_->request_head);
  parts.add({length_room_.data(), cold_->length_size});
  if (foreign_) {
    parts.add(foreign_->head_lines);
    parts.add(foreign_->signed_lines);
    parts.add("\r\n");
  }
  for (const std::string_view part : body_.parts()) parts.add(part);
  return parts;
}

// would_block: `bytes` went, send_rest() has to follow.
net::IoResult ChatCall::send_now() {
  const auto provider =
      static_cast<std::size_t>(runtime_.catalog.target(planned_->target).provider);
  const auto& heads = runtime_.providers[provider].chat_heads;
  cold_->request_head = heads[key_used_].reveal();
  const std::size_t digits = net::write_decimal(length_room_.data(), body_.size());
  std::memcpy(length_room_.data() + digits, "\r\n\r\n", 4);
  cold_->length_size = digits + (foreign_ ? 2 : 4);  // more lines follow
  if (foreign_) make_signed_lines(*foreign_, runtime_.providers[provider], body_, worker_.now());
  const Unwritten parts = request_parts();
  net::IoResult wrote = upstream_->pipe->try_write(parts.parts());
  const std::size_t lines = foreign_ ? foreign_->lines_size() + 2 : 0;
  const std::size_t all = cold_->request_head.size() + cold_->length_size + lines + body_.size();
  if (wrote.ok() && wrote.bytes < all) wrote.error = net::IoError::would_block;
  return wrote;
}

net::Task<net::IoResult> ChatCall::send_rest(std::size_t done) {
  Unwritten left = request_parts();
  left.taken(done);
  net::Connection& pipe = *upstream_->pipe;
  while (!left.empty()) {
    arm(runtime_.spec.timeouts.write_stall);
    pipe.start_wait_writable(writable_);
    const net::IoResult ready = co_await writable_;
    if (!ready.ok()) co_return ready;
    const net::IoResult wrote = pipe.try_write(left.parts());
    if (!wrote.ok() && wrote.error != net::IoError::would_block) co_return wrote;
    left.taken(wrote.bytes);
  }
  co_return net::IoResult();
}

bool ChatCall::must_be_durable() const {
  return runtime_.spec.ledger.durability == Durability::strict && dispatch_seq_ != 0;
}

// durability: strict waits until the dispatch is on the disk.
net::Task<bool> ChatCall::until_durable() {
  store::Books& books = worker_.seams().books;
  cold_->durable.arm();
  const auto done = [](void* self) {  // on the sync thread
    auto& call = *static_cast<ChatCall*>(self);
    call.worker_.seams().post([&call] { call.cold_->durable.complete({}); });
  };
  const bool already = books.when_durable(dispatch_seq_, done, this);
  if (already) cold_->durable.complete({});
  (void)co_await cold_->durable;
  if (books.durable(dispatch_seq_)) co_return true;
  give_error(ErrorKind::storage, ErrorSource::gateway,
             "the budget ledger could not be synced; nothing may be spent");
  serving_.health.on_abandoned(planned_->target);
  release();  // nothing was sent
  co_return false;
}

}  // namespace steelyard
