#pragma once
// One thread, one epoll: answers whole requests at once and streams at their deadlines.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/upstream/request.h"

struct epoll_event;

namespace steelyard::bench {

struct UpstreamOptions {
  std::size_t answer_bytes = 1100;
  StreamWish stream;  // for streaming requests that do not say
};

class UpstreamServer {
 public:
  UpstreamServer(int listener, const UpstreamOptions& options);
  ~UpstreamServer();
  UpstreamServer(const UpstreamServer&) = delete;
  UpstreamServer& operator=(const UpstreamServer&) = delete;

  void run(const volatile bool& stop);  // until `stop`, set by a signal handler

 private:
  struct Connection;
  struct Due {  // a stream's next event; stale when the connection has another generation
    std::int64_t at_ns;
    Connection* connection;
    std::uint64_t generation;
    bool operator>(const Due& other) const { return at_ns > other.at_ns; }
  };

  void accept_all();
  void readable(Connection& connection);
  void answer_later(Connection& connection, std::int64_t delay_ns);
  void serve_kept(Connection& connection);
  std::size_t serve(Connection& connection, std::string_view bytes);
  void answer(Connection& connection, std::string_view body);
  void start_stream(Connection& connection, const StreamWish& wish);
  void send_due();
  void send_event(Connection& connection);
  void write(Connection& connection, std::string_view bytes);
  void flush(Connection& connection);
  void watch_writable(Connection& connection, bool on);
  void drop(Connection& connection);
  void bury();
  int wait_for_events(::epoll_event* events, int count) const;

  int listener_, epoll_;
  UpstreamOptions options_;
  std::vector<char> scratch_;
  std::string whole_answer_;  // head and body
  std::vector<Due> due_;      // heap
  // Connections are re-used, never freed: a stale deadline may still point at one.
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<Connection*> free_;
  std::vector<Connection*> dead_;  // free when the events of this round are over
};

}  // namespace steelyard::bench
