#include "gateway/mock/mock_server.h"

#include <algorithm>
#include <thread>

#include "gateway/mock/control.h"
#include "gateway/mock/worker.h"

namespace steelyard::mock {

struct MockServer::Impl {
  explicit Impl(MockOptions given) : options(std::move(given)) {}

  Result<std::uint16_t> start();

  const MockOptions options;
  std::unique_ptr<Shared> shared;  // null until start()
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  std::uint16_t port = 0;
};

Result<std::uint16_t> MockServer::Impl::start() {
  auto store = SettingsStore::make(options);
  if (!store) return fail(store.error());
  shared = std::make_unique<Shared>(std::move(*store), options);
  port = options.port;
  for (unsigned i = 0; i < std::clamp(options.threads, 1u, 64u); ++i) {
    auto worker = std::make_unique<Worker>(*shared, i);
    const auto bound = worker->listen(options.address, port, options.threads > 1);
    if (!bound) {
      workers.clear();
      return fail(bound.error());
    }
    port = *bound;
    workers.push_back(std::move(worker));
  }
  for (const auto& worker : workers) {
    threads.emplace_back([one = worker.get()] { one->run(); });
  }
  return port;
}

MockServer::MockServer(MockOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

MockServer::~MockServer() {
  stop();
  join();
}

Result<std::uint16_t> MockServer::start() {
  return impl_->start();
}

void MockServer::stop() {
  for (const auto& worker : impl_->workers) worker->stop();
}

void MockServer::join() {
  for (std::thread& thread : impl_->threads) {
    if (thread.joinable()) thread.join();
  }
}

std::uint16_t MockServer::port() const {
  return impl_->port;
}

std::string MockServer::base_url() const {
  const std::string& address = impl_->options.address;
  const bool v6 = address.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + address + "]" : address) + ":" + std::to_string(impl_->port) +
         "/v1";
}

BillSnapshot MockServer::bill() const {
  return impl_->shared ? impl_->shared->bill.snapshot() : BillSnapshot();
}

std::vector<RecordedRequest> MockServer::requests(std::size_t last) const {
  if (!impl_->shared) return {};
  return impl_->shared->log.last(last);
}

Result<void> MockServer::set_behaviour(std::string_view json) {
  if (impl_->shared) return impl_->shared->settings->update(json);
  return fail(ErrorKind::internal, ErrorSource::gateway, Retry::never, "the mock is not running");
}

void MockServer::reset() {
  if (impl_->shared) impl_->shared->reset();
}

}  // namespace steelyard::mock
