#include "tests/bench/load/runner.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/bench/common/loopback.h"
#include "tests/bench/common/monotonic.h"

namespace steelyard::bench {
namespace {

constexpr std::size_t read_bytes = 256u << 10;
constexpr std::int64_t late_ns = 1'000'000;
constexpr std::string_view serial = "SERIAL00";
constexpr std::size_t serial_bytes = serial.size();

std::string completion_or_nothing(std::size_t bytes) {
  return bytes == 0 ? std::string() : completion(bytes);
}

}  // namespace

bool says_no(int status) {
  return status == 429 || status == 503 || status == 529;
}

// Whom a body is for: that of a refusal is compared with nothing.
class Bodies final : public BodySink {
 public:
  Bodies(BodySink& wanted, bool sheds) : wanted_(wanted), sheds_(sheds) {}
  void read_by(const ResponseReader& reader) { reader_ = &reader; }
  bool body(std::string_view piece) override { return of_answer().body(piece); }
  bool end() override { return of_answer().end(); }

 private:
  BodySink& of_answer() { return sheds_ && says_no(reader_->status()) ? refusal_ : wanted_; }
  BodySink& wanted_;
  AnyBody refusal_;
  const ResponseReader* reader_ = nullptr;
  bool sheds_;
};

struct LoadRunner::Connection {
  Connection(int descriptor, std::string_view expected, const StreamScript& script,
             const LoadOptions& options, StreamTotals& totals)
      : fd(descriptor),
        answer(expected),
        stream(script, options.held_back_ns, totals),
        bodies(options.any_events ? any
               : options.stream   ? static_cast<BodySink&>(stream)
                                  : answer,
               options.sheds),
        reader(bodies) {
    bodies.read_by(reader);
  }
  int fd;
  AnswerCheck answer;
  StreamCheck stream;
  AnyBody any;
  Bodies bodies;
  ResponseReader reader;
  std::size_t unsent = 0;  // of the request
  std::int64_t intended_ns = 0;
  bool busy = false, timed = false;
};

LoadRunner::LoadRunner(const LoadOptions& options)
    : options_(options),
      request_(request_text(options)),
      serial_at_(request_.find(serial)),
      expected_(completion_or_nothing(options.answer_bytes)),
      scratch_(read_bytes),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      random_(options.seed * 0x9e3779b97f4a7c15u + 1) {}

LoadRunner::~LoadRunner() {
  for (const auto& connection : connections_) close(connection->fd);
  close(epoll_);
}

bool LoadRunner::run() {
  if (!open_all()) return false;
  started_ns_ = now_ns();
  if (options_.warmup == 0) begin_timing(started_ns_);
  while (step()) {
  }
  report_.elapsed_ns = now_ns() - timed_ns_;
  for (const auto& connection : connections_) report_.any_events += connection->any.events();
  return error_.empty();
}

bool LoadRunner::open_all() {
  const bool asks_usage = request_.find("\"include_usage\"") != request_.npos;
  const StreamScript script(options_.frames, asks_usage);
  for (int i = 0; i < options_.connections; ++i) {
    const int fd = connect_to(options_.target);
    if (fd < 0) {
      error_ = std::string("connect: ") + strerror(errno);
      return false;
    }
    connections_.push_back(
        std::make_unique<Connection>(fd, expected_, script, options_, report_.streams));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connections_.back().get();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    idle_.push_back(connections_.back().get());
  }
  return true;
}

void LoadRunner::begin_timing(std::int64_t now) {
  timed_ns_ = now;
  next_ns_ = now;
  end_ns_ = options_.seconds > 0 ? now + static_cast<std::int64_t>(options_.seconds * 1e9) : 0;
}

bool LoadRunner::step() {
  const std::int64_t now = now_ns();
  if (now - started_ns_ > options_.deadline_ns) error_ = "the deadline passed";
  if (!error_.empty() || finished(now)) return false;
  start_ready(now);
  std::array<epoll_event, 256> events;
  const std::int64_t wait = wait_ns(now_ns());
  const timespec timeout{wait / 1'000'000'000, wait % 1'000'000'000};
  const int count = epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
  for (int i = 0; i < count && error_.empty(); ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    Connection& connection = *static_cast<Connection*>(event.data.ptr);
    if ((event.events & EPOLLOUT) != 0) write_rest(connection);
    if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0) readable(connection);
  }
  return true;
}

bool LoadRunner::finished(std::int64_t now) const {
  return under_way_ == 0 && timed_ns_ != 0 && !may_start(now);
}

bool LoadRunner::may_start(std::int64_t now) const {
  if (timed_ns_ == 0) return begun_ < options_.warmup;
  if (options_.requests != 0 && begun_ >= options_.warmup + options_.requests) return false;
  if (options_.rate > 0) return next_ns_ < end_ns_;
  return end_ns_ == 0 || now < end_ns_;
}

void LoadRunner::start_ready(std::int64_t now) {
  const bool timed = timed_ns_ != 0;
  if (timed && options_.rate > 0) return start_open_loop(now);
  if (timed && options_.ramp_ns > 0) return start_streams(now);
  while (!idle_.empty() && may_start(now) && error_.empty()) {
    Connection& connection = *idle_.front();
    idle_.pop_front();
    send(connection, now_ns());
  }
}

