#include "gateway/blocking_http.h"

#include <netdb.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <span>

#include "gateway/net/chunk_decoder.h"

namespace steelyard {
namespace {

constexpr std::size_t answer_bytes_max = 16u << 20;

auto bad(const HttpCall& call, const std::string& what) {
  return fail(ErrorKind::upstream_connect, ErrorSource::gateway, Retry::never,
              call.host + ":" + std::to_string(call.port) + ": " + what);
}

int connect_to(const HttpCall& call) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(call.port);
  if (::getaddrinfo(call.host.c_str(), port.c_str(), &wanted, &found) != 0) return -1;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, ::freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int fd = ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    const timeval patience{call.seconds_max, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(fd, at->ai_addr, at->ai_addrlen) == 0) return fd;
    ::close(fd);
  }
  return -1;
}

// A connected socket, with TLS around it if it is wanted.
class Pipe {
 public:
  explicit Pipe(int fd) : fd_(fd) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    ssl_.reset();
    if (fd_ >= 0) ::close(fd_);
  }

  bool secure(const std::string& host) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!context_ || SSL_CTX_set_default_verify_paths(context_.get()) != 1) return false;
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    ssl_.reset(SSL_new(context_.get()));
    return ssl_ && SSL_set1_host(ssl_.get(), host.c_str()) == 1 &&
           SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1 &&
           SSL_set_fd(ssl_.get(), fd_) == 1 && SSL_connect(ssl_.get()) == 1;
  }
  // Bytes, or 0 at the end, or below 0.
  long read(char* to, std::size_t size) {
    if (ssl_) return SSL_read(ssl_.get(), to, static_cast<int>(size));
    return ::recv(fd_, to, size, 0);
  }
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const long sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int fd_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
};

std::string request_of(const HttpCall& call) {
  std::string out = call.method + " " + call.target + " HTTP/1.1\r\nhost: " + call.host +
                    "\r\nconnection: close\r\n";
  for (const auto& [name, value] : call.fields) out += name + ": " + value + "\r\n";
  return out + "content-length: " + std::to_string(call.body.size()) + "\r\n\r\n" + call.body;
}

bool is_chunked(std::string_view head) {
  constexpr std::string_view wanted = "\r\ntransfer-encoding: chunked";
  const auto folded = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return std::search(head.begin(), head.end(), wanted.begin(), wanted.end(), folded) != head.end();
}

// How much an answer with this head and content-length is; 0: up to the end of the connection.
std::size_t whole_size(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == answer.npos) return 0;
  constexpr std::string_view names[] = {"\r\ncontent-length: ", "\r\nContent-Length: "};
  for (const std::string_view name : names) {
    const std::size_t at = answer.substr(0, end).find(name);
    if (at == answer.npos) continue;
    std::size_t length = 0;
    std::from_chars(answer.data() + at + name.size(), answer.data() + end, length);
    return end + 4 + std::min(length, answer_bytes_max);
  }
  return 0;
}

}  // namespace

Result<HttpAnswer> call_blocking(const HttpCall& call) {
  const int fd = connect_to(call);
  if (fd < 0) return bad(call, "nobody answers");
  Pipe pipe(fd);
  if (call.tls && !pipe.secure(call.host)) return bad(call, "no good TLS connection");
  if (!pipe.write(request_of(call))) return bad(call, "closed the connection");
  std::string answer;
  char piece[16u << 10];
  for (;;) {
    const std::size_t whole = whole_size(answer);
    if ((whole != 0 && answer.size() >= whole) || answer.size() > answer_bytes_max) break;
    const long size = pipe.read(piece, sizeof piece);
    if (size < 0) return bad(call, "did not answer in time");
    if (size == 0) break;
    answer.append(piece, static_cast<std::size_t>(size));
  }
  HttpAnswer out;
  const std::size_t end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || end == answer.npos) return bad(call, "answers no HTTP");
  std::from_chars(answer.data() + 9, answer.data() + 12, out.status);
  out.body = answer.substr(end + 4);
  if (is_chunked(std::string_view(answer).substr(0, end))) {
    net::ChunkDecoder chunks(net::ChunkSource::provider, answer_bytes_max);
    const net::ChunkDecoder::InPlace joined = chunks.feed(std::span(out.body));
    if (joined.status != net::ChunkStatus::done) return bad(call, "broke off");
    out.body.resize(joined.produced);
  }
  return out;
}

bool split_url(std::string_view url, HttpCall& out) {
  out.tls = url.starts_with("https://");
  if (!out.tls && !url.starts_with("http://")) return false;
  url.remove_prefix(out.tls ? 8 : 7);
  for (const char c : url)
    if (c <= ' ' || c == 0x7F) return false;
  const std::size_t slash = std::min(url.find_first_of("/?#"), url.size());
  std::string_view authority = url.substr(0, slash);
  out.target = slash == url.size() ? "/" : std::string(url.substr(slash, url.find('#') - slash));
  if (out.target.empty() || out.target.front() != '/') out.target.insert(0, "/");
  if (authority.find('@') != authority.npos) return false;  // secrets belong into `secret`
  out.port = out.tls ? 443 : 80;
  const std::size_t colon = authority.rfind(':');
  if (colon != authority.npos && authority.find(']', colon) == authority.npos) {
    const std::string_view port = authority.substr(colon + 1);
    const auto [at, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || at != port.data() + port.size() || out.port == 0) return false;
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']'))
    authority = authority.substr(1, authority.size() - 2);
  out.host = authority;
  return !out.host.empty();
}

}  // namespace steelyard
