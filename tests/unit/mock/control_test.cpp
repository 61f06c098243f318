// Models, prices, what was received, and changes while it runs.
#include <atomic>

#include "tests/unit/mock/fixture.h"

using namespace steelyard;
using namespace steelyard::mock;
using namespace steelyard::mock::test;

TEST_CASE("models: listed, looked up, strict, priced by the star") {
  MockOptions options = priced();
  options.models.push_back({"*", "1", "", "2", R"({"output_tokens":2})"});
  Running mock(options);
  const Json list(mock.ask(get("/v1/models")).body);
  CHECK(list.text("/object") == "list");
  CHECK(list.text("/data/0/id") == "large");
  CHECK(list.text("/data/1/id") == "small");
  CHECK_FALSE(list.has("/data/2"));
  CHECK(Json(mock.ask(get("/models/small")).body).text("/owned_by") == "steelyard-mock");
  CHECK(mock.ask(get("/v1/models/none")).status == 404);
  CHECK(mock.ask(chat("any/thing", "abcd")).status == 200);
  const Charge charge = mock.charge(1);
  CHECK(charge.model == "any/thing");
  CHECK(charge.output_tokens == 2);
  CHECK(charge.cost.v == 1000 + 2 * 2000);
  options.strict_models = true;
  Running strict(options);
  const Reply reply = strict.ask(chat("any/thing", "abcd"));
  CHECK(reply.status == 404);
  CHECK(Json(reply.body).text("/error/code") == "model_not_found");
}

TEST_CASE("options that cannot be") {
  struct Row {
    std::string why;
    void (*spoil)(MockOptions&);
    const char* named;
  };
  const Row rows[] = {
      {"price", [](MockOptions& o) { o.models[0].input_price = "cheap"; }, "cheap"},
      {"behaviour", [](MockOptions& o) { o.models[0].behaviour = R"({"x":1})"; }, "x"},
      {"address", [](MockOptions& o) { o.address = "localhost"; }, "localhost"},
      {"not ours", [](MockOptions& o) { o.address = "192.0.2.1"; }, "192.0.2.1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    MockOptions options = priced();
    row.spoil(options);
    MockServer server(options);
    const auto started = server.start();
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().context.find(row.named) != std::string::npos);
  }
  Running first;
  MockOptions same = priced();
  same.port = first.port;
  CHECK_FALSE(MockServer(same).start().has_value());
}

TEST_CASE("api key") {
  MockOptions options = priced();
  options.api_key = Secret("sk-right");
  Running mock(options);
  const auto status = [&mock](const char* line) {
    return mock
        .ask(post("/v1/chat/completions",
                  R"({"model":"small","messages":[{"role":"user","content":"x"}]})", line))
        .status;
  };
  CHECK(status("Authorization: Bearer sk-right\r\n") == 200);
  CHECK(status("Authorization: Bearer sk-wrong\r\n") == 401);
  CHECK(status("") == 401);
  CHECK(mock.ask(get("/healthz")).status == 200);
  CHECK(mock.ask(get("/mock/bill")).status == 200);
}

TEST_CASE("behaviour at run time: global, per model, per request, reset") {
  Running mock;
  const auto output = [&mock](const char* model, std::string_view text = "hi") {
    return Json(mock.ask(chat(model, text)).body).number("/usage/completion_tokens");
  };
  const auto change = [&mock](const char* json) {
    return mock.ask(post("/mock/behaviour", json)).status;
  };
  CHECK(output("small") == 16);
  CHECK(change(R"({"output_tokens":4,"models":{"large":{"output_tokens":7}}})") == 200);
  CHECK(output("small") == 4);
  CHECK(output("large") == 7);
  CHECK(output("large", directive(R"({"output_tokens":9})")) == 9);
  CHECK(output("large") == 7);
  CHECK(change(R"({"models":{"new":{"output_tokens":3},"large":null}})") == 200);
  CHECK(output("large") == 4);
  CHECK(output("new") == 3);
  CHECK(change(R"({"output_tokens":5,"models":{"small":{"wrong":1}}})") == 400);
  CHECK(change(R"({"output_tokens":"x"})") == 400);
  CHECK(change("[]") == 400);
  CHECK(output("small") == 4);
  const Json now(mock.ask(get("/mock/behaviour")).body);
  CHECK(now.number("/global/output_tokens") == 4);
  CHECK(now.number("/models/new/output_tokens") == 3);
  CHECK(change(R"({"reset":true})") == 200);
  CHECK(output("new") == 16);
  CHECK(mock.ask(post("/mock/reset", "")).status == 200);
  CHECK(mock.server.bill().total.requests == 0);
  CHECK(mock.server.requests(10).empty());
}

