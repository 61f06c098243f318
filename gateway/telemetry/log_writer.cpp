#include "gateway/telemetry/log_writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

namespace steelyard::telemetry {
namespace {

using std::chrono::milliseconds;
// Between two rounds while lines come: many lines, one write, and what waits stays in the cache.
constexpr milliseconds kBatch{2};
constexpr int kIdleRounds = 100;  // then sleep until a producer calls
constexpr milliseconds kRefusedPause{50};
constexpr milliseconds kStopPatience{2000};
constexpr std::size_t kRecent = 64u << 10;  // bytes of the log that are remembered
constexpr int kSleepMax = 100;  // ms that a line may wait whose producer saw us awake still

void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace

LogWriter::LogWriter(std::string path, LineRings rings) : path_(std::move(path)), rings_(rings) {}

LogWriter::~LogWriter() {
  stop();
  if (event_ >= 0) ::close(event_);
}

Result<void> LogWriter::start() {
  Result<void> opened = file_.open(path_);
  if (!opened) return opened;
  event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_ < 0) {
    return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never, "no eventfd for the log");
  }
  // Signals belong to the main thread: the new thread inherits an all-blocking mask.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread(&LogWriter::run, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return {};
}

void LogWriter::stop() {
  if (!thread_.joinable()) return;
  stop_.store(true);
  wake();
  thread_.join();
}

void LogWriter::request_reopen() {
  reopen_.store(true);
  wake();
}

void LogWriter::wake() {
  asleep_.store(false);
  const std::uint64_t one = 1;
  (void)!::write(event_, &one, sizeof one);
}

bool LogWriter::all_empty() const {
  return std::all_of(rings_.begin(), rings_.end(),
                     [](const auto& ring) { return ring->peek().size() == 0; });
}

void LogWriter::run() {
  int idle = 0;
  int refusals_left = static_cast<int>(kStopPatience / kRefusedPause);
  for (;;) {
    const bool stopping = stop_.load();  // flags are read before draining: what was pushed
                                         // before the call is written before it takes effect
    const bool reopening = reopen_.load();
    const Drained drained = drain();
    if (reopening) {
      reopen();
      continue;
    }
    if (drained == Drained::refused) {
      if (stopping && --refusals_left <= 0) return;
      std::this_thread::sleep_for(kRefusedPause);
      continue;
    }
    if (stopping) return;
    idle = drained == Drained::some ? 0 : std::min(idle + 1, kIdleRounds);
    if (idle < kIdleRounds) {
      std::this_thread::sleep_for(kBatch);
    } else {
      sleep_until_notified();
    }
  }
}

void LogWriter::sleep_until_notified() {
  asleep_.store(true, std::memory_order_seq_cst);
  if (all_empty() && !stop_.load() && !reopen_.load()) {
    pollfd wanted{event_, POLLIN, 0};
    (void)::poll(&wanted, 1, kSleepMax);
  }
  asleep_.store(false, std::memory_order_seq_cst);
  std::uint64_t count = 0;
  (void)!::read(event_, &count, sizeof count);
}

LogWriter::Drained LogWriter::drain() {
  Drained result = Drained::nothing;
  for (std::size_t turn = 0; turn < rings_.size(); ++turn) {
    LineRing& ring = *rings_[current_];
    if (ring.peek().size() != 0) {
      if (!write_out(ring)) return Drained::refused;
      result = Drained::some;
    }
    current_ = (current_ + 1) % rings_.size();
  }
  return result;
}

void LogWriter::keep(std::string_view taken) {
  if (taken.size() > kRecent) taken.remove_prefix(taken.size() - kRecent);
  const std::lock_guard lock(recent_mutex_);
  if (recent_.size() + taken.size() > 2 * kRecent)
    recent_.erase(0, recent_.size() - std::min(recent_.size(), kRecent));
  recent_ += taken;
}

std::string LogWriter::recent() const {
  if (path_ != "-")
    if (std::optional<std::string> tail = tail_of(path_, kRecent)) return *std::move(tail);
  const std::lock_guard lock(recent_mutex_);
  return recent_;
}

// All that the ring held when called. False: the file refuses, and the ring keeps what was not
// taken.
bool LogWriter::write_out(LineRing& ring) {
  LineRing::Chunk chunk = ring.peek();
  const std::uint64_t lines = ring.lines();
  while (chunk.size() != 0) {
    const std::ptrdiff_t count = file_.write(chunk.first, chunk.second);
    if (count < 0) {
      if (errno != EAGAIN) add(errors_, 1);
      if (errno == EAGAIN) file_.wait_writable(static_cast<int>(kRefusedPause.count()));
      return false;
    }
    const auto taken = static_cast<std::size_t>(count);
    const std::size_t from_first = std::min(taken, chunk.first.size());
    const std::string_view a = chunk.first.substr(0, from_first),
                           b = chunk.second.substr(0, taken - from_first);
    if (!file_.is_regular()) {
      keep(a);
      keep(b);
    }
    if (taken != 0) mid_line_ = (b.empty() ? a : b).back() != '\n';
    chunk.first.remove_prefix(from_first);
    chunk.second.remove_prefix(taken - from_first);
    if (chunk.first.empty()) std::swap(chunk.first, chunk.second);
    ring.consume(taken);
  }
  add(written_, ring.count_to(lines));
  return true;
}

// A line that the old file took half of is lost: its rest would be nonsense at the head of the new
// file.
void LogWriter::reopen() {
  reopen_.store(false);
  if (file_.is_standard_output()) return;
  if (!file_.open(path_)) return add(errors_, 1);
  if (!std::exchange(mid_line_, false)) return;
  LineRing& ring = *rings_[current_];
  const LineRing::Chunk chunk = ring.peek();
  const std::size_t in_first = chunk.first.find('\n');
  ring.consume(in_first != chunk.first.npos ? in_first + 1
                                            : chunk.first.size() + chunk.second.find('\n') + 1);
  ring.forget_line();
  add(torn_, 1);
}

}  // namespace steelyard::telemetry
