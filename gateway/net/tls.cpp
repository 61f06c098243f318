#include "gateway/net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/net/tls_context.h"

namespace steelyard::net {
namespace {

constexpr std::size_t record_bytes_max = 16u << 10;

// Why a finished call made no progress, when it is not want_read or want_write.
bool is_unexpected_end(int code) {
  if (code == SSL_ERROR_SYSCALL)
    return ERR_peek_error() == 0 && (errno == 0 || errno == ECONNRESET || errno == EPIPE);
  return code == SSL_ERROR_SSL &&
         ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

}  // namespace

TlsSession::TlsSession(ssl_st* ssl, std::shared_ptr<const TlsContext> context, std::string host)
    : ssl_(ssl), context_(std::move(context)), host_(std::move(host)) {}

TlsSession::TlsSession(TlsSession&& other) noexcept
    : ssl_(std::exchange(other.ssl_, nullptr)),
      context_(std::move(other.context_)),
      host_(std::move(other.host_)),
      error_(std::move(other.error_)),
      dead_(std::exchange(other.dead_, true)) {}

TlsSession& TlsSession::operator=(TlsSession&& other) noexcept {
  if (this == &other) return *this;
  SSL_free(ssl_);
  ssl_ = std::exchange(other.ssl_, nullptr);
  context_ = std::move(other.context_);
  host_ = std::move(other.host_);
  error_ = std::move(other.error_);
  dead_ = std::exchange(other.dead_, true);
  return *this;
}

TlsSession::~TlsSession() {
  SSL_free(ssl_);
}

TlsResult TlsSession::handshake_step() {
  if (dead_) return {0, TlsState::error};
  if (SSL_is_init_finished(ssl_) != 0) return {};
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) return {};
  const TlsResult outcome = finish(result);
  if (outcome.state == TlsState::want_read || outcome.state == TlsState::want_write) return outcome;
  if (!host_.empty())
    context_->forget_session(
        host_);  // if a stale ticket was the reason, the next try is a full one
  if (outcome.state == TlsState::error) return outcome;
  return fail_with("the connection ended during the TLS handshake");
}

TlsResult TlsSession::read(std::span<char> into) {
  if (dead_) return {0, TlsState::error};
  if (!handshake_done()) return fail_with("read before the TLS handshake was over");
  ERR_clear_error();
  errno = 0;
  std::size_t bytes = 0;
  const int result = SSL_read_ex(ssl_, into.data(), into.size(), &bytes);
  return result == 1 ? TlsResult{bytes, TlsState::ok} : finish(result);
}

TlsResult TlsSession::write(std::span<const char> from) {
  if (dead_) return {0, TlsState::error};
  if (!handshake_done()) return fail_with("write before the TLS handshake was over");
  if (from.empty()) return {};
  ERR_clear_error();
  errno = 0;
  std::size_t bytes = 0;
  const int result =
      SSL_write_ex(ssl_, from.data(), std::min(from.size(), record_bytes_max), &bytes);
  return result == 1 ? TlsResult{bytes, TlsState::ok} : finish(result);
}

TlsResult TlsSession::shutdown() {
  if (dead_ || !handshake_done()) return {};
  if ((SSL_get_shutdown(ssl_) & SSL_SENT_SHUTDOWN) != 0) return {};
  ERR_clear_error();
  errno = 0;
  const int result = SSL_shutdown(ssl_);
  return result >= 0 ? TlsResult{} : finish(result);
}

TlsResult TlsSession::finish(int result) {
  const int code = SSL_get_error(ssl_, result);
  switch (code) {
    case SSL_ERROR_WANT_READ: return {0, TlsState::want_read};
    case SSL_ERROR_WANT_WRITE: return {0, TlsState::want_write};
    case SSL_ERROR_ZERO_RETURN: return {0, TlsState::closed};
    default: break;
  }
  if (is_unexpected_end(code)) {
    ERR_clear_error();
    error_ = "the connection ended without a TLS goodbye";
    dead_ = true;
    return {0, TlsState::truncated};
  }
  const long verdict = host_.empty() ? X509_V_OK : SSL_get_verify_result(ssl_);
  if (verdict != X509_V_OK) {
    ERR_clear_error();
    const std::string why = X509_verify_cert_error_string(verdict);
    return fail_with(("certificate of " + host_ + " refused: " + why).c_str());
  }
  const std::string reason =
      code == SSL_ERROR_SYSCALL && errno != 0 ? std::strerror(errno) : take_openssl_error();
  return fail_with(("TLS failed: " + reason).c_str());
}

TlsResult TlsSession::fail_with(const char* what) {
  error_ = what;
  dead_ = true;
  return {0, TlsState::error};
}

bool TlsSession::has_pending() const {
  return ssl_ != nullptr && SSL_has_pending(ssl_) != 0;
}
bool TlsSession::handshake_done() const {
  return ssl_ != nullptr && SSL_is_init_finished(ssl_) != 0;
}
bool TlsSession::resumed() const {
  return ssl_ != nullptr && SSL_session_reused(ssl_) != 0;
}
std::string_view TlsSession::protocol() const {
  return ssl_ != nullptr ? SSL_get_version(ssl_) : "";
}

std::string_view TlsSession::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  if (ssl_ != nullptr) SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace steelyard::net
