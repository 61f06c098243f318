#pragma once
// Names to addresses, by the system's resolver on a thread of its own (Boost.Asio's). The one
// place where waiting cannot be made non-blocking; tcp_dialer.cpp remembers the answers for a
// while.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/socket_address.h"

namespace steelyard::net {

class Resolver {
 public:
  // Called on the resolver's thread; empty: no address.
  using Done = std::function<void(std::vector<SocketAddress> addresses)>;
  Resolver();
  ~Resolver();  // waits for a lookup that is under way

  void resolve(const std::string& host, Done done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steelyard::net
