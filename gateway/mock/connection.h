#pragma once
// One client connection: reads requests, answers them in order, waits and breaks off as the
// behaviour says. A read is always pending, so a client that leaves is noticed at once. Internal to
// gateway/mock.
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/mock/chat_job.h"
#include "gateway/mock/embeddings.h"
#include "gateway/mock/input_buffer.h"
#include "gateway/mock/request_reader.h"
#include "gateway/mock/worker.h"

namespace steelyard::mock {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Worker& worker, Socket socket);

  void start() { read_more(); }
  void shutdown();  // the mock stops: bills what is open as cut, closes

 private:
  enum class Phase : std::uint8_t {
    idle,       // between answers
    waiting,    // latency before the first byte
    streaming,  // more events to come
    draining,   // all is generated, bytes remain
    dripping,   // the same, byte by byte
    hanging,    // says nothing more
    closing,    // end sent, waiting for the client's
  };
  using Step = void (Connection::*)();

  // connection_io.cpp
  void read_more();
  void on_read(std::size_t count);
  void peer_gone(bool reset);
  void process();
  bool take_request();
  bool flush();  // false: bytes remain (on_writable will go on) or the connection is closed
  void on_writable();
  void arm(SteadyClock::time_point due, Step step);
  void answer_complete();  // everything is sent
  void finish();           // sends what remains, then answer_complete()
  void close_gracefully();
  void close_now();
  void reset_now();

  // connection_chat.cpp
  void dispatch(const RequestView& request);
  void simple_reply(const RequestView& request, int status, std::string_view body);
  void count_tokens(const RequestView& request);
  void embed(const RequestView& request, EmbeddingAsk& ask);
  void begin_chat(const RequestView& request);
  void ping_while_waiting();
  void reply();
  void append_error(std::string& body, const ErrorReply& error) const;
  void reply_error();
  bool reply_broken();
  void reply_page();
  void reply_whole();
  void append_framed(std::string_view bytes);
  ReplyHead head_of(int status) const;
  void break_off();
  void bill(End end);

  // connection_stream.cpp
  void begin_stream_head();
  void begin_stream();
  void stream();
  bool round_may_start();
  void write_event();
  void stream_rest();
  void end_stream();
  void append_ping();
  void begin_drip();
  void drip();

  Worker& worker_;
  Socket socket_;
  Timer timer_;
  Step step_ = nullptr;
  std::uint64_t armed_ = 0;  // tells a stale timer from the last one
  InputBuffer input_;
  RequestReader reader_;
  std::string out_;
  std::size_t sent_ = 0;
  std::size_t held_ = 0;  // bytes at the end of out_ not to be sent yet
  Phase phase_ = Phase::idle;
  bool reading_ = false;
  bool write_wait_ = false;
  bool in_process_ = false;
  bool close_after_ = false;
  bool closed_ = false;
  bool head_only_ = false;

  ChatJob job_;
  std::string event_;
  BodyFraming framing_ = BodyFraming::length;
  bool http10_ = false;
  bool head_sent_ = false;
  std::int64_t batched_ = 0;
  std::uint64_t cuts_ = 0;
  SteadyClock::time_point due_;  // of the first byte
};

}  // namespace steelyard::mock
