#pragma once
// A scripted provider: speaks OpenAI chat, breaks in every way the scenario allows, and keeps its
// own bill, computed by its own arithmetic.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/link.h"
#include "tests/sim/loop.h"
#include "tests/sim/records.h"
#include "tests/sim/scenario.h"

namespace steelyard::sim {

struct World;

// One piece of an answer: bytes, and the tokens that are billed once they are being sent.
struct AnswerStep {
  std::string bytes;
  std::int64_t tokens = 0;
  std::int64_t wait_ns = 0;  // before it
};

struct AnswerScript {
  std::vector<AnswerStep> steps;
  bool close_after = false, hard = false;  // the connection ends behind the last step
  bool stall = false;                      // nothing more ever comes
  std::int64_t bill_at_end = -1;           // output tokens of a whole answer: billed at once
  bool billed = false;
};

// What the provider reads in a request.
struct ProviderAsk {
  std::string mark, model;
  bool stream = false, include_usage = false, bounded = false;
  std::int64_t output_max = 400, input = 0;
};

class ProviderConnection {
 public:
  ProviderConnection(World& world, std::size_t provider, std::shared_ptr<Link> link,
                     std::uint64_t seed);
  void on_wake();

 private:
  bool take_request();
  void begin(const ProviderAsk& ask);
  void play();
  void flush();
  void over(bool hard);

  World& world_;
  std::size_t provider_;
  std::shared_ptr<Link> link_;
  Dice dice_;
  std::string in_, out_;
  AnswerScript script_;
  std::size_t next_step_ = 0;
  std::size_t arrival_ = 0;  // index in World::arrivals
  int served_ = 0;
  bool busy_ = false, waiting_ = false, dead_ = false;
};

// provider_ask.cpp. Reads one request off `in`. False: not whole yet. `wrong` says what is not as
// a gateway must send it.
bool read_ask(std::string& in, ProviderAsk& ask, std::string& wrong);

// provider_answer.cpp. Draws what happens to this request and writes the answer.
AnswerScript write_answer(const Scenario& scenario, Dice& dice, const ProviderAsk& ask,
                          Arrival& arrival);

}  // namespace steelyard::sim
