#include "tests/bench/upstream/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "tests/bench/common/answers.h"
#include "tests/bench/common/monotonic.h"

namespace steelyard::bench {
namespace {

constexpr std::size_t read_bytes = 256u << 10;
constexpr std::size_t backlog_bytes_max = 16u << 20;  // unread by a peer: then it is dropped
constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    "x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n";
constexpr std::string_view refusal =
    "HTTP/1.1 411 Length Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

}  // namespace

struct UpstreamServer::Connection {
  int fd = -1;
  std::string in;   // received, not yet served
  std::string out;  // not yet taken by the socket
  bool watching_writable = false;
  bool streaming = false;
  bool whole_later = false;      // "streaming" is waiting for the time of a whole answer
  std::uint64_t generation = 0;  // counts streams, and the death of the connection
  StreamScript script{0, false};
  std::uint32_t next = 0;
  std::int64_t pace_ns = 0, due_ns = 0;
};

UpstreamServer::UpstreamServer(int listener, const UpstreamOptions& options)
    : listener_(listener),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      options_(options),
      scratch_(read_bytes) {
  const std::string body = completion(options.answer_bytes);
  whole_answer_ =
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\n"
      "content-length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
}

UpstreamServer::~UpstreamServer() {
  for (const auto& connection : all_)
    if (connection->fd >= 0) close(connection->fd);
  close(epoll_);
  close(listener_);
}

void UpstreamServer::run(const volatile bool& stop) {
  std::vector<epoll_event> events(256);
  while (!stop) {
    const int count = wait_for_events(events.data(), static_cast<int>(events.size()));
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
      if (connection == nullptr) {
        accept_all();
        continue;
      }
      if (connection->fd >= 0 && (what & EPOLLOUT) != 0) flush(*connection);
      if (connection->fd >= 0 && (what & ~std::uint32_t{EPOLLOUT}) != 0) readable(*connection);
    }
    if (!due_.empty()) send_due();
    bury();
  }
}

int UpstreamServer::wait_for_events(epoll_event* events, int count) const {
  if (due_.empty()) return epoll_wait(epoll_, events, count, -1);
  const std::int64_t left = std::max<std::int64_t>(0, due_.front().at_ns - now_ns());
  const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
  return epoll_pwait2(epoll_, events, count, &timeout, nullptr);
}

void UpstreamServer::accept_all() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (free_.empty()) free_.push_back(all_.emplace_back(std::make_unique<Connection>()).get());
    Connection& connection = *free_.back();
    free_.pop_back();
    connection.fd = fd;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
}

