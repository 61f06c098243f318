#pragma once
// Opening connections to providers. A seam: the simulator dials scripted providers.
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/net/io.h"

namespace steelyard::net {

class TlsContext;

// Where a provider lives: from configuration only, never from a client's bytes.
struct Origin {
  std::string host;  // name or IP literal (without brackets)
  std::uint16_t port = 443;
  bool tls = true;
  std::shared_ptr<TlsContext> tls_context;  // when tls
};

class Dialer {
 public:
  virtual ~Dialer() = default;
  // Returns at once; `connected` completes when bytes may be written (TCP and TLS done, certificate
  // and host name verified) or with the reason why not. Closing the connection ends the attempt.
  virtual std::unique_ptr<Connection> open(const Origin& origin, IoSlot& connected) = 0;
};

}  // namespace steelyard::net
