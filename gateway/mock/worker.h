#pragma once
// One thread of the mock: its io_context, its listener, its connections. Internal to gateway/mock.
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <unordered_set>

#include "gateway/mock/chat_request.h"
#include "gateway/mock/control.h"

namespace steelyard::mock {

namespace asio = boost::asio;
// Concrete executor: the type-erased one costs an allocation and a virtual call per operation.
using Executor = asio::io_context::executor_type;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;
using SteadyClock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

class Connection;

class Worker {
 public:
  Worker(Shared& shared, unsigned index) : shared_(shared), index_(index) {}

  // Binds; `shared`: other workers bind the same port. Returns the port.
  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port, bool shared);
  void run();   // until stop(); on the worker's own thread
  void stop();  // any thread

  // For its connections:
  Shared& shared() { return shared_; }
  asio::io_context& io() { return io_; }
  ChatParser& parser() { return parser_; }
  const std::shared_ptr<const Settings>& settings();  // refreshed when another thread changed them
  void next_id(std::string& out);                     // "chatcmpl-..." never repeated
  std::string& scratch() { return scratch_; }         // for one body, within one call
  Charge& charge() { return charge_; }                // the same for a charge
  void forget(Connection* connection) { connections_.erase(connection); }

 private:
  void accept();
  void close_all();

  Shared& shared_;
  const unsigned index_;
  std::uint32_t sequence_ = 0;
  std::uint32_t epoch_ = 0;  // part of the ids: start time, so that two runs never share one
  asio::io_context io_{1};
  Acceptor acceptor_{io_};
  Timer pause_{io_};
  ChatParser parser_;
  std::shared_ptr<const Settings> settings_;
  std::uint64_t version_ = 0;
  std::string scratch_;
  Charge charge_;
  std::unordered_set<Connection*> connections_;
  bool stopping_ = false;
};

}  // namespace steelyard::mock
