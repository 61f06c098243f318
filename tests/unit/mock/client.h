#pragma once
// A blocking HTTP client for loopback that hides nothing: raw bytes in and out, every read with its
// arrival time.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace steelyard::mock::test {

struct Reply {
  int status = 0;                              // 0: not HTTP, or nothing came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // chunked framing removed
  bool complete = false;                       // framing ended as announced
  bool closed = false;                         // the server ended the connection
  bool reset = false;                          // with RST
  std::string raw;
};

class Client {
 public:
  explicit Client(std::uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes);
  // One response. Gives up after `limit` without a byte.
  Reply read(std::chrono::milliseconds limit = std::chrono::seconds(5));
  // Whatever one recv() brings; empty at the end or after `limit`.
  std::string read_some(std::chrono::milliseconds limit = std::chrono::seconds(5));
  bool at_end();  // waits up to 5 s for the server's end of stream
  void close();
  void close_with_reset();

 private:
  bool fill(std::chrono::milliseconds limit);
  bool read_head(Reply& reply, std::chrono::milliseconds limit);
  void read_body(Reply& reply, std::chrono::milliseconds limit);
  bool decode_chunks(Reply& reply, std::size_t& at);

  int fd_ = -1;
  bool closed_ = false;
  bool reset_ = false;
  std::string buffer_;
};

std::string post(std::string_view target, std::string_view body, std::string_view extra = "");
std::string get(std::string_view target);
// A chat request to `model` whose only message is `text`; `more` is put before the closing brace.
std::string chat(std::string_view model, std::string_view text, std::string_view more = "");
// {"mock":DIRECTIVE} followed by text, as the content of a message.
std::string directive(std::string_view json, std::string_view text = " hello");

// One exchange on a new connection.
Reply ask(std::uint16_t port, std::string_view request);

// The values after "data: ", in order.
std::vector<std::string> events(std::string_view sse);

}  // namespace steelyard::mock::test
