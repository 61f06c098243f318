#include <fcntl.h>

#include <atomic>
#include <csignal>
#include <vector>

#include "gateway/net/tcp_impl.h"

namespace steelyard::net {
namespace {

// Where the handler writes; a handler may do little more.
std::atomic<int> pipe_end{-1};

extern "C" void steelyard_note_signal(int number) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(number);
  (void)!::write(pipe_end.load(std::memory_order_relaxed), &byte, 1);
  errno = saved;
}

}  // namespace

struct Signals::Impl final : Watch {
  explicit Impl(EventLoop& loop) : Watch(loop.impl().reactor) {}
  Descriptor read_end, write_end;
  std::vector<std::pair<int, struct sigaction>> before;
  std::function<void(int)> on_signal;

  void on_ready(Readiness now) override {
    unsigned char number = 0;
    while (now.readable && on_signal && ::read(read_end.get(), &number, 1) == 1) on_signal(number);
  }
  void on_deferred() override { on_ready({true, false, false}); }
  void begin() {
    watch(read_end.get());
    defer();  // what came before
  }
};

Signals::Signals(EventLoop& loop, std::initializer_list<int> numbers)
    : impl_(std::make_unique<Impl>(loop)) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return;
  impl_->read_end.reset(ends[0]);
  impl_->write_end.reset(ends[1]);
  pipe_end = ends[1];
  struct sigaction action {};
  action.sa_handler = steelyard_note_signal;
  action.sa_flags = SA_RESTART;
  for (const int number : numbers) {
    struct sigaction old {};
    if (::sigaction(number, &action, &old) == 0) impl_->before.emplace_back(number, old);
  }
}

Signals::~Signals() {
  for (const auto& [number, old] : impl_->before) (void)::sigaction(number, &old, nullptr);
  pipe_end = -1;
}

void Signals::start(std::function<void(int)> on_signal) {
  impl_->on_signal = std::move(on_signal);
  impl_->begin();
}

}  // namespace steelyard::net
