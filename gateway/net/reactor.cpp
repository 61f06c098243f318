#include "gateway/net/reactor.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "gateway/net/postbox.h"

namespace steelyard::net {
namespace {

constexpr std::uint32_t wanted = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t ending = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

Readiness readiness_of(std::uint32_t events) {
  const bool ended = (events & ending) != 0;
  return {ended || (events & EPOLLIN) != 0, ended || (events & EPOLLOUT) != 0, ended};
}

void control(int epoll, int operation, int descriptor, std::uint64_t token) {
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = token;
  (void)::epoll_ctl(epoll, operation, descriptor, &event);
}

}  // namespace

Watch::~Watch() {
  if (token_ != 0) reactor_.forget(token_);
}

void Watch::enroll() {
  if (token_ == 0) token_ = reactor_.enroll(*this);
}

void Watch::watch(int descriptor) {
  enroll();
  control(reactor_.epoll_, EPOLL_CTL_ADD, descriptor, token_);
}

void Watch::take_over(int descriptor) {
  enroll();
  control(reactor_.epoll_, EPOLL_CTL_MOD, descriptor, token_);
}

void Watch::defer() {
  if (std::exchange(deferred_, true)) return;
  enroll();
  reactor_.deferred_.push_back(token_);
}

Reactor::Reactor()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      slots_(1),
      outbox_(std::make_unique<Postbox>()),
      inbox_(std::make_unique<Postbox>()) {
  if (epoll_ < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
}

Reactor::~Reactor() {
  ::close(epoll_);
}

std::uint64_t Reactor::enroll(Watch& watch) {
  std::uint32_t index = free_;
  if (index == 0) {
    index = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& slot = slots_[index];
  free_ = std::exchange(slot.next_free, 0);
  slot.watch = &watch;
  return std::uint64_t{slot.generation} << 32 | index;
}

void Reactor::forget(std::uint64_t token) {
  const auto index = static_cast<std::uint32_t>(token);
  Slot& slot = slots_[index];
  slot.watch = nullptr;
  if (++slot.generation == 0) slot.generation = 1;
  slot.next_free = std::exchange(free_, index);
}

void Reactor::send_all() {
  for (const Postbox::Entry& entry : outbox_->entries()) {
    if (entry.token == 0) continue;
    if (Watch* watch = find(entry.token)) watch->on_send(outbox_->bytes(entry));
  }
  outbox_->clear();
}

void Reactor::keep_all() {
  for (const Postbox::Entry& entry : inbox_->entries()) {
    if (entry.token == 0) continue;
    if (Watch* watch = find(entry.token)) watch->on_keep(inbox_->bytes(entry));
  }
  inbox_->clear();
}

bool Reactor::fetch(std::uint64_t token, std::uint32_t events) {
  Watch* const watch = find(token);
  return watch != nullptr && watch->on_fetch(readiness_of(events));
}

void Reactor::turn() {
  if (!outbox_->empty()) send_all();
  if (!inbox_->empty()) keep_all();
  std::array<epoll_event, 128> events;
  const int timeout_ms = deferred_.empty() ? -1 : 0;
  const int count =
      ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  gathers_ = count > 1;
  for (int i = 0; gathers_ && i < count; ++i) {
    epoll_event& event = events[static_cast<std::size_t>(i)];
    if (fetch(event.data.u64, event.events)) event.events &= ~std::uint32_t{EPOLLIN};
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (Watch* watch = find(event.data.u64)) watch->on_ready(readiness_of(event.events));
  }
  if (!deferred_.empty()) serve_deferred();
}

// What is deferred meanwhile waits for the next turn: descriptors get their share.
void Reactor::serve_deferred() {
  serving_.swap(deferred_);
  for (const std::uint64_t token : serving_) {
    Watch* watch = find(token);
    if (watch == nullptr) continue;
    watch->deferred_ = false;
    watch->on_deferred();
  }
  serving_.clear();
}

}  // namespace steelyard::net
