#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "gateway/net/tcp_impl.h"

namespace steelyard::net {
namespace {

[[noreturn]] void fail_with(const char* what) {
  throw std::system_error(errno, std::system_category(), what);
}

timespec timespec_of(std::int64_t ns) {
  return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

// Empties an eventfd or a timerfd, so that its next change is a new edge.
bool drain(int fd) {
  std::uint64_t count = 0;
  return ::read(fd, &count, sizeof count) == static_cast<ssize_t>(sizeof count);
}

}  // namespace

Timer::Timer(Reactor& reactor, std::function<void()> on_fire)
    : Watch(reactor),
      descriptor_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      on_fire_(std::move(on_fire)) {
  if (!descriptor_.is_open()) fail_with("timerfd_create");
  watch(descriptor_.get());
}

void Timer::set(std::int64_t first_ns, std::int64_t period_ns) {
  itimerspec spec{};
  spec.it_value = timespec_of(first_ns);
  spec.it_interval = timespec_of(period_ns);
  (void)::timerfd_settime(descriptor_.get(), 0, &spec, nullptr);
}

void Timer::on_ready(Readiness now) {
  if (now.readable && drain(descriptor_.get())) on_fire_();
}

// Work from other threads.
class EventLoop::Impl::Mailbox final : public Watch {
 public:
  explicit Mailbox(Reactor& reactor)
      : Watch(reactor), descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!descriptor_.is_open()) fail_with("eventfd");
    watch(descriptor_.get());
  }

  void put(std::function<void()> work) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = waiting_.empty();
      waiting_.push_back(std::move(work));
    }
    const std::uint64_t one = 1;
    if (first) (void)!::write(descriptor_.get(), &one, sizeof one);
  }

 private:
  void on_ready(Readiness now) override {
    if (!now.readable) return;
    (void)drain(descriptor_.get());
    std::vector<std::function<void()>> work;
    {
      const std::lock_guard lock(mutex_);
      work.swap(waiting_);
    }
    for (const std::function<void()>& item : work) item();
  }

  Descriptor descriptor_;
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
};

EventLoop::Impl::Impl() : mailbox(std::make_unique<Mailbox>(reactor)) {}

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
  impl_->stopped = false;
  while (!impl_->stopped) impl_->reactor.turn();
  impl_->reactor.send_all();
}

void EventLoop::stop() {
  post([this] { impl_->stopped = true; });
}

void EventLoop::post(std::function<void()> work) {
  impl_->mailbox->put(std::move(work));
}

void EventLoop::set_tick_period(std::int64_t period_ns) {
  impl_->period_ns = period_ns;
  if (impl_->ticking) impl_->ticker->set(period_ns, period_ns);
}

bool EventLoop::ticking() const {
  return impl_->ticking;
}

void EventLoop::start_ticking(std::int64_t period_ns, std::function<bool()> tick) {
  Impl& impl = *impl_;
  impl.period_ns = period_ns;
  if (impl.ticking) return;
  impl.on_tick = std::move(tick);
  if (!impl.ticker) {
    impl.ticker = std::make_unique<Timer>(impl.reactor, [&impl] {
      if (impl.on_tick()) return;
      impl.ticking = false;
      impl.ticker->set(0, 0);
    });
  }
  impl.ticking = true;
  impl.ticker->set(period_ns, period_ns);
}

}  // namespace steelyard::net
