#pragma once
// Shared by the tcp_*.cpp files only: the Boost.Asio types behind tcp.h.
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>

#include "gateway/net/tcp.h"

namespace steelyard::net {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using TcpEndpoint = asio::ip::tcp::endpoint;

struct EventLoop::Impl {
  // One thread runs it, other threads may only post: sockets need no locks.
  asio::io_context io{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  asio::executor_work_guard<Executor> work{io.get_executor()};
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      ticker{io.get_executor()};
  std::function<bool()> on_tick;
  std::int64_t period_ns = 0;
  bool ticking = false;
};

class TlsSession;
std::unique_ptr<Connection> make_plain_connection(TcpSocket socket);
// A server-side TLS connection: the handshake happens inside the first read.
std::unique_ptr<Connection> make_tls_server_connection(TcpSocket socket,
                                                       std::shared_ptr<TlsContext> context);

}  // namespace steelyard::net