// Nearly every request arrives in one piece and is served from the shared scratch.
void UpstreamServer::readable(Connection& connection) {
  const ssize_t got = recv(connection.fd, scratch_.data(), scratch_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return drop(connection);
  const std::string_view bytes(scratch_.data(), static_cast<std::size_t>(got));
  if (!connection.in.empty() || connection.streaming) {
    connection.in += bytes;
    if (!connection.streaming) serve_kept(connection);
    return;
  }
  connection.in = bytes.substr(serve(connection, bytes));
}

void UpstreamServer::serve_kept(Connection& connection) {
  const std::string kept = std::exchange(connection.in, {});
  connection.in = kept.substr(serve(connection, kept));
}

// Returns how many bytes were whole requests.
std::size_t UpstreamServer::serve(Connection& connection, std::string_view bytes) {
  std::size_t served = 0;
  while (connection.fd >= 0 && !connection.streaming && served < bytes.size()) {
    const Request request = read_request(bytes.substr(served));
    if (request.state == Completeness::partial) break;
    if (request.state == Completeness::refused) {
      write(connection, refusal);
      drop(connection);
      break;
    }
    served += request.bytes;
    answer(connection, request.body);
  }
  return served;
}

void UpstreamServer::answer(Connection& connection, std::string_view body) {
  const StreamWish wish = read_wish(body, options_.stream);
  if (!wish.stream && wish.delay_ns > 0) return answer_later(connection, wish.delay_ns);
  if (!wish.stream) return write(connection, whole_answer_);
  start_stream(connection, wish);
}

void UpstreamServer::answer_later(Connection& connection, std::int64_t delay_ns) {
  connection.streaming = connection.whole_later = true;
  ++connection.generation;
  due_.push_back({now_ns() + delay_ns, &connection, connection.generation});
  std::push_heap(due_.begin(), due_.end(), std::greater<>());
}

void UpstreamServer::start_stream(Connection& connection, const StreamWish& wish) {
  connection.streaming = true;
  ++connection.generation;
  connection.script = StreamScript(wish.contents, wish.include_usage);
  connection.next = 0;
  connection.pace_ns = wish.pace_ns;
  connection.due_ns = now_ns();
  write(connection, stream_head);
  due_.push_back({connection.due_ns, &connection, connection.generation});
  std::push_heap(due_.begin(), due_.end(), std::greater<>());
}

void UpstreamServer::send_due() {
  const std::int64_t now = now_ns();
  // Bounded, so that a stream without pace cannot keep others from being read.
  for (int round = 0; round < 1024 && !due_.empty() && due_.front().at_ns <= now; ++round) {
    std::pop_heap(due_.begin(), due_.end(), std::greater<>());
    const Due due = due_.back();
    due_.pop_back();
    Connection& connection = *due.connection;
    if (connection.generation != due.generation || connection.fd < 0) continue;
    if (connection.whole_later) {
      connection.whole_later = connection.streaming = false;
      write(connection, whole_answer_);
      if (connection.fd >= 0 && !connection.in.empty()) serve_kept(connection);
      continue;
    }
    send_event(connection);
    if (connection.fd < 0 || !connection.streaming) continue;
    connection.due_ns += connection.pace_ns;
    due_.push_back({connection.due_ns, &connection, connection.generation});
    std::push_heap(due_.begin(), due_.end(), std::greater<>());
  }
}

// One event, one chunk, one write; the last one brings the end of the body along.
void UpstreamServer::send_event(Connection& connection) {
  char text[StreamScript::event_bytes_max];
  const std::size_t size = connection.script.write(connection.next, now_ns(), text);
  const bool last = connection.script.is_done(connection.next);
  char chunk[StreamScript::event_bytes_max + 32];
  char* at = std::to_chars(chunk, chunk + 16, size, 16).ptr;
  const auto put = [&](std::string_view bytes) { at = std::copy(bytes.begin(), bytes.end(), at); };
  put("\r\n");
  put({text, size});
  put(last ? "\r\n0\r\n\r\n" : "\r\n");
  ++connection.next;
  write(connection, {chunk, static_cast<std::size_t>(at - chunk)});
  if (!last || connection.fd < 0) return;
  connection.streaming = false;
  if (!connection.in.empty()) serve_kept(connection);
}

void UpstreamServer::write(Connection& connection, std::string_view bytes) {
  if (connection.fd < 0) return;
  std::size_t taken = 0;
  if (connection.out.empty()) {
    const ssize_t sent = send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return drop(connection);
    taken = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  }
  if (taken == bytes.size()) return;
  connection.out.append(bytes.substr(taken));
  if (connection.out.size() > backlog_bytes_max) return drop(connection);
  watch_writable(connection, true);
}

void UpstreamServer::flush(Connection& connection) {
  const ssize_t sent =
      send(connection.fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR ? void() : drop(connection);
  connection.out.erase(0, static_cast<std::size_t>(sent));
  if (connection.out.empty()) watch_writable(connection, false);
}

void UpstreamServer::watch_writable(Connection& connection, bool on) {
  if (connection.watching_writable == on) return;
  connection.watching_writable = on;
  epoll_event event{};
  event.events = EPOLLIN | (on ? EPOLLOUT : 0u);
  event.data.ptr = &connection;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void UpstreamServer::drop(Connection& connection) {
  if (connection.fd < 0) return;
  close(connection.fd);
  connection.fd = -1;
  ++connection.generation;
  dead_.push_back(&connection);
}

void UpstreamServer::bury() {
  for (Connection* connection : dead_) {
    const std::uint64_t generation = connection->generation;
    *connection = Connection();
    connection->generation = generation;
    free_.push_back(connection);
  }
  dead_.clear();
}

}  // namespace steelyard::bench
