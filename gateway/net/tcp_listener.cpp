#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <utility>

#include "gateway/net/tcp_impl.h"

namespace steelyard::net {

struct Listener::Impl : std::enable_shared_from_this<Listener::Impl> {
  explicit Impl(Executor executor) : acceptor(executor), retry(executor) {}
  TcpAcceptor acceptor;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      retry;
  std::shared_ptr<TlsContext> tls;
  OnAccept on_accept;

  void accept_next() {
    acceptor.async_accept(
        [self = shared_from_this()](boost::system::error_code error, TcpSocket socket) {
          if (error == asio::error::operation_aborted) return;
          if (error) return self->pause();
          self->take(std::move(socket));
          self->accept_next();
        });
  }

  // Out of descriptors, most likely: spinning would burn the core that could free some.
  void pause() {
    retry.expires_after(std::chrono::milliseconds(100));
    retry.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->accept_next();
    });
  }

  void take(TcpSocket socket) {
    boost::system::error_code ignored;
    socket.native_non_blocking(true, ignored);
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (tls != nullptr) {
      on_accept(make_tls_server_connection(std::move(socket), tls));
    } else {
      on_accept(make_plain_connection(std::move(socket)));
    }
  }
};

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() {
  close();
}

void Listener::close() {
  boost::system::error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->retry.cancel();
}

std::uint16_t Listener::port() const {
  boost::system::error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

Result<std::unique_ptr<Listener>> Listener::open(EventLoop& loop, const std::string& host,
                                                 std::uint16_t port,
                                                 std::shared_ptr<TlsContext> tls,
                                                 OnAccept on_accept) {
  boost::system::error_code error;
  const auto refuse = [&](const char* step) {
    return fail(ErrorKind::internal, ErrorSource::gateway, Retry::never,
                std::string("cannot ") + step + " `" + host + ":" + std::to_string(port) +
                    "`: " + error.message());
  };
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) return refuse("read the address");
  const TcpEndpoint endpoint(address, port);
  auto impl = std::make_shared<Impl>(loop.impl().io.get_executor());
  impl->acceptor.open(endpoint.protocol(), error);
  if (error) return refuse("open a socket for");
  impl->acceptor.set_option(TcpAcceptor::reuse_address(true), error);
  const int on = 1;
  ::setsockopt(impl->acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  impl->acceptor.bind(endpoint, error);
  if (error) return refuse("listen on");
  impl->acceptor.listen(4096, error);
  if (error) return refuse("listen on");
  impl->tls = std::move(tls);
  impl->on_accept = std::move(on_accept);
  impl->accept_next();
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

}  // namespace steelyard::net
