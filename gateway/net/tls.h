#pragma once
// TLS on a non-blocking descriptor, one record layer call at a time; waiting for readiness is the
// caller's business. OpenSSL's buffers are released while a connection is idle (22 kB a side
// instead of 79 kB for asio::ssl::stream).
//
// A client session verifies the chain and the name, and speaks TLS 1.2 or later; there is no switch
// to turn that off. Nothing can be written before the handshake has succeeded, so an impostor never
// sees a byte of a request.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/types/result.h"

struct ssl_st;

namespace steelyard::net {

enum class TlsState : std::uint8_t {
  ok,          // progress: the handshake is over, or `bytes` were moved
  want_read,   // nothing moved; call again when the descriptor is readable
  want_write,  // nothing moved; call again when it is writable
  closed,      // the peer said goodbye (close_notify): everything it sent has been read
  truncated,   // the connection ended without close_notify: what was read may not be all
  error,       // TlsSession::error() says why; the session is dead
};

struct TlsResult {
  std::size_t bytes = 0;
  TlsState state = TlsState::ok;
};

class TlsContext;

// One connection. Movable; does not own the descriptor, which must stay open until shutdown or
// destruction.
class TlsSession {
 public:
  TlsSession(TlsSession&& other) noexcept;
  TlsSession& operator=(TlsSession&& other) noexcept;
  ~TlsSession();

  // Until it answers ok (or an end), nothing else may be called. A client session that answers ok
  // is verified.
  TlsResult handshake_step();
  // Up to one record's worth. Call until want_read: decrypted bytes may be held back that no poll
  // announces.
  TlsResult read(std::span<char> into);
  // Encrypts and sends a prefix of `from`, at most 16 KiB. After want_write the next call must
  // start with the same bytes, though they may have moved.
  TlsResult write(std::span<const char> from);
  // Sends close_notify; does not wait for the peer's. want_write: call again. Idempotent.
  TlsResult shutdown();

  bool has_pending() const;  // read() will yield bytes without the descriptor becoming readable
  bool handshake_done() const;
  bool resumed() const;               // an abbreviated handshake took place
  std::string_view protocol() const;  // "TLSv1.3"
  std::string_view alpn() const;      // "http/1.1" or ""
  // One clause, no full stop: "certificate of api.example.com refused: certificate has expired".
  const std::string& error() const { return error_; }

 private:
  friend class TlsContext;
  TlsSession(ssl_st* ssl, std::shared_ptr<const TlsContext> context, std::string host);
  TlsResult finish(int result);
  TlsResult fail_with(const char* what);

  ssl_st* ssl_ = nullptr;
  std::shared_ptr<const TlsContext> context_;
  std::string host_;  // client: whom the certificate must name; server: ""
  std::string error_;
  bool dead_ = false;
};

// Settings and session cache of one side. May be shared by threads.
class TlsContext : public std::enable_shared_from_this<TlsContext> {
 public:
  // To providers. `ca_file`: PEM bundle that replaces the system's roots; "": the system's roots.
  // Errors: internal, with the file and OpenSSL's reason.
  static Result<std::shared_ptr<TlsContext>> client(const std::string& ca_file);
  // For clients. PEM files: certificate with its chain, and the private key that belongs to it.
  static Result<std::shared_ptr<TlsContext>> server(const std::string& certificate_file,
                                                    const std::string& key_file);
  ~TlsContext();

  // A client session to `host`: DNS name or IP literal, as the certificate must state it. Resumes
  // the last session with that host where the provider allows it.
  Result<TlsSession> connect(int descriptor, std::string_view host) const;
  Result<TlsSession> accept(int descriptor) const;

  bool is_server() const;
  std::size_t cached_sessions() const;               // hosts that can be resumed
  void forget_session(std::string_view host) const;  // the next handshake with `host` is a full one

 private:
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace steelyard::net
