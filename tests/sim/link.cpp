#include "tests/sim/link.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace steelyard::sim {
namespace {

net::IoResult only(net::IoError error) {
  return {0, error};
}

}  // namespace

bool Link::writable(int end) const {
  const Side& there = side_[1 - end];
  const Side& here = side_[end];
  if (here.reset || here.shut || here.ended != net::IoError::none) return true;  // fails at once
  return there.flying.size() + there.arrived.size() < options_.capacity;
}

net::IoResult Link::write(int end, std::span<const net::ConstBytes> from) {
  Side& here = side_[end];
  Side& there = side_[1 - end];
  if (here.ended != net::IoError::none) return only(here.ended);
  if (end == 0 && connecting_ != nullptr) return only(net::IoError::would_block);
  if (here.reset || here.shut) return only(net::IoError::reset);
  const std::size_t used = there.flying.size() + there.arrived.size();
  std::size_t room = options_.capacity > used ? options_.capacity - used : 0;
  if (room > 1 && dice_.chance(options_.short_io))
    room = static_cast<std::size_t>(dice_.between(1, static_cast<std::int64_t>(room)));
  std::size_t taken = 0;
  for (const net::ConstBytes& part : from) {
    const std::size_t n = std::min(part.size, room - taken);
    there.flying.append(static_cast<const char*>(part.data), n);
    taken += n;
  }
  std::size_t offered = 0;
  for (const net::ConstBytes& part : from) offered += part.size;
  if (taken == 0) return offered == 0 ? net::IoResult{} : only(net::IoError::would_block);
  for (std::size_t left = taken; left != 0;) {
    const auto most = static_cast<std::int64_t>(std::min(left, options_.piece_max));
    const auto piece = static_cast<std::size_t>(dice_.chance(0.6) ? most : dice_.between(1, most));
    fly(1 - end, piece);
    left -= piece;
  }
  return {taken, net::IoError::none};
}

void Link::fly(int to, std::size_t piece) {
  Side& side = side_[to];
  side.pieces.push_back(piece);
  const std::int64_t due = loop_.elapsed() + dice_.between(options_.delay_min, options_.delay_max);
  side.last_due = std::max(side.last_due, due);
  loop_.after(side.last_due - loop_.elapsed(),
              [self = shared_from_this(), to] { self->arrive(to); });
}

void Link::arrive(int to) {
  Side& side = side_[to];
  if (side.pieces.empty()) return;  // a reset took them away
  const std::size_t piece = side.pieces.front();
  side.pieces.pop_front();
  if (piece == fin_mark) {
    side.fin = true;
  } else {
    if (side.ended == net::IoError::none) side.arrived.append(side.flying, 0, piece);
    side.flying.erase(0, piece);
    if (side.ended != net::IoError::none) {  // nobody is there: the sender is told
      loop_.after(options_.delay_min,
                  [self = shared_from_this(), to] { self->arrive_reset(1 - to); });
      return;
    }
  }
  tell_reader(to);
  wake(to);
}

void Link::arrive_reset(int to) {
  Side& side = side_[to];
  if (side.reset) return;
  side.reset = true;
  side.pieces.clear();
  side.flying.clear();
  tell_reader(to);
  tell_writer(to);
  wake(to);
}

net::IoResult Link::read(int end, std::span<char> into) {
  Side& here = side_[end];
  if (here.ended != net::IoError::none) return only(here.ended);
  if (here.arrived.empty()) {
    if (here.reset) return only(net::IoError::reset);
    return only(here.fin ? net::IoError::closed : net::IoError::would_block);
  }
  std::size_t n = std::min(into.size(), here.arrived.size());
  if (n > 1 && dice_.chance(options_.short_io))
    n = static_cast<std::size_t>(dice_.between(1, static_cast<std::int64_t>(n)));
  std::memcpy(into.data(), here.arrived.data(), n);
  here.arrived.erase(0, n);
  tell_writer(1 - end);
  wake(1 - end);
  return {n, net::IoError::none};
}

void Link::start_read(int end, std::span<char> into, net::IoSlot& slot, bool wait_only) {
  Side& here = side_[end];
  slot.arm();
  here.reader = &slot;
  here.into = into;
  here.wait_only = wait_only;
  tell_reader(end);
}

void Link::start_write_wait(int end, net::IoSlot& slot) {
  slot.arm();
  side_[end].writer = &slot;
  tell_writer(end);
}

