#include "gateway/net/tls.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <optional>

#include "tests/unit/net/test_certificates.h"

using namespace steelyard;
using namespace steelyard::net;
using namespace steelyard::net::test;

namespace {

constexpr std::string_view request =
    "POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer secret\r\n\r\n";

// A connected pair of non-blocking descriptors.
struct Pair {
  std::array<int, 2> ends{-1, -1};
  Pair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
  ~Pair() {
    close_end(0);
    close_end(1);
  }
  void close_end(std::size_t i) {
    if (ends[i] >= 0) close(ends[i]);
    ends[i] = -1;
  }
};

struct World {
  TemporaryFolder folder;
  Certificate authority{{"authority", ""}, nullptr};
  Certificate other_authority{{"other", ""}, nullptr};

  World() { authority.save(folder.file("ca.pem"), folder.file("ca.key")); }
  std::shared_ptr<TlsContext> client(const std::string& bundle = "ca.pem") const {
    return TlsContext::client(folder.file(bundle)).value();
  }
  std::shared_ptr<TlsContext> server(const Certificate& certificate) const {
    certificate.save(folder.file("server.pem"), folder.file("server.key"));
    return TlsContext::server(folder.file("server.pem"), folder.file("server.key")).value();
  }
  Certificate leaf(const std::string& alternative, long from = -3600, long until = 3600) const {
    return Certificate({"leaf", alternative, from, until}, &authority);
  }
};

bool over(const TlsResult& result) {
  return result.state == TlsState::want_read || result.state == TlsState::want_write;
}

// Both sides take turns until neither waits for the other.
std::pair<TlsResult, TlsResult> shake(TlsSession& client, TlsSession& server) {
  TlsResult c{0, TlsState::want_read}, s{0, TlsState::want_read};
  for (int i = 0; i < 20; ++i) {
    if (over(c)) c = client.handshake_step();
    if (over(s)) s = server.handshake_step();
  }
  return {c, s};
}

struct Outcome {
  TlsState client;
  std::string error;
  std::string server_got;  // application bytes
  bool resumed = false;
};

// Connects, and if that went well sends the request and reads an answer.
Outcome exchange(const TlsContext& client_context, const TlsContext& server_context,
                 std::string_view host) {
  Pair pair;
  TlsSession client = client_context.connect(pair.ends[0], host).value();
  TlsSession server = server_context.accept(pair.ends[1]).value();
  const auto [c, s] = shake(client, server);
  (void)client.write(
      std::span<const char>(request.data(), request.size()));  // even if the handshake failed
  Outcome outcome{c.state, client.error(), "", client.resumed()};
  std::array<char, 1024> room;
  if (s.state == TlsState::ok) outcome.server_got.assign(room.data(), server.read(room).bytes);
  if (c.state == TlsState::ok) {
    (void)server.write(std::span<const char>("ok", 2));
    CHECK(client.read(room).bytes == 2);  // and the session ticket on the way
    (void)client.shutdown();
    CHECK(server.read(room).state == TlsState::closed);
  }
  return outcome;
}

}  // namespace

TEST_CASE("a good certificate: the request arrives, and the second connection resumes") {
  const World world;
  const auto client = world.client();
  const auto server =
      world.server(world.leaf("DNS:provider.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1"));
  for (const char* host : {"provider.test", "a.wild.test", "127.0.0.1", "::1"}) {
    const Outcome first = exchange(*client, *server, host);
    CHECK_MESSAGE(first.client == TlsState::ok, host << ": " << first.error);
    CHECK(first.server_got == request);
    CHECK_FALSE(first.resumed);
    const Outcome second = exchange(*client, *server, host);
    CHECK(second.resumed);
    CHECK(second.server_got == request);
  }
  CHECK(client->cached_sessions() == 4);
  client->forget_session("::1");
  CHECK_FALSE(exchange(*client, *server, "::1").resumed);
}

