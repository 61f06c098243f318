#pragma once
// The admin listener's HTTP: small requests, one answer each, its own strict reader. What is served
// is decided by admin_pages.h.
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/net/head_reader.h"
#include "gateway/net/tcp.h"

namespace steelyard {

struct AdminReply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
};

// `key` is what was presented as a bearer token; "" none.
using AdminHandler =
    std::function<AdminReply(net::Method method, std::string_view target, std::string_view key)>;

class AdminListener {
 public:
  static Result<std::unique_ptr<AdminListener>> open(net::EventLoop& loop, const std::string& host,
                                                     std::uint16_t port, AdminHandler handler);
  ~AdminListener();
  std::uint16_t port() const { return listener_->port(); }

 private:
  class Connection;
  explicit AdminListener(AdminHandler handler);
  AdminHandler handler_;
  std::list<std::unique_ptr<Connection>> connections_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace steelyard
