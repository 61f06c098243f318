#include "gateway/net/upstream_pool.h"

#include <algorithm>
#include <utility>

namespace steelyard::net {
namespace {

constexpr std::size_t first_buffer_bytes = 16u << 10;

}  // namespace

UpstreamConnection::UpstreamConnection(UpstreamPool& owner)
    : idle_deadline(
          [](void* self) {
            auto& connection = *static_cast<UpstreamConnection*>(self);
            connection.pool->drop_idle(connection);
          },
          this),
      pool(&owner) {
  ++pool->open_;
  // While idle, bytes or an end mean that the connection is of no more use.
  read.set_hook(
      [](void* self) {
        auto& connection = *static_cast<UpstreamConnection*>(self);
        if (connection.idle) connection.pool->stirred(connection);
      },
      this);
}

UpstreamConnection::~UpstreamConnection() {
  --pool->open_;
}

void UpstreamConnection::arm_read() {
  if (read.pending() || read.done()) return;
  pipe->start_wait_readable(read);
}

IoResult UpstreamConnection::receive() {
  buffer.reserve(buffer.size() == buffer.capacity() ? buffer.size() + first_buffer_bytes
                                                    : first_buffer_bytes);
  const IoResult got = pipe->try_read(buffer.free_space());
  if (got.ok()) buffer.commit(got.bytes);
  return got;
}

UpstreamPool::UpstreamPool(Dialer& dialer, Wheel& wheel, Origin origin, Options options)
    : dialer_(dialer), wheel_(wheel), origin_(std::move(origin)), options_(options) {}

UpstreamPool::~UpstreamPool() = default;

std::unique_ptr<UpstreamConnection> UpstreamPool::take_idle() {
  if (idle_.empty()) return nullptr;
  std::unique_ptr<UpstreamConnection> connection = std::move(idle_.back());
  idle_.pop_back();
  connection->idle = false;
  connection->reused = true;
  connection->idle_deadline.clear();
  return connection;
}

std::unique_ptr<UpstreamConnection> UpstreamPool::open() {
  if (open_ >= options_.connections_max) return nullptr;
  auto connection = std::make_unique<UpstreamConnection>(*this);
  connection->pipe = dialer_.open(origin_, connection->read);
  return connection;
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> connection, Tick now) {
  connection->buffer.release();
  connection->arm_read();
  if (connection->read.done()) return;  // something came already: not to be trusted
  connection->idle = true;
  connection->idle_deadline.set(wheel_, now.plus_ms(options_.idle_ms));
  idle_.push_back(std::move(connection));
}

// A TLS session ticket makes the socket readable and is no bytes of an answer: it stays.
void UpstreamPool::stirred(UpstreamConnection& connection) {
  char byte = 0;
  const bool ended = !connection.read.take().ok();
  if (ended || connection.pipe->try_read({&byte, 1}).error != IoError::would_block)
    return drop_idle(connection);
  connection.arm_read();
}

void UpstreamPool::drop_idle(UpstreamConnection& connection) {
  const auto found = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const auto& c) { return c.get() == &connection; });
  if (found == idle_.end()) return;
  const std::unique_ptr<UpstreamConnection> dropped = std::move(*found);
  idle_.erase(found);
}

}  // namespace steelyard::net
