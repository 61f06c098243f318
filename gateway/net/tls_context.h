#pragma once
// Shared by the tls*.cpp files only.
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "gateway/net/tls.h"
#include "gateway/net/tls_sessions.h"

namespace steelyard::net {

struct TlsContext::Impl {
  SSL_CTX* context = nullptr;
  bool server = false;
  mutable TlsSessions sessions;
  ~Impl() { SSL_CTX_free(context); }
};

// The oldest entry of OpenSSL's error queue as text, "unknown error" if there is none; empties the
// queue.
std::string take_openssl_error();

}  // namespace steelyard::net
