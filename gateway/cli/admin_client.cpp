#include "gateway/cli/admin_client.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <memory>

namespace steelyard::cli {
namespace {

constexpr int seconds_max = 10;
constexpr std::size_t answer_bytes_max = 16u << 20;

auto bad(const std::string& what) {
  return fail(ErrorKind::upstream_connect, ErrorSource::gateway, Retry::never, what);
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

int connect_to(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0) return -1;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, ::freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int fd = ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    const timeval patience{seconds_max, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(fd, at->ai_addr, at->ai_addrlen) == 0) return fd;
    ::close(fd);
  }
  return -1;
}

// An address to listen on is not always one to connect to.
std::string reachable(const std::string& host) {
  if (host == "0.0.0.0" || host.empty()) return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

}  // namespace

Result<AdminAnswer> ask_admin(const AdminSpec& admin, const std::string& method,
                              const std::string& target) {
  const std::string host = reachable(admin.listen.host);
  const Socket socket(connect_to(host, admin.listen.port));
  if (socket.fd() < 0)
    return bad("no gateway answers on " + host + ":" + std::to_string(admin.listen.port));
  std::string request = method + " " + target + " HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n";
  if (admin.token)
    request += "authorization: Bearer " + std::string(admin.token->reveal()) + "\r\n";
  request += "content-length: 0\r\n\r\n";
  for (std::size_t sent = 0; sent < request.size();) {
    const ssize_t n =
        ::send(socket.fd(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return bad("the gateway closed the connection");
    sent += static_cast<std::size_t>(n);
  }
  std::string answer(64u << 10, '\0');
  std::size_t size = 0;
  for (;;) {
    if (size == answer.size()) answer.resize(size * 2);
    const ssize_t n = ::recv(socket.fd(), answer.data() + size, answer.size() - size, 0);
    if (n < 0) return bad("the gateway did not answer in time");
    if (n == 0 || size > answer_bytes_max) break;
    size += static_cast<std::size_t>(n);
  }
  answer.resize(size);
  AdminAnswer out;
  const std::size_t end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 ") || end == std::string::npos)
    return bad("what answers on " + host + ":" + std::to_string(admin.listen.port) + " is no HTTP");
  std::from_chars(answer.data() + 9, answer.data() + 12, out.status);
  out.body = answer.substr(end + 4);
  return out;
}

std::string percent_encoded(const std::string& text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

}  // namespace steelyard::cli
