#include "gateway/net/tls_sessions.h"

namespace steelyard::net {

TlsSessions::~TlsSessions() {
  for (const auto& [host, session] : sessions_) SSL_SESSION_free(session);
}

void TlsSessions::put(const std::string& host, SSL_SESSION* session) {
  const std::lock_guard lock(mutex_);
  const auto at = sessions_.find(host);
  if (at != sessions_.end()) {
    SSL_SESSION_free(at->second);
    at->second = session;
  } else if (sessions_.size() < hosts_max) {
    sessions_.emplace(host, session);
  } else {
    SSL_SESSION_free(session);
  }
}

SSL_SESSION* TlsSessions::get(std::string_view host) const {
  const std::lock_guard lock(mutex_);
  const auto at = sessions_.find(host);
  if (at == sessions_.end() || SSL_SESSION_is_resumable(at->second) == 0) return nullptr;
  SSL_SESSION_up_ref(at->second);
  return at->second;
}

void TlsSessions::forget(std::string_view host) {
  const std::lock_guard lock(mutex_);
  const auto at = sessions_.find(host);
  if (at == sessions_.end()) return;
  SSL_SESSION_free(at->second);
  sessions_.erase(at);
}

std::size_t TlsSessions::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

}  // namespace steelyard::net
