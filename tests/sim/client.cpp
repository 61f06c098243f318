#include "tests/sim/client.h"

#include <algorithm>
#include <utility>

#include "tests/sim/world.h"

namespace steelyard::sim {

Client::Client(World& world, std::size_t number, std::uint64_t seed)
    : world_(world), number_(number), dice_(seed), reader_(asked_, [this](const std::string& what) {
        if (!garbage_) world_.violation("client " + std::to_string(number_) + ", " + what);
      }) {
  plan();
}

void Client::start(std::shared_ptr<Link> link) {
  link_ = std::move(link);
  link_->set_wake(1, [this] { on_wake(); });
  world_.trace("client ", number_, " connects", pipelined_ ? ", pipelined" : "",
               slow_ ? ", slow" : "", stops_ ? ", stops reading" : "", http_1_0_ ? ", 1.0" : "");
  const Faults& f = world_.scenario.faults;
  if (dice_.chance(f.leave) || dice_.chance(f.leave_hard)) {
    const bool hard = dice_.chance(0.5);
    world_.loop.after(dice_.between(0, 1'500) * ms, [this, hard] { leave(hard); });
  }
  send_next();
}

void Client::leave(bool hard) {
  if (gone_) return;
  world_.trace("client ", number_, hard ? " vanishes" : " leaves");
  gone_ = left_ = true;
  link_->set_wake(1, nullptr);
  link_->close(1, net::IoError::closed, hard);
}

void Client::send_next() {
  if (gone_) return;
  while (next_ < planned_.size() && (next_ == reader_.answered() || pipelined_)) {
    const Planned& p = planned_[next_++];
    world_.trace("client ", number_, " sends ", p.ask.mark, " (", p.bytes.size(), " bytes",
                 p.ask.stream ? ", stream" : "", p.half ? ", half or garbage" : "", ")");
    asked_.push_back(p.ask);
    if (!p.half) sent_whole_ = next_;
    out_ += p.bytes;
  }
  flush();
}

void Client::flush() {
  while (!out_.empty()) {
    const std::size_t n = link_->put(1, out_);
    out_.erase(0, n);
    if (n == 0) return;
  }
}

void Client::on_wake() {
  if (gone_) return;
  flush();
  if (read_posted_) return;
  read_posted_ = true;
  const std::int64_t pause = slow_ ? dice_.between(5, 400) * ms : 0;
  world_.loop.after(pause, [this] {
    read_posted_ = false;
    read_some();
  });
}

void Client::read_some() {
  if (gone_) return;
  const std::size_t before = reader_.answered();
  for (;;) {
    const std::int64_t most = std::min<std::int64_t>(slow_ ? 300 : 4'096, read_budget_);
    const std::string got = link_->take(1, static_cast<std::size_t>(most));
    if (got.empty()) break;
    read_budget_ -= stops_ ? static_cast<std::int64_t>(got.size()) : 0;
    reader_.feed(got);
    if (slow_) break;
  }
  if (read_budget_ == 0) {  // it never reads again, and goes at last
    read_budget_ = -1;
    world_.trace("client ", number_, " stops reading");
    world_.loop.after(8'000 * ms, [this] { leave(false); });
  }
  if (read_budget_ < 0) return;
  const bool drained = !link_->has_arrived(1);
  if (link_->ended_by_peer(1) && drained) return ended_by_gateway();
  if (slow_ && !drained) on_wake();
  if (reader_.answered() == before) return;
  world_.trace("client ", number_, " has ", reader_.answered(), " answers");
  if (reader_.answered() == planned_.size() || reader_.last_said_close()) {
    if (reader_.last_said_close() && dice_.chance(0.5)) return;  // the gateway closes first
    gone_ = true;
    link_->set_wake(1, nullptr);
    return link_->close(1, net::IoError::closed);
  }
  const std::int64_t think = dice_.chance(0.5) ? 0 : dice_.between(0, 400) * ms;
  world_.loop.after(think, [this] { send_next(); });
}

void Client::ended_by_gateway() {
  world_.trace("client ", number_, " is disconnected", link_->was_reset(1) ? " (reset)" : "");
  reader_.end(slow_ || stops_ || garbage_ || (!asked_.empty() && sent_whole_ < asked_.size()));
  gone_ = true;
  link_->set_wake(1, nullptr);
  link_->close(1, net::IoError::closed);
}

}  // namespace steelyard::sim
