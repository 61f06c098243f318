#include "gateway/net/resolver.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>

namespace steelyard::net {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;

struct Resolver::Impl {
  asio::io_context io{1};
  asio::executor_work_guard<Executor> work{io.get_executor()};
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver{io.get_executor()};
  std::thread thread;

  void lookup(const std::string& host, Done done) {
    resolver.async_resolve(
        host, "", [done = std::move(done)](boost::system::error_code error, const auto& results) {
          std::vector<SocketAddress> addresses;
          if (!error) {
            for (const auto& entry : results) {
              const asio::ip::tcp::endpoint endpoint = entry.endpoint();
              addresses.push_back(
                  SocketAddress::from(endpoint.data(), static_cast<socklen_t>(endpoint.size())));
            }
          }
          done(std::move(addresses));
        });
  }
};

Resolver::Resolver() : impl_(std::make_unique<Impl>()) {}

Resolver::~Resolver() {
  impl_->io.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void Resolver::resolve(const std::string& host, Done done) {
  Impl* impl = impl_.get();
  if (!impl->thread.joinable()) impl->thread = std::thread([impl] { impl->io.run(); });
  asio::post(impl->io, [impl, host, done = std::move(done)]() mutable {
    impl->lookup(host, std::move(done));
  });
}

}  // namespace steelyard::net