// Requests are due whether or not the proxy keeps up: a stall is seen by all that were due in it.
void LoadRunner::start_open_loop(std::int64_t now) {
  while (!idle_.empty() && next_ns_ <= now && may_start(now) && error_.empty()) {
    Connection& connection = *idle_.front();
    idle_.pop_front();
    if (now_ns() - next_ns_ > late_ns) ++report_.late_sends;
    send(connection, next_ns_);
    schedule_next();
  }
}

// Poisson arrivals: independent users. xorshift64*.
void LoadRunner::schedule_next() {
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  const double unit = static_cast<double>((random_ * 0x2545f4914f6cdd1du) >> 11) * 0x1p-53;
  next_ns_ += static_cast<std::int64_t>(-std::log1p(-unit) * 1e9 / options_.rate);
}

void LoadRunner::start_streams(std::int64_t now) {
  const std::int64_t spacing = options_.ramp_ns / options_.connections;
  while (!idle_.empty() && next_ns_ <= now && may_start(now) && error_.empty()) {
    Connection& connection = *idle_.front();
    idle_.pop_front();
    next_ns_ = begun_ < static_cast<std::uint64_t>(options_.connections) ? next_ns_ + spacing : 0;
    send(connection, now_ns());
  }
}

std::int64_t LoadRunner::wait_ns(std::int64_t now) const {
  constexpr std::int64_t tick = 50'000'000;
  const bool scheduled = timed_ns_ != 0 && (options_.rate > 0 || options_.ramp_ns > 0);
  if (!scheduled || idle_.empty() || !may_start(now)) return tick;
  return std::clamp<std::int64_t>(next_ns_ - now, 0, tick);
}

void LoadRunner::send(Connection& connection, std::int64_t intended) {
  connection.intended_ns = intended;
  connection.timed = timed_ns_ != 0;
  connection.busy = true;
  connection.unsent = request_.size();
  connection.reader.next();
  connection.stream.start(intended);
  if (serial_at_ != request_.npos) number_request();
  ++begun_;
  ++under_way_;
  write_rest(connection);
}

// Another text in each request, of the same length. A request that is half sent when the next
// begins is sent with two numbers: bodies that do not fit a socket need one connection.
void LoadRunner::number_request() {
  std::uint64_t left = begun_ + options_.seed * 1'000'003;
  for (std::size_t i = serial_bytes; i-- > 0; left /= 10)
    request_[serial_at_ + i] = static_cast<char>('0' + left % 10);
}

void LoadRunner::write_rest(Connection& connection) {
  const bool was_waiting = connection.unsent != request_.size();
  const char* from = request_.data() + (request_.size() - connection.unsent);
  const ssize_t sent = ::send(connection.fd, from, connection.unsent, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return fail(connection, strerror(errno));
  connection.unsent -= static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  if (connection.unsent == 0 && !was_waiting) return;
  epoll_event event{};
  event.events = EPOLLIN | (connection.unsent != 0 ? EPOLLOUT : 0u);
  event.data.ptr = &connection;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void LoadRunner::readable(Connection& connection) {
  const ssize_t got = recv(connection.fd, scratch_.data(), scratch_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return fail(connection, got == 0 ? "closed by the proxy" : strerror(errno));
  if (!connection.busy) return fail(connection, "bytes that nobody asked for");
  const std::int64_t now = now_ns();
  const std::string_view bytes(scratch_.data(), static_cast<std::size_t>(got));
  connection.stream.arrived(now);
  const std::size_t used = connection.reader.feed(bytes);
  const ResponseReader& reader = connection.reader;
  const bool shed = options_.sheds && says_no(reader.status());
  if (reader.status() != 200 && !shed && reader.state() != ResponseReader::State::head)
    return fail(connection, "status " + std::to_string(reader.status()) + " and " +
                                std::string(bytes.substr(0, 1000)));
  if (reader.state() == ResponseReader::State::failed)
    return fail(connection, std::string(reader.why()) + ", after " + std::to_string(answers_) +
                                " answers: " + std::string(bytes.substr(0, 1000)));
  if (reader.state() != ResponseReader::State::done) return;
  if (used != bytes.size()) return fail(connection, "bytes after the end of the answer");
  if (reader.close_after()) return fail(connection, "the proxy wants to close");
  answered(connection, now);
}

void LoadRunner::answered(Connection& connection, std::int64_t now) {
  connection.busy = false;
  --under_way_;
  ++answers_;
  if (report_.first_head.empty()) report_.first_head = connection.reader.head();
  if (connection.timed && connection.reader.status() != 200) {
    ++report_.shed;
    report_.shed_latency.add(now - connection.intended_ns);
  } else if (connection.timed) {
    ++report_.completed;
    report_.latency.add(now - connection.intended_ns);
  } else {
    ++report_.warmup;
  }
  // The last used first: as a client's pool does, and what is warm stays warm.
  idle_.push_front(&connection);
  if (timed_ns_ == 0 && answers_ >= options_.warmup && under_way_ == 0) begin_timing(now);
}

void LoadRunner::fail(const Connection& connection, const std::string& why) {
  if (!error_.empty()) return;
  const char* when = connection.busy ? " (waiting for an answer)" : " (idle)";
  error_ = why + when + ", after " + std::to_string(answers_) + " answers";
}

}  // namespace steelyard::bench
