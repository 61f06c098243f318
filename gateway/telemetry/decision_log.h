#pragma once
// The decision log: lines from the workers to one file. Each worker owns a ring of bytes (one
// producer, one consumer); one thread empties all rings with batched writes. A worker never waits
// and makes no system call while the writer is awake: when its ring is full the line is dropped and
// counted (the ledger's journal, not this, is the truth of money).
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/result.h"

namespace steelyard::telemetry {

class LineRing;
class LogWriter;

struct DecisionLogOptions {
  std::string path;  // "-": standard output; "": off; else appended to, created 0640
  std::size_t workers = 1;
  std::size_t ring_bytes = 4u << 20;  // per worker, a power of two: about 2,500 lines of 1.6 kB
};

class DecisionLog {
 public:
  // Opens the file and starts the writer. Errors: storage, naming path and reason.
  static Result<std::unique_ptr<DecisionLog>> open(const DecisionLogOptions& options);
  ~DecisionLog();  // writes what is queued (for at most two seconds if the file refuses), then ends
                   // the thread
  DecisionLog(const DecisionLog&) = delete;
  DecisionLog& operator=(const DecisionLog&) = delete;

  // From the thread of `worker` only. `line` is one whole line, LF included. False: dropped (or the
  // log is off).
  bool append(std::size_t worker, std::string_view line);
  bool enabled() const { return enabled_; }

  // Opens the path again (after a rename by logrotate); lines queued before go to the old file.
  // From any thread; done by the writer soon after. If the new file cannot be opened, the old one
  // stays and write_errors() counts it.
  void reopen();
  // Waits until all that was appended before the call is written; false after `timeout_ms`. Any
  // thread but a worker's.
  bool flush(int timeout_ms);

  // What LogWriter::recent() says; "" when the log is off.
  std::string recent() const;
  std::uint64_t dropped() const;  // lines, steelyard_log_dropped_total
  std::uint64_t written() const;  // lines
  std::uint64_t write_errors() const;

 private:
  DecisionLog();
  bool enabled_ = false;
  std::vector<std::unique_ptr<LineRing>> rings_;
  std::unique_ptr<LogWriter> writer_;
};

}  // namespace steelyard::telemetry
