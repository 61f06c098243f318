#pragma once
// The process: workers on their threads, the admin listener, signals, reload, drain.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "config/spec/gateway_spec.h"
#include "config/types/result.h"

namespace steelyard {

struct ServerOptions {
  GatewaySpec spec;
  // Reads the configuration again, for SIGHUP and POST /admin/reload. The error says what is wrong.
  std::function<Result<GatewaySpec>()> reload;
  std::string version;
};

class Server {
 public:
  // Opens journal, log and listeners; nothing is served before run(). Errors: what could not be
  // opened, and why.
  static Result<std::unique_ptr<Server>> open(ServerOptions options);
  ~Server();

  // Serves until SIGTERM or SIGINT (drains, then returns) or stop(). SIGHUP reloads, SIGUSR1
  // reopens the decision log.
  void run();
  void stop();  // from any thread: as SIGTERM

  std::uint16_t port() const;
  std::uint16_t admin_port() const;

  struct State;

 private:
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace steelyard