TEST_CASE("impostors are refused before a byte of the request is written") {
  const World world;
  const auto client = world.client();
  const Certificate unknown({"leaf", "DNS:provider.test"}, &world.other_authority);
  const Certificate self_signed({"leaf", "DNS:provider.test"}, nullptr);
  struct Case {
    const char* what;
    Certificate certificate;
    const char* host;
    const char* reason;
  };
  const Case cases[] = {
      {"wrong host", world.leaf("DNS:other.test"), "provider.test", "hostname mismatch"},
      {"only the subject names it", Certificate({"provider.test", "DNS:x"}, &world.authority),
       "provider.test", "hostname mismatch"},
      {"wildcard over two labels", world.leaf("DNS:*.test"), "a.provider.test",
       "hostname mismatch"},
      {"part of a label", world.leaf("DNS:pro*.test"), "provider.test", "hostname mismatch"},
      {"address as a name", world.leaf("DNS:127.0.0.1"), "127.0.0.1", "IP address mismatch"},
      {"wrong address", world.leaf("IP:127.0.0.2"), "127.0.0.1", "IP address mismatch"},
      {"expired", world.leaf("DNS:provider.test", -7200, -3600), "provider.test",
       "certificate has expired"},
      {"not yet valid", world.leaf("DNS:provider.test", 3600, 7200), "provider.test",
       "certificate is not yet valid"},
      {"self-signed", self_signed, "provider.test", "self-signed certificate"},
      {"unknown authority", unknown, "provider.test", "unable to get local issuer certificate"},
  };
  for (const Case& c : cases) {
    const Outcome outcome = exchange(*client, *world.server(c.certificate), c.host);
    CHECK_MESSAGE(outcome.client == TlsState::error, c.what);
    CHECK_MESSAGE(outcome.server_got == "", c.what);
    CHECK_MESSAGE(outcome.error.find(c.reason) != std::string::npos,
                  c.what << ": " << outcome.error);
    CHECK(outcome.error.find(c.host) != std::string::npos);
  }
  CHECK(client->cached_sessions() == 0);
  CHECK(exchange(*TlsContext::client("").value(), *world.server(world.leaf("DNS:provider.test")),
                 "provider.test")
            .client == TlsState::error);  // the system's roots do not know our authority
}

TEST_CASE("a pinned self-signed certificate is trusted for its own name only") {
  const World world;
  const Certificate own({"leaf", "DNS:inside.test"}, nullptr);
  const auto server = world.server(own);
  const auto client = world.client("server.pem");
  CHECK(exchange(*client, *server, "inside.test").server_got == request);
  CHECK(exchange(*client, *server, "outside.test").client == TlsState::error);
}

TEST_CASE("TLS 1.1 is refused by both sides") {
  const World world;
  const Certificate certificate = world.leaf("DNS:provider.test");
  const auto server_context = world.server(certificate);
  const auto old_context = [&](const SSL_METHOD* method) {
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> old(SSL_CTX_new(method), SSL_CTX_free);
    SSL_CTX_set_cipher_list(old.get(), "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(old.get(), TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
    SSL_CTX_use_certificate(old.get(), certificate.certificate());
    SSL_CTX_use_PrivateKey(old.get(), certificate.key());
    return old;
  };
  const auto step = [](SSL* ssl) {
    ERR_clear_error();
    return SSL_do_handshake(ssl);
  };
  {
    const auto old = old_context(TLS_server_method());
    const std::unique_ptr<SSL, decltype(&SSL_free)> peer(SSL_new(old.get()), SSL_free);
    Pair pair;
    SSL_set_fd(peer.get(), pair.ends[1]);
    SSL_set_accept_state(peer.get());
    TlsSession client = world.client()->connect(pair.ends[0], "provider.test").value();
    TlsResult c{0, TlsState::want_read};
    int s = 0;
    for (int i = 0; i < 10; ++i) {
      if (over(c)) c = client.handshake_step();
      s = step(peer.get());
    }
    CHECK(c.state == TlsState::error);
    CHECK(s != 1);
    CHECK(client.write(std::span<const char>(request.data(), request.size())).state ==
          TlsState::error);
  }
  {
    const auto old = old_context(TLS_client_method());
    const std::unique_ptr<SSL, decltype(&SSL_free)> peer(SSL_new(old.get()), SSL_free);
    Pair pair;
    SSL_set_fd(peer.get(), pair.ends[0]);
    SSL_set_connect_state(peer.get());
    TlsSession server = server_context->accept(pair.ends[1]).value();
    TlsResult s{0, TlsState::want_read};
    for (int i = 0; i < 10; ++i) {
      step(peer.get());
      if (over(s)) s = server.handshake_step();
    }
    CHECK(s.state == TlsState::error);
  }
}

TEST_CASE("a megabyte through small socket buffers, both ways, session moved half-way") {
  const World world;
  const auto client_context = world.client();
  const auto server_context = world.server(world.leaf("DNS:provider.test"));
  Pair pair;
  std::optional<TlsSession> client(client_context->connect(pair.ends[0], "provider.test").value());
  TlsSession server = server_context->accept(pair.ends[1]).value();
  const auto [c, s] = shake(*client, server);
  REQUIRE(c.state == TlsState::ok);
  CHECK(client->protocol() == "TLSv1.3");
  CHECK(client->alpn() == "http/1.1");
  CHECK(server.alpn() == "http/1.1");
  std::string sent(1u << 20, ' ');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 >> 3);
  std::string got;
  std::size_t at = 0;
  std::array<char, 5000> room;
  bool stalled = false;
  while (got.size() < sent.size()) {
    TlsResult wrote{0, TlsState::ok};
    while (at < sent.size() && wrote.state == TlsState::ok) {
      const std::string moving = sent.substr(at);  // another address every time
      wrote = client->write(std::span<const char>(moving.data(), moving.size()));
      at += wrote.bytes;
    }
    stalled |= wrote.state == TlsState::want_write;
    TlsResult read = server.read(room);
    while (read.state == TlsState::ok) {
      got.append(room.data(), read.bytes);
      read = server.read(room);
    }
    REQUIRE(read.state == TlsState::want_read);
    if (got.size() > sent.size() / 2) {
      TlsSession moved = std::move(*client);
      client.emplace(std::move(moved));
    }
  }
  CHECK(stalled);
  CHECK(got == sent);
}

