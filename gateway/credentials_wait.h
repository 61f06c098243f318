#pragma once
// A request that waits for what its provider wants to see: for the next asking of a token source,
// whose thread knows nothing of requests.
#include <memory>

namespace steelyard {

class Worker;
namespace cloud {
class TokenSource;
}
namespace net {
class IoSlot;
}

// Arms `slot`, and completes it on its worker when the asking is over, well or not; unless it has
// been completed otherwise, or this object has gone, by then. Lives as long as the wait.
class CredentialsWait {
 public:
  CredentialsWait(cloud::TokenSource& tokens, Worker& worker, net::IoSlot& slot);
  ~CredentialsWait();
  CredentialsWait(const CredentialsWait&) = delete;
  CredentialsWait& operator=(const CredentialsWait&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace steelyard
