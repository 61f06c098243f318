#pragma once
// What the parties remember, for the checks at the end. Every request a client sends is marked; the
// mark travels in its text and in x-steelyard-task, so providers' bills, receipts and answers can
// be laid side by side.
#include <cstdint>
#include <string>
#include <vector>

namespace steelyard::sim {

// One whole request that reached a provider, as the provider saw it.
struct Arrival {
  std::string mark, provider, model;  // model: the catalogue's name
  std::int64_t number = 0;            // in all; every piece of text carries it
  bool stream = false, reused = false;
  const char* did = "";                            // what the script did
  std::int64_t input = 0, cached = 0, output = 0;  // billed tokens
  bool billed = false;
  bool bounded = false;            // it was told how long the answer may be
  bool race = false;               // may look like an idle close: see README, "What is assumed"
  std::int64_t output_whole = -1;  // tokens of the whole answer, when it was written to its end
  std::int64_t nano = 0;           // the bill
};

struct AttemptRecord {
  std::string provider, model;
  std::int64_t cost = 0, held = 0;
  bool by_provider = false;  // usage_source
  bool failed = false;
  int status = 0;
};

struct ReceiptRecord {
  std::string id, mark, scope, json;
  int status = 0;
  bool failed = false, over_budget = false;
  std::int64_t spend = 0, overrun = 0;
  std::vector<AttemptRecord> attempts;
};

enum class Ask : std::uint8_t { chat, models, explain, bad_key, bad_path, bad_json, bad_model };

// One request as the client sent it, and what came back.
struct Asked {
  std::string mark;
  Ask ask = Ask::chat;
  bool stream = false, wants_usage = false;
  std::size_t key = 0;
  // the answer
  bool begun = false, complete = false;
  int status = 0;
  std::string request_id, cost, model;
  std::int64_t arrival = -1;  // whose text was shown
  std::int64_t shown = 0;     // pieces of text
  bool done = false, error_event = false;
};

}  // namespace steelyard::sim
