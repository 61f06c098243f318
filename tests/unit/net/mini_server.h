#pragma once
// The smallest server on top of RequestReader: answers 200 to any complete request for a path it
// knows. Its input comes in segments; its whole conversation is a value that tests compare.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/request_reader.h"

namespace steelyard::net::test {

struct Answer {
  int status = 0;
  std::string body;  // of the request it answers
  std::string
      head;  // the fields the server saw, "name=value;" each, after Connection options were applied
  std::string refusal;  // text, when refused
  bool operator==(const Answer&) const = default;
};

struct Conversation {
  std::vector<Answer> answers;
  bool closed = false;          // by the server
  std::size_t buffer_most = 0;  // bytes held at once
  bool operator==(const Conversation& other) const {
    return answers == other.answers && closed == other.closed;
  }
};

struct MiniServerOptions {
  std::size_t body_limit = 32u << 20;
  bool moving_buffer = true;  // every segment finds the buffer at another address
};

inline bool known_path(std::string_view target) {
  return target == "/" || target == "/1" || target == "/2" || target == "*" ||
         target.substr(0, 4) == "/v1?";
}

class MiniServer {
 public:
  explicit MiniServer(const MiniServerOptions& options) : options_(options) { reader_.reset(); }

  void receive(std::string_view segment) {
    std::unique_ptr<char[]> grown;
    if (options_.moving_buffer || size_ + segment.size() + body_padding > capacity_) {
      capacity_ = size_ + segment.size() + body_padding;
      grown = std::make_unique<char[]>(capacity_);
      if (size_ > 0) std::memcpy(grown.get(), buffer_.get(), size_);
      buffer_ = std::move(grown);
    }
    if (!segment.empty()) std::memcpy(buffer_.get() + size_, segment.data(), segment.size());
    size_ += segment.size();
    talk_.buffer_most = std::max(talk_.buffer_most, size_);
    work();
  }

  Conversation finish() {
    if (!talk_.closed && !reader_.idle()) {
      reader_.timed_out();
      answer(reader_.refusal().status);
    }
    talk_.closed = true;
    return talk_;
  }
  bool closed() const { return talk_.closed; }
  const Conversation& so_far() const { return talk_; }

 private:
  void work() {
    while (!talk_.closed) {
      switch (reader_.advance(buffer_.get(), size_)) {
        case RequestEvent::need_more: return;
        case RequestEvent::refused: answer(reader_.refusal().status); break;
        case RequestEvent::head:
          if (reader_.accept(options_.body_limit) == RequestEvent::refused) {
            answer(reader_.refusal().status);
          } else if (reader_.wants_continue()) {
            talk_.answers.push_back({100, "", "", ""});
          }
          break;
        case RequestEvent::request:
          answer(known_path(reader_.head().target()) ? 200 : 404);
          if (talk_.closed) break;
          size_ -= reader_.consumed();
          std::memmove(buffer_.get(), buffer_.get() + reader_.consumed(), size_);
          reader_.reset();
          break;
      }
    }
  }

  void answer(int status) {
    Answer answer;
    answer.status = status;
    answer.refusal = reader_.refusal().text;
    if (reader_.refusal().status == 0) {
      const RequestHead& head = reader_.head();
      answer.head = std::string(name_of(head.method)) + " " + std::string(head.target()) + ";";
      for (std::size_t i = 0; i < head.fields.size(); ++i) {
        const FieldView field = head.fields[i];
        answer.head += std::string(field.name) + "=" + std::string(field.value) + ";";
      }
      answer.body = reader_.body();
    }
    talk_.answers.push_back(std::move(answer));
    talk_.closed = reader_.close_after();
  }

  MiniServerOptions options_;
  RequestReader reader_;
  std::unique_ptr<char[]> buffer_;
  std::size_t size_ = 0, capacity_ = 0;
  Conversation talk_;
};

// `cuts`: offsets at which the input is cut into segments, ascending. At the end of the input the
// deadline passes.
inline Conversation serve(std::string_view input, const std::vector<std::size_t>& cuts,
                          const MiniServerOptions& options = {}) {
  MiniServer server(options);
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    if (server.closed()) break;
    server.receive(input.substr(begin, cut - begin));
    begin = cut;
  }
  if (!server.closed()) server.receive(input.substr(begin));
  if (server.closed()) return server.so_far();
  return server.finish();
}

}  // namespace steelyard::net::test
