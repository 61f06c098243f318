#pragma once
// The last resumable session with each host, so that the next connection costs an abbreviated
// handshake.
#include <openssl/ssl.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace steelyard::net {

class TlsSessions {
 public:
  TlsSessions() = default;
  ~TlsSessions();
  TlsSessions(const TlsSessions&) = delete;
  TlsSessions& operator=(const TlsSessions&) = delete;

  // Takes over one reference.
  void put(const std::string& host, SSL_SESSION* session);
  // One reference for the caller, or nullptr. The session stays, for connections opened at the same
  // time.
  SSL_SESSION* get(std::string_view host) const;
  void forget(std::string_view host);
  std::size_t size() const;

 private:
  static constexpr std::size_t hosts_max =
      256;                    // hosts come from configuration; this only bounds mistakes
  mutable std::mutex mutex_;  // taken once per handshake
  std::map<std::string, SSL_SESSION*, std::less<>> sessions_;
};

}  // namespace steelyard::net
