#include "gateway/credentials_wait.h"

#include <mutex>

#include "gateway/cloud/token_source.h"
#include "gateway/net/io.h"
#include "gateway/worker.h"

namespace steelyard {

// Between the thread that asks and the worker that waits: whoever gives up first says so.
struct CredentialsWait::State {
  std::mutex mutex;
  Worker* worker = nullptr;
  net::IoSlot* slot = nullptr;  // null: nobody waits any more
};

CredentialsWait::CredentialsWait(cloud::TokenSource& tokens, Worker& worker, net::IoSlot& slot)
    : state_(std::make_shared<State>()) {
  state_->worker = &worker;
  state_->slot = &slot;
  slot.arm();
  const auto wake = [state = state_] {  // on the worker, which is who takes the slot away
    if (state->slot != nullptr && state->slot->pending()) state->slot->complete({});
  };
  tokens.after_next_asking([state = state_, wake] {
    const std::lock_guard lock(state->mutex);
    // The worker lives as long as the request does, and the request until it has left here.
    if (state->slot != nullptr) state->worker->seams().post(wake);
  });
}

CredentialsWait::~CredentialsWait() {
  const std::lock_guard lock(state_->mutex);
  state_->slot = nullptr;
}

}  // namespace steelyard
