#include "gateway/net/socket_address.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>

#include <cstring>

namespace steelyard::net {
namespace {

sockaddr_in& v4(sockaddr_storage& s) {
  return reinterpret_cast<sockaddr_in&>(s);
}
sockaddr_in6& v6(sockaddr_storage& s) {
  return reinterpret_cast<sockaddr_in6&>(s);
}

}  // namespace

std::optional<SocketAddress> SocketAddress::literal(const std::string& host, std::uint16_t port) {
  SocketAddress address;
  if (::inet_pton(AF_INET, host.c_str(), &v4(address.storage).sin_addr) == 1) {
    address.storage.ss_family = AF_INET;
    address.size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, host.c_str(), &v6(address.storage).sin6_addr) == 1) {
    address.storage.ss_family = AF_INET6;
    address.size = sizeof(sockaddr_in6);
  } else {
    return std::nullopt;
  }
  address.set_port(port);
  return address;
}

SocketAddress SocketAddress::from(const sockaddr* address, socklen_t size) {
  SocketAddress copy;
  copy.size = size < sizeof copy.storage ? size : sizeof copy.storage;
  std::memcpy(&copy.storage, address, copy.size);
  return copy;
}

std::uint16_t SocketAddress::port() const {
  sockaddr_storage copy = storage;
  return ntohs(family() == AF_INET6 ? v6(copy).sin6_port : v4(copy).sin_port);
}

void SocketAddress::set_port(std::uint16_t port) {
  (family() == AF_INET6 ? v6(storage).sin6_port : v4(storage).sin_port) = htons(port);
}

bool SocketAddress::is_loopback() const {
  sockaddr_storage copy = storage;
  if (family() == AF_INET) return ntohl(v4(copy).sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  const in6_addr& six = v6(copy).sin6_addr;
  if (family() != AF_INET6) return false;
  return IN6_IS_ADDR_LOOPBACK(&six) ||
         (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == IN_LOOPBACKNET);
}

void send_unpaced_at_home(int socket, const SocketAddress& address) {
  static constexpr char name[] = "reno";  // always there, always allowed
  if (address.is_loopback())
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name, sizeof name - 1);
}

}  // namespace steelyard::net
