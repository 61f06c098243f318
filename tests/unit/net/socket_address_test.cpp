// Which addresses are this machine, and how what is sent to them is sent.
#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <string>

#include "gateway/net/socket_address.h"

using namespace steelyard::net;

namespace {

std::string congestion_control(int socket) {
  char name[16] = {};
  socklen_t size = sizeof name;
  REQUIRE(::getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0);
  return name;
}

struct Socket {
  explicit Socket(int socket) : fd(socket) { REQUIRE(fd >= 0); }
  ~Socket() { ::close(fd); }
  int fd;
};

}  // namespace

TEST_CASE("socket address: this machine") {
  struct Row {
    const char* text;
    bool loopback;
  };
  const Row rows[] = {
      {"127.0.0.1", true},
      {"127.255.255.254", true},
      {"::1", true},
      {"126.0.0.1", false},
      {"128.0.0.1", false},
      {"::ffff:127.0.0.1", true},
      {"0.0.0.0", false},
      {"::", false},
      {"::ffff:128.0.0.1", false},
      {"10.0.0.127", false},
      {"2001:db8::1", false},
      {"::127.0.0.1", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto address = SocketAddress::literal(row.text, 80);
    REQUIRE(address.has_value());
    CHECK(address->is_loopback() == row.loopback);
  }
}

TEST_CASE("socket address: only what stays on the machine is sent without pacing, both ways") {
  auto address = SocketAddress::literal("127.0.0.1", 0);
  const Socket listener(::socket(AF_INET, SOCK_STREAM, 0));
  send_unpaced_at_home(listener.fd, *address);
  REQUIRE(::bind(listener.fd, address->get(), address->size) == 0);
  REQUIRE(::listen(listener.fd, 1) == 0);
  REQUIRE(::getsockname(listener.fd, address->get(), &address->size) == 0);

  const Socket client(::socket(AF_INET, SOCK_STREAM, 0));
  const std::string usual = congestion_control(client.fd);
  send_unpaced_at_home(client.fd, *SocketAddress::literal("203.0.113.1", 443));
  CHECK(congestion_control(client.fd) == usual);
  send_unpaced_at_home(client.fd, *address);
  CHECK(congestion_control(client.fd) == "reno");
  REQUIRE(::connect(client.fd, address->get(), address->size) == 0);
  const Socket accepted(::accept(listener.fd, nullptr, nullptr));
  CHECK(congestion_control(accepted.fd) == "reno");
}
