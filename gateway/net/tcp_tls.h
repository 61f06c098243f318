#pragma once
// TLS connections over this worker's sockets: OpenSSL on the descriptor, readiness from Asio.
#include <memory>

#include "gateway/net/tcp_impl.h"

namespace steelyard::net {

// Begins the handshake; `connected` completes when chain and host name are verified, or with `tls`.
std::unique_ptr<Connection> make_tls_client_connection(TcpSocket socket, const Origin& origin,
                                                       IoSlot& connected);

}  // namespace steelyard::net
