#include "gateway/mock/worker.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <vector>

#include "gateway/mock/connection.h"

namespace steelyard::mock {
namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
constexpr auto kAcceptPause = std::chrono::milliseconds(10);  // out of descriptors

}  // namespace

Result<std::uint16_t> Worker::listen(const std::string& address, std::uint16_t port, bool shared) {
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address, error);
  const Tcp::endpoint endpoint(ip, port);
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
  if (!error && shared) acceptor_.set_option(ReusePort(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(4096, error);
  if (!error) return acceptor_.local_endpoint(error).port();
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never,
              "cannot listen on " + address + ":" + std::to_string(port) + ": " + error.message());
}

void Worker::run() {
  epoch_ = static_cast<std::uint32_t>(std::time(nullptr));
  accept();
  io_.run();
}

void Worker::stop() {
  asio::post(io_, [this] { close_all(); });
}

void Worker::close_all() {
  if (stopping_) return;
  stopping_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  const std::vector<Connection*> open(connections_.begin(), connections_.end());
  for (Connection* connection : open) connection->shutdown();
}

void Worker::accept() {
  acceptor_.async_accept([this](const boost::system::error_code& error, Socket socket) {
    if (stopping_) return;
    if (error) {
      pause_.expires_after(kAcceptPause);
      pause_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled && !stopping_) accept();
      });
      return;
    }
    auto connection = std::make_shared<Connection>(*this, std::move(socket));
    connections_.insert(connection.get());
    connection->start();
    accept();
  });
}

const std::shared_ptr<const Settings>& Worker::settings() {
  const std::uint64_t version = shared_.settings->version();
  if (version != version_) {
    version_ = version;
    settings_ = shared_.settings->get();
  }
  return settings_;
}

void Worker::next_id(std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.assign("chatcmpl-");
  const auto append = [&out](std::uint64_t value, int digits) {
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kHex[(value >> shift) & 15];
  };
  append(epoch_, 8);
  append(index_, 2);
  append(++sequence_, 8);
}

}  // namespace steelyard::mock
