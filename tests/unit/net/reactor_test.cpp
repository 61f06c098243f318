// The reactor and the connections on it, over real loopback sockets.
#include "gateway/net/reactor.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/net/tcp.h"

using namespace steelyard;
using namespace steelyard::net;

namespace {

struct Pair {
  int ends[2] = {-1, -1};
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0); }
  ~Pair() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
};

struct Probe final : Watch {
  Probe(Reactor& loop, int fd) : Watch(loop) { watch(fd); }
  std::vector<Readiness> seen;
  std::function<void()> then;
  int deferrals = 0;
  void on_ready(Readiness now) override {
    seen.push_back(now);
    if (then) then();
  }
  void on_deferred() override { ++deferrals; }
  using Watch::defer;
};

void send_text(int fd, std::string_view text) {
  REQUIRE(::send(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
}

// A gateway-side connection and a client's plain socket, in one process.
struct Served {
  EventLoop loop;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Connection> accepted;
  std::unique_ptr<Dialer> dialer = make_tcp_dialer(loop);
  IoSlot connected;
  std::unique_ptr<Connection> client;

  Served() {
    auto opened = Listener::open(loop, "127.0.0.1", 0, nullptr, [this](auto c) {
      accepted = std::move(c);
      if (connected.done()) loop.stop();
    });
    REQUIRE(opened.has_value());
    listener = std::move(*opened);
    connected.set_hook(
        [](void* self) {
          auto& s = *static_cast<Served*>(self);
          if (s.accepted) s.loop.stop();
        },
        this);
    client = dialer->open({"127.0.0.1", listener->port(), false, nullptr}, connected);
    loop.run();
    REQUIRE(connected.take().ok());
  }
  // Runs the loop until the slot is done.
  IoResult wait(IoSlot& slot) {
    slot.set_hook([](void* self) { static_cast<EventLoop*>(self)->stop(); }, &loop);
    if (!slot.done()) loop.run();
    return slot.take();
  }
};

void put(Connection& to, std::string_view text) {
  const ConstBytes part(text);
  const IoResult wrote = to.try_write({&part, 1});
  REQUIRE(wrote.bytes == text.size());
}

}  // namespace

TEST_CASE("reactor: a descriptor is told once per change, not once per turn") {
  Reactor reactor;
  Pair pair;
  Probe probe(reactor, pair.ends[0]);
  reactor.turn();  // writable from the start
  REQUIRE(probe.seen.size() == 1);
  CHECK(probe.seen[0].writable);
  CHECK_FALSE(probe.seen[0].readable);
  send_text(pair.ends[1], "a");
  reactor.turn();
  REQUIRE(probe.seen.size() == 2);
  CHECK(probe.seen[1].readable);
  probe.defer();
  probe.defer();
  reactor.turn();  // unread bytes are no news
  CHECK(probe.seen.size() == 2);
  CHECK(probe.deferrals == 1);
  ::shutdown(pair.ends[1], SHUT_WR);
  reactor.turn();
  REQUIRE(probe.seen.size() == 3);
  CHECK(probe.seen[2].ended);
}

TEST_CASE("reactor: a watch that another one destroys in the same turn hears nothing") {
  Reactor reactor;
  Pair one, two;
  auto first = std::make_unique<Probe>(reactor, one.ends[0]);
  auto second = std::make_unique<Probe>(reactor, two.ends[0]);
  int told = 0;
  // Whichever comes first ends the other.
  first->then = [&] {
    ++told;
    second.reset();
  };
  second->then = [&] {
    ++told;
    first.reset();
  };
  reactor.turn();
  CHECK(told == 1);
  // Its slot is used again, by somebody the old events do not mean.
  Pair three;
  Probe third(reactor, three.ends[0]);
  reactor.turn();
  CHECK(third.seen.size() == 1);
}

TEST_CASE("connection: bytes that came before anybody waited are not lost") {
  Served s;
  put(*s.client, "hello");
  IoSlot ready;
  s.accepted->start_wait_readable(ready);
  CHECK(s.wait(ready).ok());
  std::array<char, 3> room;
  REQUIRE(s.accepted->try_read(room).bytes == 3);
  CHECK(std::string_view(room.data(), 3) == "hel");
  // The buffer was full: there may be more, and no event will say so.
  s.accepted->start_wait_readable(ready);
  CHECK(ready.pending());  // never completed from inside start_*
  CHECK(s.wait(ready).ok());
  REQUIRE(s.accepted->try_read(room).bytes == 2);
  s.accepted->start_wait_readable(ready);
  s.loop.post([&] { put(*s.client, "again"); });
  CHECK(s.wait(ready).ok());
  CHECK(s.accepted->try_read(room).bytes == 3);
}

TEST_CASE("connection: data and the end behind it, read short") {
  Served s;
  put(*s.client, "bye");
  s.client->shutdown_write();
  IoSlot ready;
  std::array<char, 64> room;
  for (int i = 0; i < 2; ++i) {
    s.accepted->start_read(room, ready);
    const IoResult got = s.wait(ready);
    if (i == 0 && got.bytes == 3) continue;
    CHECK(got.error == IoError::closed);
  }
}

TEST_CASE("connection: a full socket makes the writer wait, and its reader wakes it") {
  Served s;
  const std::string block(1u << 20, 'x');
  std::size_t written = 0;
  IoResult wrote;
  do {
    const ConstBytes part(block);
    wrote = s.accepted->try_write({&part, 1});
    written += wrote.bytes;
  } while (wrote.ok() && wrote.bytes == block.size());
  IoSlot writable;
  s.accepted->start_wait_writable(writable);
  CHECK(writable.pending());
  std::vector<char> sink(1u << 20);
  std::size_t read = 0;
  s.loop.post([&] {
    for (IoResult got = s.client->try_read(sink); got.ok(); got = s.client->try_read(sink))
      read += got.bytes;
  });
  CHECK(s.wait(writable).ok());
  CHECK(read > 0);
  CHECK(read <= written);
}

TEST_CASE("connection: close ends what is waited for, with the reason given") {
  Served s;
  IoSlot reading;
  s.accepted->start_wait_readable(reading);
  s.accepted->close(IoError::timed_out);
  CHECK(reading.pending());
  CHECK(s.wait(reading).error == IoError::timed_out);
  CHECK_FALSE(s.accepted->is_open());
  const ConstBytes part(std::string_view("x"));
  CHECK(s.accepted->try_write({&part, 1}).error == IoError::timed_out);
}

TEST_CASE("dialling: refused, a name that does not exist, and a name that does") {
  Served s;
  const std::uint16_t port = s.listener->port();
  s.listener->close();
  const auto dial = [&s](const char* host, std::uint16_t to) {
    IoSlot slot;
    const auto connection = s.dialer->open({host, to, false, nullptr}, slot);
    return s.wait(slot).error;
  };
  CHECK(dial("127.0.0.1", port) == IoError::refused);
  CHECK(dial("no-such-host.invalid", 80) == IoError::unresolved);
  CHECK(dial("localhost", port) == IoError::refused);
}

TEST_CASE("loop: work posted by another thread runs on the loop's, in order") {
  EventLoop loop;
  std::vector<int> order;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&order, i] { order.push_back(i); });
    loop.stop();
  });
  loop.run();
  other.join();
  REQUIRE(order.size() == 1000);
  for (int i = 0; i < 1000; ++i) REQUIRE(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("loop: ticks until told to stop, and again when asked again") {
  EventLoop loop;
  for (int round = 0; round < 2; ++round) {
    int ticks = 0;
    loop.start_ticking(1'000'000, [&] {
      if (++ticks == 5) loop.stop();
      return ticks < 5;
    });
    CHECK(loop.ticking());
    loop.run();
    CHECK(ticks == 5);
    CHECK_FALSE(loop.ticking());
  }
}
