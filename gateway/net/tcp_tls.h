#pragma once
// TLS connections: OpenSSL on the descriptor, readiness from the reactor.
#include <memory>

#include "gateway/net/tcp_impl.h"

namespace steelyard::net {

// Begins the handshake on a connected socket that is registered already; `connected` completes when
// chain and host name are verified, or with `tls`.
std::unique_ptr<Connection> make_tls_client_connection(Reactor& reactor, Descriptor socket,
                                                       const Origin& origin, IoSlot& connected);

}  // namespace steelyard::net
