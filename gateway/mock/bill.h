#pragma once
// What the pretend provider would charge: counted where the answer is generated, so that a
// gateway's books can be compared with it to the nano-dollar.
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/money.h"
#include "config/types/result.h"

namespace steelyard::mock {

// Decimal text, USD per million tokens ("0.15"), at most 6 decimals, 0..1,000,000. Exact: no
// floating point.
Result<PicoUsd> parse_price(std::string_view usd_per_million);

struct Prices {
  PicoUsd input;
  PicoUsd cached;  // for the cached part of the input
  PicoUsd output;
};

enum class End : std::uint8_t {
  completed,  // everything was generated
  cut,        // the mock itself stopped: a fault, or stop()
  aborted,    // the client went away
};
const char* name_of(End end);

struct Charge {
  std::string id;  // as in the answer: chatcmpl-...
  std::string model;
  std::int64_t input_tokens = 0;  // cached part included
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;  // reasoning included
  std::int64_t web_searches = 0;
  NanoUsd web_search_price;  // each
  NanoUsd cost;
  bool stream = false;
  End end = End::completed;
};

struct Totals {
  std::int64_t requests = 0;  // billed ones
  std::int64_t errors =
      0;  // answered with an error status, or failed before anything was generated: not billed
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t web_searches = 0;
  NanoUsd cost;

  void add(const Charge& charge);
};

struct BillSnapshot {
  std::map<std::string, Totals, std::less<>> models;
  Totals total;
  std::vector<Charge> charges;  // oldest first, the last `charges_kept` of MockOptions
};

// Shared by all threads of a mock. A charge is on the bill before the last byte of its answer is
// sent.
class Bill {
 public:
  explicit Bill(std::size_t charges_kept) : kept_(charges_kept) {}

  void add(const Charge& charge);
  void add_error(std::string_view model);
  void reset();
  BillSnapshot snapshot() const;

 private:
  Totals& totals_of(std::string_view model);
  const std::size_t kept_;
  mutable std::mutex mutex_;
  std::map<std::string, Totals, std::less<>> models_;
  std::vector<Charge> ring_;  // slots are reused, so a full ring costs no allocation
  std::size_t next_ = 0;
};

// Tokens times prices, rounded up once, and the searches.
NanoUsd cost_of(const Charge& charge, const Prices& prices);

// {"models":{...},"total":{...},"charges":[...]}, money in integer nano-USD.
std::string bill_json(const BillSnapshot& bill);

}  // namespace steelyard::mock