TEST_CASE("how a connection ends is told apart") {
  const World world;
  const auto client_context = world.client();
  const auto server_context = world.server(world.leaf("DNS:provider.test"));
  std::array<char, 100> room;
  for (const bool polite : {true, false}) {
    Pair pair;
    TlsSession client = client_context->connect(pair.ends[0], "provider.test").value();
    TlsSession server = server_context->accept(pair.ends[1]).value();
    REQUIRE(shake(client, server).first.state == TlsState::ok);
    (void)server.write(std::span<const char>("half an ans", 11));
    if (polite) (void)server.shutdown();
    pair.close_end(1);
    CHECK(client.read(room).bytes == 11);
    CHECK(client.read(room).state == (polite ? TlsState::closed : TlsState::truncated));
    const TlsResult wrote = client.write(std::span<const char>("x", 1));  // no SIGPIPE
    CHECK(wrote.state != TlsState::ok);
  }
  Pair pair;  // gone before the handshake
  TlsSession client = client_context->connect(pair.ends[0], "provider.test").value();
  CHECK(client.handshake_step().state == TlsState::want_read);
  pair.close_end(1);
  CHECK(client.handshake_step().state == TlsState::error);
  CHECK(client.error().find("handshake") != std::string::npos);
}

TEST_CASE("a server that speaks no TLS") {
  const World world;
  Pair pair;
  TlsSession client = world.client()->connect(pair.ends[0], "provider.test").value();
  CHECK(client.handshake_step().state == TlsState::want_read);
  constexpr std::string_view plain = "HTTP/1.1 400 Bad Request\r\n\r\n";
  REQUIRE(write(pair.ends[1], plain.data(), plain.size()) == static_cast<ssize_t>(plain.size()));
  CHECK(client.handshake_step().state == TlsState::error);
  CHECK(client.error() == "TLS failed: wrong version number");
}

TEST_CASE("files that cannot be used are named") {
  const World world;
  CHECK(TlsContext::client("/no/such/bundle.pem").error().context.find("/no/such/bundle.pem") !=
        std::string::npos);
  CHECK(TlsContext::server("/no/such.pem", "/no/such.key").error().context.find("/no/such.pem") !=
        std::string::npos);
  const Certificate a = world.leaf("DNS:a"), b = world.leaf("DNS:b");
  a.save(world.folder.file("a.pem"), world.folder.file("a.key"));
  b.save(world.folder.file("b.pem"), world.folder.file("b.key"));
  const auto mixed = TlsContext::server(world.folder.file("a.pem"), world.folder.file("b.key"));
  REQUIRE_FALSE(mixed.has_value());
  CHECK(mixed.error().context.find("key values mismatch") != std::string::npos);
  std::ofstream(world.folder.file("junk.pem")) << "not PEM";
  CHECK_FALSE(TlsContext::client(world.folder.file("junk.pem")).has_value());
  CHECK_FALSE(world.client()->connect(0, "").has_value());
  CHECK_FALSE(world.client()->accept(0).has_value());
}
