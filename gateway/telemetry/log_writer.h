#pragma once
// The thread behind the decision log.
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "gateway/telemetry/line_ring.h"
#include "gateway/telemetry/log_file.h"

namespace steelyard::telemetry {

using LineRings = std::span<const std::unique_ptr<LineRing>>;

class LogWriter {
 public:
  // `rings` outlive the writer.
  LogWriter(std::string path, LineRings rings);
  ~LogWriter();  // stops
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  Result<void> start();
  // Writes what is left, for at most two seconds if the file refuses, and ends the thread.
  void stop();

  // Producers, after a push: wakes the thread if it sleeps. In the steady state one load. A call
  // that crosses with its falling asleep may be missed: it looks again within 100 ms.
  void notify() {
    if (asleep_.load(std::memory_order_relaxed)) [[unlikely]]
      wake();
  }
  void request_reopen();

  // The last lines of the log, some tens of kilobytes, oldest first; the first may have lost its
  // beginning. Read from the log itself where it is a file. Any thread; may wait for the disk.
  std::string recent() const;
  std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  std::uint64_t errors() const { return errors_.load(std::memory_order_relaxed); }
  std::uint64_t torn() const { return torn_.load(std::memory_order_relaxed); }

 private:
  enum class Drained { nothing, some, refused };
  void run();
  Drained drain();
  bool write_out(LineRing& ring);
  void keep(std::string_view taken);
  void reopen();
  void sleep_until_notified();
  bool all_empty() const;
  void wake();

  std::string path_;
  LineRings rings_;
  LogFile file_;
  std::thread thread_;
  int event_ = -1;  // eventfd
  std::size_t current_ =
      0;  // the ring being written: a line begun must be finished before another ring's turn
  bool mid_line_ = false;
  mutable std::mutex recent_mutex_;
  std::string recent_;  // of a pipe or a terminal; at most twice what is kept
  std::atomic<bool> asleep_{false}, stop_{false}, reopen_{false};
  std::atomic<std::uint64_t> written_{0}, errors_{0}, torn_{0};
};

}  // namespace steelyard::telemetry
