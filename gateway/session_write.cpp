// What goes to the client.
#include <array>
#include <cstring>

#include "gateway/net/head_writer.h"
#include "gateway/runtime.h"
#include "gateway/session.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {

void OnceNote::add(std::span<const net::ConstBytes> parts) {
  for (const net::ConstBytes& part : parts) {
    over |= bytes.size() + part.size > bytes_max;
    if (over) break;
    bytes.append(static_cast<const char*>(part.data), part.size);
  }
  if (over) bytes = {};
}

router::RequestId Session::new_request_id() {
  return once_ != nullptr ? once_->id : worker_.new_request_id();
}

bool Session::send_now(std::span<const net::ConstBytes> parts) {
  if (once_ != nullptr) [[unlikely]]
    once_->add(parts);
  const net::IoResult wrote = connection_->try_write(parts);
  std::size_t done = wrote.bytes;
  if (!wrote.ok() && wrote.error != net::IoError::would_block) {
    gone_ = true;
    return false;
  }
  for (const net::ConstBytes& part : parts) {
    if (done >= part.size) {
      done -= part.size;
      continue;
    }
    const std::size_t rest = part.size - done;
    unsent_.reserve(unsent_.size() + rest);
    std::memcpy(unsent_.free_space().data(), static_cast<const char*>(part.data) + done, rest);
    unsent_.commit(rest);
    done = 0;
  }
  return unsent_.size() == 0;
}

net::Task<bool> Session::drain() {
  std::size_t done = 0;
  worker_.set_deadline(deadline_, runtime().spec.timeouts.write_stall);
  while (done < unsent_.size()) {
    connection_->start_wait_writable(write_);
    const net::IoResult ready = co_await write_;
    if (!ready.ok()) break;
    const net::ConstBytes rest(unsent_.data() + done, unsent_.size() - done);
    const net::IoResult wrote = connection_->try_write({&rest, 1});
    if (!wrote.ok() && wrote.error != net::IoError::would_block) break;
    if (wrote.bytes != 0) worker_.set_deadline(deadline_, runtime().spec.timeouts.write_stall);
    done += wrote.bytes;
  }
  deadline_.clear();
  const bool all = done == unsent_.size();
  unsent_.release();
  if (!all) gone_ = true;
  co_return all;
}

net::Task<bool> Session::send(std::span<const net::ConstBytes> parts) {
  if (send_now(parts)) co_return true;
  if (gone_) co_return false;
  co_return co_await drain();
}

net::Task<bool> Session::reply(unsigned status, std::string_view content_type,
                               std::string_view body, std::string_view extra) {
  net::HeadWriter head(worker_.tools().head_scratch);
  head.status_line(status);
  head.append_field("content-type", content_type);
  head.append_field("content-length", static_cast<std::uint64_t>(body.size()));
  head.append_raw(extra);
  if (will_close()) {
    head.append_raw("connection: close\r\n");
  } else if (http_1_0()) {
    head.append_raw("connection: keep-alive\r\n");
  }
  head.end_of_head();
  if (reader_->head().method == net::Method::head) body = {};
  const std::array<net::ConstBytes, 2> parts{net::ConstBytes(head.view()), net::ConstBytes(body)};
  if (send_now(parts)) co_return true;
  if (gone_) co_return false;
  co_return co_await drain();
}

}  // namespace steelyard
