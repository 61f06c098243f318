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
  std::string lines;  // more of the head, each with CRLF
  // Set: the answer is made by this, on a thread of the listener's own, where it may take its time;
  // the rest of this value is not looked at. It may not touch what belongs to the loop's thread.
  std::function<AdminReply()> later;
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
  class Helper;
  explicit AdminListener(AdminHandler handler);
  AdminHandler handler_;
  net::EventLoop* loop_ = nullptr;
  std::list<std::unique_ptr<Connection>> connections_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<Helper> helper_;  // last: what it still does may post to the loop
};

}  // namespace steelyard
