#include "gateway/room_wait.h"

#include "gateway/worker.h"

namespace steelyard {

RoomWait::~RoomWait() {
  if (asking_.number != 0) worker_.seams().fleet->withdraw(asking_);
}

net::Task<bool> RoomWait::more(const store::Chain& chain, NanoUsd amount) {
  asking_.chain = chain;
  asking_.amount = amount;
  asking_.context = this;
  asking_.done = [](void* self, fleet::Answer answer) {  // on the agent's thread
    auto& wait = *static_cast<RoomWait*>(self);
    wait.worker_.seams().post([&wait, answer] {
      wait.answer_ = answer;
      wait.told_.complete({});
    });
  };
  told_.arm();
  const std::optional<fleet::Answer> known = worker_.seams().fleet->ask(asking_);
  if (known) {
    answer_ = *known;
    told_.complete({});
  }
  (void)co_await told_;
  worker_.tick_now();
  co_return answer_ == fleet::Answer::try_again;
}

Error RoomWait::unreachable_error() {
  return Error(
      ErrorKind::storage, ErrorSource::gateway, Retry::never,
      "the store that shares budgets over the fleet does not answer; nothing may be spent");
}

}  // namespace steelyard
