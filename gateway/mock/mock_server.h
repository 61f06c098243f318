#pragma once
// The built-in pretend provider: OpenAI chat completions on loopback, with its own bill, told at
// run time how to behave and how to fail. Used by `steelyard mock`, `steelyard serve --demo`, tests
// and benchmarks.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/types/result.h"
#include "config/types/secret.h"
#include "gateway/mock/behaviour.h"
#include "gateway/mock/bill.h"

namespace steelyard::mock {

// One entry of GET /v1/models. The name "*" stands for every model not listed: its prices and
// behaviour are theirs.
struct ModelOptions {
  std::string name;
  std::string input_price;         // USD per million tokens, decimal text; empty: free
  std::string cached_input_price;  // empty: as input_price
  std::string output_price;
  std::string
      behaviour;  // JSON object over the global behaviour: R"({"latency_ms":50})"; empty: none
};

struct MockOptions {
  std::string address = "127.0.0.1";  // an IP address, not a name
  std::uint16_t port = 0;             // 0: the kernel chooses
  unsigned threads = 1;  // 1..64; each with its own listener (SO_REUSEPORT) and io_context
  std::vector<ModelOptions> models;  // empty: mock-small, mock-large (with prices)
  bool strict_models = false;        // unknown names get 404 model_not_found instead of an answer
  bool directives = true;            // obey {"mock":{...}} at the start of the last user message
  Secret api_key;                    // not empty: other bearer tokens get 401
  Behaviour behaviour;               // of all models
  std::size_t charges_kept = 1000;   // last charges on the bill
  std::size_t requests_kept = 64;    // for GET /mock/requests; 0: none (benchmarks)
};

// A request as it came: header names and values byte for byte, in order.
struct RecordedRequest {
  std::uint64_t number = 0;  // 1 is the first since start or reset
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // chunked framing removed; at most 4 MiB are kept
};

class MockServer {
 public:
  explicit MockServer(MockOptions options);
  ~MockServer();  // stops and joins
  MockServer(const MockServer&) = delete;
  MockServer& operator=(const MockServer&) = delete;

  // Binds and runs its threads; returns the port. Fails on bad options (the text names which) and
  // when it cannot bind. To be called once.
  Result<std::uint16_t> start();
  // Ends streams in progress (billed as cut) and closes everything. Any thread; may be repeated.
  void stop();
  // Waits until the threads are done: after stop(), or for ever.
  void join();

  std::uint16_t port() const;
  std::string base_url() const;  // "http://127.0.0.1:PORT/v1"

  // The same as the HTTP paths /mock/*; any thread, before, during and after the run.
  BillSnapshot bill() const;
  std::vector<RecordedRequest> requests(
      std::size_t last) const;  // chat, models, ...: not /mock/* and /healthz; oldest first
  Result<void> set_behaviour(std::string_view json);  // see README.md, POST /mock/behaviour
  void reset();  // bill, recorded requests, counters; behaviour as in the options

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steelyard::mock
