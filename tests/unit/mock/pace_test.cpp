// When bytes come, and what happens when the client does not wait for them.
#include "tests/unit/mock/fixture.h"

using namespace steelyard;
using namespace steelyard::mock;
using namespace steelyard::mock::test;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

const std::string kStream = R"(,"stream":true,"stream_options":{"include_usage":true})";

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// Milliseconds at which each read of a stream arrived.
std::vector<double> arrivals(std::uint16_t port, const std::string& request, std::string& all) {
  Client client(port);
  const auto begin = Clock::now();
  client.send(request);
  std::vector<double> times;
  while (all.find("0\r\n\r\n") == std::string::npos) {
    const std::string part = client.read_some();
    if (part.empty()) break;
    all += part;
    times.push_back(ms_since(begin));
  }
  return times;
}

}  // namespace

TEST_CASE("latency: fixed, drawn, of errors too") {
  Running mock;
  const auto timed = [&](const std::string& request) {
    const auto begin = Clock::now();
    mock.ask(request);
    return ms_since(begin);
  };
  for (const char* more : {"", R"(,"stream":true)"}) {
    CHECK(timed(chat("small", directive(R"({"latency_ms":60})"), more)) >= 60);
  }
  CHECK(timed(chat("small", directive(R"({"latency_ms":60,"status":500})"))) >= 60);
  CHECK(timed(chat("small", directive(R"({"latency_p50_ms":80,"latency_p90_ms":90,
      "latency_p99_ms":100})"))) >= 40);
}

TEST_CASE("interval: by deadline, one event per write") {
  Running mock;
  std::string all;
  const auto times = arrivals(
      mock.port,
      chat("small", directive(R"({"latency_ms":20,"interval_ms":20,"output_tokens":10})"), kStream),
      all);
  REQUIRE(times.size() >= 9);
  CHECK(times.front() >= 20);
  CHECK(times.back() >= 20 + 9 * 20);
  CHECK(times.back() < 20 + 9 * 20 + 150);  // lateness does not add up; generous for a busy machine
  CHECK(all.find("[DONE]") != std::string::npos);
}

TEST_CASE("merge: several events per write, over the interval") {
  Running mock;
  std::string all;
  const auto times = arrivals(mock.port,
                              chat("small", directive(R"({"interval_ms":15,"output_tokens":12,
                              "merge_events":5})"),
                                   kStream),
                              all);
  CHECK(times.size() <= 5);
  CHECK(times.size() >= 3);
}

TEST_CASE("split: every event in two writes, nothing lost") {
  Running mock;
  std::string all;
  const auto times = arrivals(
      mock.port,
      chat("small", directive(R"({"output_tokens":10,"split_writes":true,"split_gap_ms":4})"),
           kStream),
      all);
  CHECK(times.size() >= 12);
  const Reply reply = mock.ask(
      chat("small", directive(R"({"output_tokens":10,"split_writes":true,"crlf":true})"), kStream));
  CHECK(reply.complete);
  CHECK(events(reply.body).size() == 14);
}

TEST_CASE("pings while waiting: the head comes at once") {
  Running mock;
  Client client(mock.port);
  const auto begin = Clock::now();
  client.send(chat("small", directive(R"({"latency_ms":120,"ping_ms":20})"), kStream));
  const std::string first = client.read_some();
  CHECK(ms_since(begin) < 100);
  CHECK(first.starts_with("HTTP/1.1 200 OK"));
  std::string all = first;
  while (all.find("[DONE]") == std::string::npos) all += client.read_some();
  std::size_t pings = 0;
  for (std::size_t at = 0; (at = all.find(": mock", at)) != std::string::npos; ++at) ++pings;
  CHECK(pings >= 3);
  CHECK(ms_since(begin) >= 120);
}

TEST_CASE("a client that leaves is noticed and billed for what was generated") {
  struct Row {
    std::string why;
    const char* behaviour;
    bool stream;
    bool read_first;
    std::int64_t least, most;  // output tokens; least -1: no charge
    std::int64_t input;
  };
  const Row rows[] = {
      {"in a stream", R"({"interval_ms":20,"output_tokens":1000})", true, true, 1, 60, 7},
      {"before the first byte", R"({"latency_ms":60000})", true, false, 0, 0, 7},
      {"before a whole answer", R"({"latency_ms":60000})", false, false, 0, 0, 7},
      {"all is billed", R"({"latency_ms":60000,"output_tokens":500,"bill_on_abort":"all"})", false,
       false, 500, 500, 7},
      {"nothing is billed", R"({"latency_ms":60000,"bill_on_abort":"none"})", true, false, -1, 0,
       0},
      {"while it drips", R"({"fault":"drip","drip_ms":50,"output_tokens":9})", false, true, 9, 9,
       7},
  };
  for (bool reset : {false, true}) {
    for (const Row& row : rows) {
      CAPTURE(row.why);
      CAPTURE(reset);
      Running mock(priced(), row.behaviour);
      Client client(mock.port);
      client.send(chat("large", std::string(28, 'x'), row.stream ? kStream : ""));
      if (row.read_first) CHECK_FALSE(client.read_some().empty());
      std::this_thread::sleep_for(milliseconds(50));
      const auto left = Clock::now();
      reset ? client.close_with_reset() : client.close();
      if (row.least < 0) {
        for (int i = 0; i < 500 && mock.server.bill().total.errors == 0; ++i) {
          std::this_thread::sleep_for(milliseconds(10));
        }
        CHECK(mock.server.bill().total.errors == 1);
        CHECK(mock.server.bill().total.requests == 0);
        continue;
      }
      const Charge charge = mock.charge(1);
      CHECK(ms_since(left) < 1000);
      CHECK(charge.end == End::aborted);
      CHECK(charge.stream == row.stream);
      CHECK(charge.input_tokens == row.input);
      CHECK(charge.output_tokens >= row.least);
      CHECK(charge.output_tokens <= row.most);
    }
  }
}

TEST_CASE("a client that does not read stops the generation, not the mock") {
  Running mock;
  Client slow(mock.port);
  slow.send(chat("small", directive(R"({"output_tokens":2000000})"), kStream));
  std::this_thread::sleep_for(milliseconds(200));
  CHECK(mock.ask(chat("small", "hi")).status == 200);
  CHECK(mock.server.bill().total.requests == 1);
  slow.close_with_reset();
  const Charge charge = mock.charge(2);
  CHECK(charge.end == End::aborted);
  CHECK(charge.output_tokens > 0);
  CHECK(charge.output_tokens < 2'000'000);
}

TEST_CASE("stop: open streams are cut and billed, nothing hangs") {
  Running mock;
  Client stream(mock.port);
  stream.send(chat("small", directive(R"({"interval_ms":10,"output_tokens":100000})"), kStream));
  CHECK_FALSE(stream.read_some().empty());
  Client hung(mock.port);
  hung.send(chat("small", directive(R"({"fault":"hang"})")));
  Client idle(mock.port);
  std::this_thread::sleep_for(milliseconds(50));
  mock.server.stop();
  mock.server.stop();
  mock.server.join();
  CHECK(stream.at_end());
  CHECK(hung.at_end());
  CHECK(idle.at_end());
  REQUIRE(mock.server.bill().charges.size() == 1);
  CHECK(mock.server.bill().charges[0].end == End::cut);
}
