#pragma once
// An IPv4 or IPv6 address with its port, as the socket calls want it.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace steelyard::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  // An IP literal without brackets; nothing else is an address here (no names, no lookups).
  static std::optional<SocketAddress> literal(const std::string& host, std::uint16_t port);
  static SocketAddress from(const sockaddr* address, socklen_t size);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  // 127.0.0.0/8, ::1, and the former written as IPv6: the same machine.
  bool is_loopback() const;
};

// Between two programs of one machine nothing is congested. Systems whose default paces what is
// sent (bbr) would set a timer for each message all the same, about 0.2 us of CPU a request;
// connections of a socket that is bound or goes to the same machine are without. Those to elsewhere
// keep what the system has.
void send_unpaced_at_home(int socket, const SocketAddress& address);

}  // namespace steelyard::net
