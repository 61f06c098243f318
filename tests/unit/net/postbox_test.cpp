// What is written in a turn of the loop goes out at its end, what came is read before it begins,
// and none of it is lost on the way.
#include "gateway/net/postbox.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/net/tcp.h"
#include "gateway/net/tcp_impl.h"

using namespace steelyard;
using namespace steelyard::net;

namespace {

// A connection of a loop, and the client's end of it as a bare socket with a small buffer.
struct Served {
  EventLoop loop;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Connection> accepted;
  int client = -1;

  Served() {
    auto opened = Listener::open(loop, "127.0.0.1", 0, nullptr, [this](auto connection) {
      accepted = std::move(connection);
      loop.stop();
    });
    REQUIRE(opened.has_value());
    listener = std::move(*opened);
    client = ::socket(AF_INET, SOCK_STREAM, 0);
    const int small = 4096;
    ::setsockopt(client, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(listener->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    loop.run();
    REQUIRE(accepted);
  }
  ~Served() {
    if (client >= 0) ::close(client);
  }

  // As if others were ready beside it.
  IoResult write(std::string_view text) {
    loop.impl().reactor.gather(true);
    const ConstBytes part(text);
    return accepted->try_write({&part, 1});
  }
  // One turn of the loop, or two.
  void turn() {
    loop.stop();
    loop.run();
  }
  bool has_something(int patience_ms = 0) const {
    pollfd wanted{client, POLLIN, 0};
    return ::poll(&wanted, 1, patience_ms) == 1;
  }
  // What the client can read; "." at the end of the stream.
  std::string heard() const {
    std::string all;
    std::array<char, 4096> room;
    while (has_something(50)) {
      const ssize_t n = ::recv(client, room.data(), room.size(), 0);
      if (n <= 0) return all + '.';
      all.append(room.data(), static_cast<std::size_t>(n));
    }
    return all;
  }
  void say(std::string_view text) const {
    REQUIRE(::send(client, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }
  // Waits for bytes through a turn in which others are ready, too; whether they were fetched.
  bool await(IoSlot& slot) {
    if (!slot.pending() && !slot.done()) accepted->start_wait_readable(slot);
    turn();
    return !loop.impl().reactor.inbox().empty();
  }
  // All that can be read at once, `step` bytes at a time; how it ended in angles.
  std::string read(std::size_t step) {
    std::string all, room(step, '.');
    for (;;) {
      const IoResult got = accepted->try_read(room);
      if (!got.ok()) return all + '<' + name_of(got.error) + '>';
      all.append(room, 0, got.bytes);
    }
  }
  // Writes until the kernel takes no more; what was said to be written.
  std::string fill() {
    std::string all;
    for (int i = 0;; ++i) {
      std::string block(Postbox::message_max, static_cast<char>('a' + i % 26));
      const IoResult wrote = write(block);
      if (wrote.error == IoError::would_block) return all;
      REQUIRE(wrote.bytes == block.size());
      all += block;
      REQUIRE(all.size() < 64u << 20);
      turn();
    }
  }
};

}  // namespace

TEST_CASE("outbox: a small message goes when the loop waits, in one piece with its parts") {
  Served s;
  const std::array<ConstBytes, 3> parts{ConstBytes("head "), ConstBytes(std::string_view()),
                                        ConstBytes("body")};
  s.loop.impl().reactor.gather(false);
  CHECK(s.accepted->try_write(parts).bytes == 9);
  CHECK(s.heard() == "head body");  // alone it goes at once
  s.loop.impl().reactor.gather(true);
  CHECK(s.accepted->try_write(parts).bytes == 9);
  CHECK_FALSE(s.has_something());
  s.turn();
  CHECK(s.heard() == "head body");
}

TEST_CASE("outbox: messages keep their order, small ones and large ones") {
  Served s;
  const std::string large(Postbox::message_max + 1, 'L');
  CHECK(s.write("one ").ok());
  CHECK(s.write("two ").ok());
  CHECK(s.write(large).bytes == large.size());
  CHECK(s.write(" three").ok());
  s.turn();
  CHECK(s.heard() == "one two " + large + " three");
}

TEST_CASE("outbox: what was written before a close, an end or a destruction arrives") {
  SUBCASE("close") {
    Served s;
    CHECK(s.write("bye").ok());
    s.accepted->close(IoError::closed);
    CHECK(s.heard() == "bye.");
  }
  SUBCASE("shutdown") {
    Served s;
    CHECK(s.write("bye").ok());
    s.accepted->shutdown_write();
    CHECK(s.heard() == "bye.");
  }
  SUBCASE("destruction") {
    Served s;
    CHECK(s.write("bye").ok());
    s.accepted.reset();
    s.turn();
    CHECK(s.heard() == "bye.");
  }
  SUBCASE("the loop's end") {
    Served s;
    s.loop.post([&s] {
      CHECK(s.write("bye").ok());
      s.loop.stop();
    });
    s.loop.run();
    CHECK(s.heard() == "bye");
  }
}

TEST_CASE("outbox: a client that does not read gets all of it later, and the end behind it") {
  Served s;
  const std::string written = s.fill();
  CHECK(s.write("more").error == IoError::would_block);
  s.accepted->shutdown_write();
  IoSlot writable;
  s.accepted->start_wait_writable(writable);
  CHECK(writable.pending());
  std::string heard;
  for (int i = 0; i < 1000 && !heard.ends_with('.'); ++i) {
    heard += s.heard();
    s.turn();
  }
  CHECK(writable.done());
  CHECK(heard.size() == written.size() + 1);
  CHECK(heard == written + ".");
}

TEST_CASE("inbox: what came is read before anybody is served, and is there when asked for") {
  for (const std::size_t step : {1u, 3u, 4096u, 65536u}) {
    for (const std::size_t size : {5u, 4095u, 4096u, 4097u, 20000u}) {
      CAPTURE(step);
      CAPTURE(size);
      Served s;
      IoSlot slot;
      std::string said(size, 'x');
      for (std::size_t i = 0; i < size; ++i) said[i] = static_cast<char>('a' + i % 23);
      s.say(said);
      CHECK(s.await(slot));
      CHECK(slot.take().ok());
      CHECK(s.read(step) == said + "<would_block>");
      s.say("and more");
      CHECK(s.await(slot));
      CHECK(slot.take().ok());
      CHECK(s.read(step) == "and more<would_block>");
    }
  }
}

TEST_CASE("inbox: what nobody takes in its turn is kept, and what comes meanwhile follows it") {
  Served s;
  IoSlot slot;
  s.say("one ");
  CHECK(s.await(slot));
  CHECK(slot.take().ok());
  s.turn();
  CHECK(s.loop.impl().reactor.inbox().empty());
  s.say("two ");
  s.turn();
  char first = 0;
  CHECK(s.accepted->try_read({&first, 1}).bytes == 1);
  CHECK(first == 'o');
  s.accepted->start_wait_readable(slot);
  CHECK(slot.pending());  // as always: told from the loop
  s.say("three");
  s.turn();
  CHECK(slot.take().ok());
  CHECK(s.read(2) == "ne two three<would_block>");
  CHECK(s.write("heard").ok());
  s.turn();
  CHECK(s.heard() == "heard");
}

TEST_CASE("inbox: an end or a failure behind what was fetched is told after it") {
  for (const bool reset : {false, true}) {
    for (const bool in_time : {false, true}) {
      CAPTURE(reset);
      CAPTURE(in_time);
      Served s;
      IoSlot slot;
      s.say("last words");
      if (in_time) CHECK(s.await(slot));
      const linger hard{1, 0};
      if (reset) ::setsockopt(s.client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
      ::close(std::exchange(s.client, -1));
      s.await(slot);
      CHECK(slot.done());
      const std::string heard = s.read(4);
      if (in_time || !reset) CHECK(heard.starts_with("last words"));
      CHECK(heard.ends_with(reset ? "<reset>" : "<closed>"));
    }
  }
}

TEST_CASE("inbox: a connection that is closed or destroyed takes what came for it along") {
  Served s;
  IoSlot slot;
  s.say("never heard");
  CHECK(s.await(slot));
  SUBCASE("closed") {
    s.accepted->close(IoError::cancelled);
    CHECK(s.read(8) == "<cancelled>");
  }
  SUBCASE("destroyed") {
    s.accepted.reset();
  }
  s.turn();
  CHECK(s.loop.impl().reactor.inbox().empty());
}

TEST_CASE("postbox: more connections and bytes than it has room for") {
  Served s;
  std::string written;
  for (int i = 0; i < 100; ++i) {
    const std::string block(100, static_cast<char>('a' + i % 26));
    CHECK(s.write(block).bytes == block.size());
    written += block;
  }
  s.turn();
  CHECK(s.heard() == written);

  Postbox box;
  const std::string block(Postbox::message_max, 'x');
  const ConstBytes part(block);
  int taken = 0;
  while (box.put(1, {&part, 1}, block.size()) >= 0) ++taken;
  CHECK(taken == 16);
  box.clear();
  taken = 0;
  const ConstBytes one("y");
  while (box.put(1, {&one, 1}, 1) >= 0) ++taken;
  CHECK(static_cast<std::size_t>(taken) == Postbox::entries_max);
  CHECK(box.room().empty());
}
