#pragma once
// A running mock with known prices, and JSON access to what it answers.
#include <doctest/doctest.h>
#include <simdjson.h>

#include <chrono>
#include <string>
#include <thread>

#include "gateway/mock/mock_server.h"
#include "tests/unit/mock/client.h"

namespace steelyard::mock::test {

inline MockOptions priced() {
  MockOptions options;
  options.models = {{"small", "0.15", "0.075", "0.60", ""}, {"large", "2.50", "1.25", "10", ""}};
  return options;
}

// `behaviour`: what POST /mock/behaviour would take.
struct Running {
  explicit Running(MockOptions options = priced(), std::string_view behaviour = "")
      : server(std::move(options)) {
    const auto bound = server.start();
    REQUIRE_MESSAGE(bound.has_value(), (bound ? "" : bound.error().context));
    port = *bound;
    if (!behaviour.empty()) REQUIRE(server.set_behaviour(behaviour).has_value());
  }
  Reply ask(std::string_view request) const { return test::ask(port, request); }

  // The charge number `count`, once it is there (an abort is noticed a moment later than it
  // happens).
  Charge charge(std::size_t count) const {
    for (int i = 0; i < 500; ++i) {
      const BillSnapshot bill = server.bill();
      if (bill.charges.size() >= count) return bill.charges[count - 1];
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL("no such charge");
    return {};
  }

  MockServer server;
  std::uint16_t port = 0;
};

// A parsed document that owns its text.
class Json {
 public:
  explicit Json(const std::string& text) {
    REQUIRE_MESSAGE(parser_.parse(text).get(root_) == simdjson::SUCCESS, text);
  }
  // By JSON pointer; "" when it is absent or not of that type.
  std::string text(const std::string& pointer) const {
    std::string_view value;
    return root_.at_pointer(pointer).get(value) == simdjson::SUCCESS ? std::string(value) : "";
  }
  std::int64_t number(const std::string& pointer) const {
    std::int64_t value = -999;
    const auto error = root_.at_pointer(pointer).get(value);
    return error == simdjson::SUCCESS ? value : -999;
  }
  bool has(const std::string& pointer) const {
    return root_.at_pointer(pointer).error() == simdjson::SUCCESS;
  }
  bool is_null(const std::string& pointer) const {
    simdjson::dom::element value;
    return root_.at_pointer(pointer).get(value) == simdjson::SUCCESS && value.is_null();
  }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

inline bool valid_json(const std::string& text) {
  simdjson::dom::parser parser;
  return parser.parse(text).error() == simdjson::SUCCESS;
}

}  // namespace steelyard::mock::test
