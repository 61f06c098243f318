#include "gateway/admin/admin_listener.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "gateway/auth.h"
#include "gateway/net/buffer.h"
#include "gateway/net/head_writer.h"
#include "gateway/net/request_reader.h"
#include "gateway/net/task.h"
#include "gateway/telemetry/log.h"

namespace steelyard {
namespace {

constexpr std::size_t connections_max = 64;
constexpr std::size_t body_bytes_max = 64u << 10;

}  // namespace

// One thread for what takes long, started with the first of it.
class AdminListener::Helper {
 public:
  ~Helper() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      waiting_.clear();
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  // False: too much is waiting already.
  bool take(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= waiting_max) return false;
    waiting_.push_back(std::move(work));
    if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
    wake_.notify_all();
    return true;
  }

 private:
  static constexpr std::size_t waiting_max = 16;
  void loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      const std::function<void()> work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

class AdminListener::Connection {
 public:
  Connection(AdminListener& owner, std::unique_ptr<net::Connection> pipe)
      : owner_(owner), pipe_(std::move(pipe)) {}

  net::Detached run() {
    try {
      bool open = true;
      while (open) open = co_await serve_one();
    } catch (const std::exception& failure) {
      telemetry::log_error("an admin connection ended by an exception: {}", failure.what());
    }
    pipe_->close(net::IoError::closed);
    owner_.connections_.erase(self);  // destroys this
  }
  std::list<std::unique_ptr<Connection>>::iterator self;

 private:
  // False: close.
  net::Task<bool> serve_one() {
    reader_.reset();
    for (;;) {
      std::size_t size = in_.size();
      net::RequestEvent event =
          in_.data() == nullptr ? net::RequestEvent::need_more : reader_.advance(in_.data(), size);
      if (size < in_.size()) in_.truncate(size);
      if (event == net::RequestEvent::head) {
        event = reader_.accept(body_bytes_max);
        if (event != net::RequestEvent::refused) continue;
      }
      if (event == net::RequestEvent::refused) {
        AdminReply refusal;
        refusal.status = reader_.refusal().status;
        refusal.content_type = "text/plain";
        refusal.body = reader_.refusal().text;
        (void)co_await write(refusal);
        co_return false;
      }
      if (event == net::RequestEvent::request) break;
      in_.reserve(std::max<std::size_t>(4096, reader_.wanted()));
      if (in_.free_space().empty()) in_.reserve(in_.size() * 2);
      pipe_->start_read(in_.free_space(), slot_);
      const net::IoResult got = co_await slot_;
      if (!got.ok()) co_return false;
      in_.commit(got.bytes);
    }
    const net::RequestHead& head = reader_.head();
    const std::string_view key = presented_key(head.value(net::RequestField::authorization),
                                               head.value(net::RequestField::x_api_key));
    AdminReply reply = owner_.handler_(head.method, head.target(), key);
    if (reply.later) reply = co_await elsewhere(reply);
    const bool written = co_await write(reply);
    in_.consume(reader_.consumed());
    co_return written && !reader_.close_after();
  }

  struct Later {
    net::IoSlot slot;
    AdminReply reply;
  };
  // The answer that `asked` makes on the helper's thread.
  net::Task<AdminReply> elsewhere(const AdminReply& asked) {
    auto later = std::make_shared<Later>();
    later->slot.arm();
    net::EventLoop* const loop = owner_.loop_;
    auto work = [later, loop, make = asked.later] {
      later->reply = make();
      loop->post([later] { later->slot.complete({}); });
    };
    if (!owner_.helper_->take(std::move(work))) {
      later->reply.status = 503;
      later->reply.body = "{\"error\":{\"message\":\"too many reports are being made\"}}\n";
      later->slot.complete({});
    }
    (void)co_await later->slot;
    co_return std::move(later->reply);
  }

  net::Task<bool> write(const AdminReply& reply) {
    std::array<char, 2048> room;
    net::HeadWriter head(room);
    head.status_line(reply.status);
    head.append_field("content-type", reply.content_type);
    head.append_field("content-length", static_cast<std::uint64_t>(reply.body.size()));
    head.append_raw("cache-control: no-store\r\nx-content-type-options: nosniff\r\n");
    head.append_raw(reply.lines);
    if (reader_.close_after()) head.append_raw("connection: close\r\n");
    head.end_of_head();
    std::string all(head.view());
    all += reply.body;
    std::string_view left = all;
    while (!left.empty()) {
      const net::ConstBytes part(left);
      const net::IoResult wrote = pipe_->try_write(std::span<const net::ConstBytes>(&part, 1));
      if (!wrote.ok() && wrote.error != net::IoError::would_block) co_return false;
      left.remove_prefix(wrote.bytes);
      if (left.empty()) break;
      pipe_->start_wait_writable(slot_);
      const net::IoResult ready = co_await slot_;
      if (!ready.ok()) co_return false;
    }
    co_return true;
  }

  AdminListener& owner_;
  std::unique_ptr<net::Connection> pipe_;
  net::Buffer in_;
  net::IoSlot slot_;
  net::RequestReader reader_;
};

AdminListener::AdminListener(AdminHandler handler) : handler_(std::move(handler)) {}
AdminListener::~AdminListener() = default;

Result<std::unique_ptr<AdminListener>> AdminListener::open(net::EventLoop& loop,
                                                           const std::string& host,
                                                           std::uint16_t port,
                                                           AdminHandler handler) {
  std::unique_ptr<AdminListener> admin(new AdminListener(std::move(handler)));
  AdminListener* self = admin.get();
  admin->loop_ = &loop;
  admin->helper_ = std::make_unique<Helper>();
  auto on_accept = [self](std::unique_ptr<net::Connection> pipe) {
    if (self->connections_.size() >= connections_max) return;
    self->connections_.push_front(std::make_unique<Connection>(*self, std::move(pipe)));
    Connection& connection = *self->connections_.front();
    connection.self = self->connections_.begin();
    connection.run();
  };
  auto listener = net::Listener::open(loop, host, port, nullptr, std::move(on_accept));
  if (!listener) return fail(listener.error());
  admin->listener_ = std::move(*listener);
  return admin;
}

}  // namespace steelyard
