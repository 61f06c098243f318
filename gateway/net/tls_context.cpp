#include "gateway/net/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstring>
#include <utility>

#include "gateway/net/tls_bio.h"

namespace steelyard::net {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using SslPtr = std::unique_ptr<SSL, decltype(&SSL_free)>;

constexpr std::array<unsigned char, 9> alpn_offer{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr std::array<unsigned char, 9> session_scope{'s', 't', 'e', 'e', 'l', 'y', 'a', 'r', 'd'};
// TLS 1.2; 1.3 has only good ones. Forward secrecy and authenticated encryption, nothing else.
constexpr const char* ciphers_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";

auto fail_setup(const std::string& what) {
  return fail(ErrorKind::internal, ErrorSource::gateway, Retry::never,
              what + ": " + take_openssl_error());
}

void free_host(void*, void* host, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::string*>(host);
}

// SSL objects of clients carry the host's name: the key under which their sessions are kept.
int host_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_host);
  return slot;
}

// Called when a ticket has come: after the handshake, inside a read, in TLS 1.3.
int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* sessions = static_cast<TlsSessions*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const auto* host = static_cast<const std::string*>(SSL_get_ex_data(ssl, host_slot()));
  if (sessions == nullptr || host == nullptr) return 0;
  sessions->put(*host, session);
  return 1;
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, alpn_offer.data(), alpn_offer.size(),
                                          offered, offered_size);
  *out = chosen;
  // A client that speaks nothing of ours gets an alert instead of bytes it cannot read.
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

ContextPtr new_context(const SSL_METHOD* method) {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_clear_mode(context.get(), SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context.get(), 1);  // header and body of a record in one recv
  if (SSL_CTX_set_cipher_list(context.get(), ciphers_1_2) != 1) context.reset();
  return context;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

// The certificate must name `host`; a DNS name is also sent as SNI.
bool expect_host(SSL* ssl, const std::string& host) {
  if (is_address(host))
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  SSL_set_hostflags(ssl,
                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

bool attach(SSL* ssl, int descriptor) {
  BIO* bio = new_descriptor_bio(descriptor);
  if (bio == nullptr) return false;
  SSL_set_bio(ssl, bio, bio);
  return true;
}

}  // namespace

std::string take_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  if (reason != nullptr) return reason;
  return code != 0 && ERR_SYSTEM_ERROR(code) ? std::strerror(static_cast<int>(ERR_GET_REASON(code)))
                                             : "unknown error";
}

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::client(const std::string& ca_file) {
  ContextPtr context = new_context(TLS_client_method());
  if (!context) return fail_setup("TLS cannot be set up");
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context.get()) != 1)
      return fail_setup("no system root certificates");
  } else {
    if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1)
      return fail_setup("ca_file " + ca_file);
    // A bundle may hold an intermediate or the server's own certificate: trust exactly what it
    // holds.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), alpn_offer.data(), alpn_offer.size());
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  auto impl = std::make_unique<Impl>();
  SSL_CTX_set_app_data(context.get(), &impl->sessions);
  SSL_CTX_sess_set_new_cb(context.get(), on_new_session);
  impl->context = context.release();
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

Result<std::shared_ptr<TlsContext>> TlsContext::server(const std::string& certificate_file,
                                                       const std::string& key_file) {
  ContextPtr context = new_context(TLS_server_method());
  if (!context) return fail_setup("TLS cannot be set up");
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
    return fail_setup("certificate " + certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail_setup("private key " + key_file);
  }
  SSL_CTX_set_alpn_select_cb(context.get(), choose_alpn, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(),
                                 SSL_SESS_CACHE_OFF);  // tickets keep the state with the client
  SSL_CTX_set_session_id_context(context.get(), session_scope.data(), session_scope.size());
  SSL_CTX_set_num_tickets(context.get(), 1);
  auto impl = std::make_unique<Impl>();
  impl->server = true;
  impl->context = context.release();
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

Result<TlsSession> TlsContext::connect(int descriptor, std::string_view host) const {
  ERR_clear_error();
  const std::string name(host);
  SslPtr ssl(impl_->server ? nullptr : SSL_new(impl_->context), SSL_free);
  if (!ssl || name.empty() || !attach(ssl.get(), descriptor) || !expect_host(ssl.get(), name)) {
    return fail_setup("TLS to \"" + name + "\" cannot be set up");
  }
  auto key = std::make_unique<std::string>(name);
  if (SSL_set_ex_data(ssl.get(), host_slot(), key.get()) == 1) (void)key.release();
  if (SSL_SESSION* session = impl_->sessions.get(name); session != nullptr) {
    SSL_set_session(ssl.get(), session);
    SSL_SESSION_free(session);
  }
  SSL_set_connect_state(ssl.get());
  return TlsSession(ssl.release(), shared_from_this(), name);
}

Result<TlsSession> TlsContext::accept(int descriptor) const {
  ERR_clear_error();
  SslPtr ssl(impl_->server ? SSL_new(impl_->context) : nullptr, SSL_free);
  if (!ssl || !attach(ssl.get(), descriptor))
    return fail_setup("TLS for a client cannot be set up");
  SSL_set_accept_state(ssl.get());
  return TlsSession(ssl.release(), shared_from_this(), "");
}

bool TlsContext::is_server() const {
  return impl_->server;
}
std::size_t TlsContext::cached_sessions() const {
  return impl_->sessions.size();
}
void TlsContext::forget_session(std::string_view host) const {
  impl_->sessions.forget(host);
}

}  // namespace steelyard::net
