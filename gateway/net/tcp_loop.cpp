#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "gateway/net/tcp_impl.h"

namespace steelyard::net {

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
  impl_->io.run();
}

void EventLoop::stop() {
  post([this] {
    impl_->work.reset();
    impl_->io.stop();
  });
}

void EventLoop::post(std::function<void()> work) {
  asio::post(impl_->io, std::move(work));
}

void EventLoop::set_tick_period(std::int64_t period_ns) { impl_->period_ns = period_ns; }

bool EventLoop::ticking() const {
  return impl_->ticking;
}

namespace {

void arm_tick(EventLoop::Impl& impl) {
  impl.ticker.expires_after(std::chrono::nanoseconds(impl.period_ns));
  impl.ticker.async_wait([&impl](boost::system::error_code error) {
    if (error) return;
    if (impl.on_tick()) {
      arm_tick(impl);
    } else {
      impl.ticking = false;
    }
  });
}

}  // namespace

void EventLoop::start_ticking(std::int64_t period_ns, std::function<bool()> tick) {
  impl_->on_tick = std::move(tick);
  impl_->period_ns = period_ns;
  if (impl_->ticking) return;
  impl_->ticking = true;
  arm_tick(*impl_);
}

}  // namespace steelyard::net
