// Bytes in, bytes out, time: the part of a connection that knows no HTTP answer.
#include <boost/asio/buffer.hpp>
#include <cerrno>

#include "gateway/mock/connection.h"

namespace steelyard::mock {
namespace {

constexpr std::size_t kPipelineMax = 1u << 20;  // unread bytes behind the request being answered
constexpr std::size_t kFlushAt = 256u << 10;  // answers to pipelined requests gathered in one write
constexpr std::size_t kOutKept = 64u << 10;   // a larger output buffer is given back when idle
constexpr auto kLinger = std::chrono::seconds(1);
using Error = boost::system::error_code;

}  // namespace

Connection::Connection(Worker& worker, Socket socket)
    : worker_(worker), socket_(std::move(socket)), timer_(worker.io()) {
  Error ignored;
  socket_.set_option(Tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
}

void Connection::read_more() {
  if (reading_ || closed_) return;
  if (phase_ != Phase::idle && input_.size() > kPipelineMax) return;
  input_.make_room(phase_ == Phase::idle ? reader_.wanted() : 0);
  reading_ = true;
  socket_.async_read_some(asio::buffer(input_.free_begin(), input_.free_size()),
                          [self = shared_from_this()](const Error& error, std::size_t count) {
                            self->reading_ = false;
                            if (self->closed_) return;
                            if (error) return self->peer_gone(error != asio::error::eof);
                            self->on_read(count);
                          });
}

void Connection::on_read(std::size_t count) {
  input_.commit(count);
  if (phase_ == Phase::closing) input_.consume(input_.size());
  if (phase_ == Phase::idle) return process();
  read_more();
}

// A client that half-closes while an answer is being made is taken as gone, as proxies and
// providers do.
void Connection::peer_gone(bool reset) {
  if (phase_ == Phase::draining && !reset) {
    close_after_ = true;
    return;  // on_writable ends it
  }
  bill(End::aborted);
  close_now();
}

// Takes one complete request from the input and dispatches it. False: there is none.
bool Connection::take_request() {
  if (input_.size() == 0) return false;
  const auto status = reader_.feed(input_.data(), input_.size());
  if (status == RequestReader::Status::more) {
    if (reader_.take_expectation()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    return false;
  }
  if (status == RequestReader::Status::bad) {
    close_after_ = true;
    simple_reply({}, reader_.error_status(), {});
    input_.consume(input_.size());
    reader_.reset();
    return false;
  }
  dispatch(reader_.view(input_.data()));
  input_.consume(reader_.consumed());
  reader_.reset();
  return true;
}

void Connection::process() {
  in_process_ = true;
  while (phase_ == Phase::idle && !closed_ && !close_after_ && take_request()) {
    if (out_.size() - sent_ > kFlushAt && phase_ == Phase::idle && !flush()) {
      phase_ = Phase::draining;
    }
  }
  in_process_ = false;
  if (closed_) return;
  if (phase_ == Phase::idle && !flush() && !closed_) phase_ = Phase::draining;
  if (closed_) return;
  if (phase_ == Phase::idle && close_after_) close_gracefully();
  read_more();
}

bool Connection::flush() {
  if (closed_ || write_wait_) return false;
  while (sent_ + held_ < out_.size()) {
    const std::size_t size = out_.size() - held_ - sent_;
    const ssize_t count =
        ::send(socket_.native_handle(), out_.data() + sent_, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent_ += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      bill(End::aborted);
      close_now();
      return false;
    }
    write_wait_ = true;
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const Error& error) {
      self->write_wait_ = false;
      if (!error && !self->closed_) self->on_writable();
    });
    return false;
  }
  if (held_ != 0) return true;
  sent_ = 0;
  out_.clear();
  if (out_.capacity() > kOutKept && phase_ != Phase::streaming) std::string().swap(out_);
  return true;
}

void Connection::on_writable() {
  if (!flush()) return;
  if (phase_ == Phase::streaming) return stream();
  if (phase_ == Phase::draining) answer_complete();
}

void Connection::arm(SteadyClock::time_point due, Step step) {
  step_ = step;
  timer_.expires_at(due);
  timer_.async_wait([self = shared_from_this(), number = ++armed_](const Error& error) {
    if (error || self->closed_ || number != self->armed_) return;
    Connection& connection = *self;
    (connection.*connection.step_)();
  });
}

void Connection::finish() {
  held_ = 0;
  phase_ = Phase::draining;
  if (flush()) answer_complete();
}

void Connection::answer_complete() {
  if (close_after_) return close_gracefully();
  phase_ = Phase::idle;
  if (!in_process_) process();
}

// Sends the end of stream and waits a moment for the client's, so that nothing sent is lost to a
// reset.
void Connection::close_gracefully() {
  if (phase_ == Phase::closing || closed_) return;
  phase_ = Phase::closing;
  Error ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  input_.consume(input_.size());
  arm(SteadyClock::now() + kLinger, &Connection::close_now);
  read_more();
}

void Connection::close_now() {
  if (closed_) return;
  closed_ = true;
  Error ignored;
  timer_.cancel();
  socket_.close(ignored);
  worker_.forget(this);
}

void Connection::reset_now() {
  Error ignored;
  socket_.set_option(Socket::linger(true, 0), ignored);
  close_now();
}

void Connection::shutdown() {
  const auto keep = shared_from_this();
  bill(End::cut);
  close_now();
}

}  // namespace steelyard::mock
