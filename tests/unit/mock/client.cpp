#include "tests/unit/mock/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

#include "config/types/json_writer.h"

namespace steelyard::mock::test {

Client::Client(std::uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to the mock");
  }
}

Client::~Client() {
  close();
}

void Client::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Client::close_with_reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

bool Client::fill(std::chrono::milliseconds limit) {
  pollfd entry{fd_, POLLIN, 0};
  if (::poll(&entry, 1, static_cast<int>(limit.count())) <= 0) return false;
  char bytes[65536];
  const ssize_t count = ::recv(fd_, bytes, sizeof bytes, 0);
  if (count > 0) {
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  closed_ = true;
  reset_ = count < 0 && errno == ECONNRESET;
  return false;
}

std::string Client::read_some(std::chrono::milliseconds limit) {
  if (buffer_.empty()) fill(limit);
  return std::exchange(buffer_, {});
}

bool Client::at_end() {
  while (fill(std::chrono::seconds(5))) continue;
  return closed_;
}

bool Client::read_head(Reply& reply, std::chrono::milliseconds limit) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(limit)) return false;
  }
  const std::string head = buffer_.substr(0, end + 2);
  reply.raw = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  if (!head.starts_with("HTTP/1.1 ")) return false;
  reply.status = std::atoi(head.c_str() + 9);
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t stop = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    reply.headers[name] = head.substr(colon + 2, stop - colon - 2);
    at = stop + 2;
  }
  return true;
}

// Decodes what is whole from buffer_[at]; true after the last chunk.
bool Client::decode_chunks(Reply& reply, std::size_t& at) {
  while (true) {
    const std::size_t line = buffer_.find("\r\n", at);
    if (line == std::string::npos) return false;
    const std::size_t size = std::stoul(buffer_.substr(at, line - at), nullptr, 16);
    if (buffer_.size() < line + 2 + size + 2) return false;
    reply.body += buffer_.substr(line + 2, size);
    at = line + 2 + size + 2;
    if (size == 0) return true;
  }
}

void Client::read_body(Reply& reply, std::chrono::milliseconds limit) {
  const auto length = reply.headers.find("content-length");
  std::size_t used = 0;
  if (reply.headers.contains("transfer-encoding")) {
    while (!(reply.complete = decode_chunks(reply, used))) {
      if (!fill(limit)) break;
    }
  } else {
    const bool known = length != reply.headers.end();
    const std::size_t want = known ? std::stoul(length->second) : SIZE_MAX;
    while (buffer_.size() < want && fill(limit)) continue;
    used = std::min(want, buffer_.size());
    reply.body = buffer_.substr(0, used);
    reply.complete = known ? used == want : closed_;
  }
  reply.raw += reply.complete ? buffer_.substr(0, used) : buffer_;
  buffer_.erase(0, used);
}

Reply Client::read(std::chrono::milliseconds limit) {
  Reply reply;
  if (read_head(reply, limit)) {
    read_body(reply, limit);
  } else {
    reply.raw += std::exchange(buffer_, {});
  }
  reply.closed = closed_;
  reply.reset = reset_;
  return reply;
}

std::string post(std::string_view target, std::string_view body, std::string_view extra) {
  std::string out = "POST ";
  out.append(target).append(" HTTP/1.1\r\nHost: mock\r\nContent-Type: application/json\r\n");
  out.append(extra).append("Content-Length: ").append(std::to_string(body.size()));
  return out.append("\r\n\r\n").append(body);
}

std::string get(std::string_view target) {
  return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: mock\r\n\r\n");
}

std::string chat(std::string_view model, std::string_view text, std::string_view more) {
  std::string body = "{\"model\":\"";
  body.append(model).append("\",\"messages\":[{\"role\":\"user\",\"content\":\"");
  append_json_escaped(body, text);
  body.append("\"}]").append(more).append("}");
  return post("/v1/chat/completions", body);
}

std::string directive(std::string_view json, std::string_view text) {
  return std::string("{\"mock\":").append(json).append("}").append(text);
}

Reply ask(std::uint16_t port, std::string_view request) {
  Client client(port);
  client.send(request);
  return client.read();
}

std::vector<std::string> events(std::string_view sse) {
  std::vector<std::string> found;
  while (!sse.empty()) {
    const std::size_t end = std::min(sse.find('\n'), sse.size());
    std::string_view line = sse.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.starts_with("data: ")) found.emplace_back(line.substr(6));
    sse.remove_prefix(std::min(end + 1, sse.size()));
  }
  return found;
}

}  // namespace steelyard::mock::test
