#pragma once
// Sockets of this machine only: whoever measures must not be able to load somebody else's server.
#include <netinet/in.h>

#include <optional>
#include <string>

namespace steelyard::bench {

// `PORT` or `HOST:PORT` with a numeric IPv4 host of 127.0.0.0/8. Nothing: any other address, and
// names.
std::optional<sockaddr_in> loopback(const std::string& text);

// Non-blocking, no-delay, listening with a backlog of 4,096. -1 and errno on failure.
int listen_on(const sockaddr_in& address);

// Blocking connect (loopback answers at once), then non-blocking and no-delay. -1 and errno.
int connect_to(const sockaddr_in& address);

// Raises the soft limit of file descriptors to the hard one; returns it.
unsigned long raise_descriptor_limit();

}  // namespace steelyard::bench