void Link::tell_reader(int end) {
  Side& side = side_[end];
  if (side.reader == nullptr || side.read_posted || !readable(side)) return;
  side.read_posted = true;
  loop_.after(jitter(), [self = shared_from_this(), end] {
    Side& here = self->side_[end];
    here.read_posted = false;
    if (here.reader == nullptr || !self->readable(here)) return;
    net::IoResult result = only(here.ended);
    if (!here.wait_only) result = self->read(end, here.into);
    std::exchange(here.reader, nullptr)->complete(result);
  });
}

void Link::tell_writer(int end) {
  Side& side = side_[end];
  if (side.writer == nullptr || side.write_posted || !writable(end)) return;
  side.write_posted = true;
  loop_.after(jitter(), [self = shared_from_this(), end] {
    Side& here = self->side_[end];
    here.write_posted = false;
    if (here.writer == nullptr || !self->writable(end)) return;
    std::exchange(here.writer, nullptr)->complete(only(here.ended));
  });
}

void Link::wake(int end) {
  Side& side = side_[end];
  if (!side.wake || side.wake_posted) return;
  side.wake_posted = true;
  loop_.after(jitter(), [self = shared_from_this(), end] {
    self->side_[end].wake_posted = false;
    const std::function<void()> wake = self->side_[end].wake;
    if (wake) wake();
  });
}

void Link::shutdown(int end) {
  Side& here = side_[end];
  if (here.ended != net::IoError::none || here.shut || here.reset) return;
  here.shut = true;
  fly(1 - end, fin_mark);
}

void Link::close(int end, net::IoError why, bool hard) {
  Side& here = side_[end];
  if (here.ended != net::IoError::none) return;
  const bool reset = hard || !here.arrived.empty();
  if (!reset) shutdown(end);
  here.ended = why;
  if (end == 0 && connecting_ != nullptr) {
    loop_.post([self = shared_from_this()] { self->established(net::IoError::cancelled); });
    return;
  }
  if (reset) {
    loop_.after(dice_.between(options_.delay_min, options_.delay_max),
                [self = shared_from_this(), end] { self->arrive_reset(1 - end); });
  }
  here.arrived.clear();
  tell_reader(end);
  tell_writer(end);
}

void Link::forget_slots(int end) {
  side_[end].reader = side_[end].writer = nullptr;
  if (end == 0) connecting_ = nullptr;
}

void Link::begin_connecting(net::IoSlot& slot) {
  slot.arm();
  connecting_ = &slot;
}

void Link::established(net::IoError outcome) {
  if (connecting_ == nullptr) return;
  const net::IoError ended = side_[0].ended;
  std::exchange(connecting_, nullptr)
      ->complete(only(ended != net::IoError::none ? ended : outcome));
}

std::string Link::take(int end, std::size_t most) {
  std::string out(std::min(most, side_[end].arrived.size()), '\0');
  if (out.empty()) return out;
  const net::IoResult got = read(end, {out.data(), out.size()});
  out.resize(got.bytes);
  return out;
}

std::size_t Link::put(int end, std::string_view bytes) {
  const net::ConstBytes part(bytes);
  return write(end, {&part, 1}).bytes;
}

namespace {

class GatewayEnd final : public net::Connection {
 public:
  explicit GatewayEnd(std::shared_ptr<Link> link) : link_(std::move(link)) {}
  ~GatewayEnd() override {
    link_->forget_slots(0);
    link_->close(0, net::IoError::cancelled);
  }
  net::IoResult try_read(std::span<char> into) override { return link_->read(0, into); }
  net::IoResult try_write(std::span<const net::ConstBytes> from) override {
    return link_->write(0, from);
  }
  void start_read(std::span<char> into, net::IoSlot& slot) override {
    link_->start_read(0, into, slot, false);
  }
  void start_wait_readable(net::IoSlot& slot) override { link_->start_read(0, {}, slot, true); }
  void start_wait_writable(net::IoSlot& slot) override { link_->start_write_wait(0, slot); }
  void close(net::IoError why) override { link_->close(0, why); }
  void shutdown_write() override { link_->shutdown(0); }
  bool is_open() const override { return link_->is_open(0); }

 private:
  std::shared_ptr<Link> link_;
};

}  // namespace

std::unique_ptr<net::Connection> gateway_end(std::shared_ptr<Link> link) {
  return std::make_unique<GatewayEnd>(std::move(link));
}

}  // namespace steelyard::sim