TEST_CASE("directives can be switched off") {
  MockOptions options = priced();
  options.directives = false;
  Running mock(options);
  CHECK(mock.ask(chat("small", directive(R"({"status":500})"))).status == 200);
}

TEST_CASE("what was received, byte for byte, over HTTP and in process") {
  MockOptions options = priced();
  options.requests_kept = 3;
  Running mock(options);
  const std::string body =
      "{\"model\":\"small\",  \"messages\":[{\"role\":\"user\",\"content\":\"\\u00e9\"}]}";
  for (int i = 0; i < 4; ++i) mock.ask(get("/v1/models?page=" + std::to_string(i)));
  mock.ask(post("/v1/chat/completions?x=1", body, "X-Odd:  a b \r\nx-odd: c\r\n"));
  const auto seen = mock.server.requests(100);
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].target == "/v1/models?page=2");
  CHECK(seen[2].number == 5);
  CHECK(seen[2].method == "POST");
  CHECK(seen[2].target == "/v1/chat/completions?x=1");
  CHECK(seen[2].body == body);
  REQUIRE(seen[2].headers.size() == 5);
  CHECK(seen[2].headers[2] == std::pair<std::string, std::string>("X-Odd", "a b"));
  CHECK(seen[2].headers[3].second == "c");
  const Json json(mock.ask(get("/mock/requests?last=1")).body);
  CHECK(json.text("/requests/0/body") == body);
  CHECK(json.text("/requests/0/headers/2/0") == "X-Odd");
  CHECK_FALSE(json.has("/requests/1"));
  CHECK(mock.ask(get("/mock/requests?last=x")).status == 400);
}

TEST_CASE("the bill equals the usage that many clients were told, on several threads") {
  MockOptions options = priced();
  options.threads = 3;
  options.charges_kept = 10;
  Running mock(options, R"({"cached_tokens":2,"fail_rate":0.2,"status":503})");
  std::atomic<std::int64_t> nano{0}, input{0}, output{0}, answered{0}, refused{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&, c] {
      Client client(mock.port);
      for (int i = 0; i < 200; ++i) {
        const bool stream = (i + c) % 2 == 0;
        client.send(
            chat(i % 3 ? "small" : "large", std::string(static_cast<std::size_t>(i), 'y'),
                 stream ? R"(,"stream":true,"stream_options":{"include_usage":true})" : ""));
        const Reply reply = client.read();
        if (reply.status == 503) {
          ++refused;
          continue;
        }
        const auto list = events(reply.body);
        const Json usage(stream ? list.at(list.size() - 2) : reply.body);
        const std::int64_t in = usage.number("/usage/prompt_tokens");
        const std::int64_t cached = usage.number("/usage/prompt_tokens_details/cached_tokens");
        const std::int64_t out = usage.number("/usage/completion_tokens");
        const std::int64_t factor = i % 3 ? 1 : 0;
        nano += factor ? (in - cached) * 150 + cached * 75 + out * 600
                       : (in - cached) * 2500 + cached * 1250 + out * 10'000;
        input += in;
        output += out;
        ++answered;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const BillSnapshot bill = mock.server.bill();
  CHECK(answered + refused == 800);
  CHECK(refused > 50);
  CHECK(bill.total.requests == answered);
  CHECK(bill.total.errors == refused);
  CHECK(bill.total.input_tokens == input);
  CHECK(bill.total.output_tokens == output);
  CHECK(bill.total.cost.v == nano);
  CHECK(bill.charges.size() == 10);
  const Json json(mock.ask(get("/mock/bill")).body);
  CHECK(json.number("/total/nano_usd") == nano);
  CHECK(json.number("/models/large/requests") == bill.models.at("large").requests);
}
