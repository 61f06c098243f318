#pragma once
// Sends, reads, times. One thread, one epoll.
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/common/histogram.h"
#include "tests/bench/load/checks.h"
#include "tests/bench/load/options.h"

namespace steelyard::bench {

struct LoadReport {
  std::uint64_t completed = 0;  // timed; warm-up is not
  std::uint64_t warmup = 0;
  std::int64_t elapsed_ns = 0;   // from the first timed send to the last answer
  std::uint64_t late_sends = 0;  // open loop: sent more than 1 ms after the intended time
  Histogram latency;             // open loop: from the intended time; else from the send
  std::uint64_t shed = 0;        // said no to, timed; not in `completed` nor in `latency`
  Histogram shed_latency;
  std::uint64_t any_events = 0;  // of streams that are not compared
  StreamTotals streams;
  std::string first_head;  // of the first answer: what the proxy adds
};

class LoadRunner {
 public:
  explicit LoadRunner(const LoadOptions& options);
  ~LoadRunner();
  LoadRunner(const LoadRunner&) = delete;
  LoadRunner& operator=(const LoadRunner&) = delete;

  // False: an answer was wrong, a connection broke, or the deadline passed; error() says which.
  bool run();
  const LoadReport& report() const { return report_; }
  const std::string& error() const { return error_; }

 private:
  struct Connection;

  bool open_all();
  bool step();
  void begin_timing(std::int64_t now);
  void start_ready(std::int64_t now);
  void start_open_loop(std::int64_t now);
  void start_streams(std::int64_t now);
  void schedule_next();
  bool may_start(std::int64_t now) const;
  void send(Connection& connection, std::int64_t intended);
  void number_request();
  void write_rest(Connection& connection);
  void readable(Connection& connection);
  void answered(Connection& connection, std::int64_t now);
  void fail(const Connection& connection, const std::string& why);
  std::int64_t wait_ns(std::int64_t now) const;
  bool finished(std::int64_t now) const;

  LoadOptions options_;
  std::string request_;
  std::size_t serial_at_;  // npos: requests are all the same
  std::string expected_;
  std::vector<char> scratch_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Connection*> idle_;
  int epoll_ = -1;
  std::int64_t started_ns_ = 0, timed_ns_ = 0, end_ns_ = 0;
  std::uint64_t begun_ = 0, under_way_ = 0, answers_ = 0;
  std::int64_t next_ns_ = 0;  // open loop: the next intended time
  std::uint64_t random_ = 0;
  std::string error_;
  LoadReport report_;
};

}  // namespace steelyard::bench
