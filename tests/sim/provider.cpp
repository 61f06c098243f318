#include "tests/sim/provider.h"

#include <algorithm>
#include <utility>

#include "tests/sim/world.h"

namespace steelyard::sim {

ProviderConnection::ProviderConnection(World& world, std::size_t provider,
                                       std::shared_ptr<Link> link, std::uint64_t seed)
    : world_(world), provider_(provider), link_(std::move(link)), dice_(seed) {
  link_->set_wake(1, [this] { on_wake(); });
}

void ProviderConnection::over(bool hard) {
  if (dead_) return;
  dead_ = true;
  link_->set_wake(1, nullptr);
  link_->close(1, net::IoError::closed, hard);
}

void ProviderConnection::on_wake() {
  if (dead_) return;
  for (std::string got; !(got = link_->take(1, 4096)).empty();) in_ += got;
  if (link_->ended_by_peer(1)) {  // the gateway left: nothing more is made, or billed
    if (busy_) world_.trace("provider ", provider_, " sees the gateway leave");
    return over(false);
  }
  if (!busy_) {
    if (!take_request()) return;
  }
  flush();
}

bool ProviderConnection::take_request() {
  ProviderAsk ask;
  std::string wrong;
  if (!read_ask(in_, ask, wrong)) return false;
  if (!wrong.empty()) world_.violation("a provider was sent " + wrong);
  begin(ask);
  return true;
}

void ProviderConnection::begin(const ProviderAsk& ask) {
  busy_ = true;
  const ProviderPlan& plan = world_.scenario.providers[provider_];
  Arrival arrival;
  arrival.mark = ask.mark;
  arrival.provider = plan.name;
  arrival.model = ask.model.substr(0, ask.model.size() - plan.rename_suffix.size());
  arrival.number = static_cast<std::int64_t>(world_.arrivals.size());
  arrival.stream = ask.stream;
  arrival.bounded = ask.bounded;
  arrival.reused = served_++ != 0;
  script_ = write_answer(world_.scenario, dice_, ask, arrival);
  arrival.billed = script_.billed;
  if (script_.bill_at_end >= 0) arrival.output = script_.bill_at_end;
  arrival_ = world_.arrivals.size();
  world_.arrivals.push_back(arrival);
  world_.trace("provider ", provider_, " gets ", arrival.mark, " for ", arrival.model, ", #",
               arrival.number, arrival.reused ? " reused" : "", ": ", arrival.did);
  next_step_ = 0;
  waiting_ = false;
  play();
}

// Waits before each step, then sends it as far as the pipe takes it.
void ProviderConnection::play() {
  if (dead_ || waiting_ || !out_.empty()) return;
  if (next_step_ == script_.steps.size()) {
    if (script_.stall || !busy_) return;
    busy_ = false;
    if (script_.close_after) return over(script_.hard);
    if (dice_.chance(world_.scenario.faults.idle_close))
      world_.loop.after(dice_.between(0, 300) * ms, [this] {
        if (!busy_) over(dice_.chance(0.3));
      });
    if (!in_.empty()) on_wake();
    return;
  }
  waiting_ = true;
  world_.loop.after(script_.steps[next_step_].wait_ns, [this] {
    waiting_ = false;
    if (dead_) return;
    const AnswerStep& step = script_.steps[next_step_++];
    world_.arrivals[arrival_].output += step.tokens;
    out_ += step.bytes;
    flush();
  });
}

void ProviderConnection::flush() {
  while (!out_.empty()) {
    const std::size_t n = link_->put(1, out_);
    out_.erase(0, n);
    if (n == 0) return;  // woken when there is room
  }
  play();
}

}  // namespace steelyard::sim
