#include <boost/asio/signal_set.hpp>
#include <utility>

#include "gateway/net/tcp_impl.h"

namespace steelyard::net {

struct Signals::Impl {
  explicit Impl(EventLoop& loop) : set(loop.impl().io) {}
  asio::signal_set set;
  std::function<void(int)> on_signal;

  void wait() {
    set.async_wait([this](boost::system::error_code error, int number) {
      if (error) return;
      on_signal(number);
      wait();
    });
  }
};

Signals::Signals(EventLoop& loop, std::initializer_list<int> numbers)
    : impl_(std::make_unique<Impl>(loop)) {
  for (const int number : numbers) impl_->set.add(number);
}
Signals::~Signals() = default;

void Signals::start(std::function<void(int)> on_signal) {
  impl_->on_signal = std::move(on_signal);
  impl_->wait();
}

}  // namespace steelyard::net
