#pragma once
// One chat completion from the parsed body to the charge. Pure but for the counters it draws from:
// the connection does the waiting and the writing. Internal to gateway/mock.
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/mock/answer_plan.h"
#include "gateway/mock/bill.h"
#include "gateway/mock/chat_request.h"
#include "gateway/mock/dialect.h"
#include "gateway/mock/reply_head.h"
#include "gateway/mock/settings.h"
#include "gateway/mock/stream_script.h"

namespace steelyard::mock {

// Reused from request to request.
struct ChatJob {
  ChatRequest request;
  Operation operation;                       // of another dialect than Chat, or none
  std::shared_ptr<const Settings> settings;  // keeps `model` and `behaviour` alive
  const ModelSettings* model = nullptr;
  const Behaviour* behaviour = nullptr;
  Behaviour own;  // when the request brought a directive
  std::string made_text;
  AnswerNames names;
  AnswerPlan plan;
  StreamScript script;

  int status = 200;  // else `error` says why
  ErrorReply error;
  std::string error_text;  // what `error.message` may point at
  Fault fault = Fault::none;
  std::int64_t latency_us = 0;
  std::uint64_t number = 0;  // of this request, for chance
  bool open = false;         // not on the bill yet
  bool generating = false;   // something has been generated

  // Decides all of it. `names.id` and `operation` must be set before.
  void prepare(std::shared_ptr<const Settings> current, SettingsStore& store, ChatParser& parser,
               std::string_view body);
  void start_script();

  // The charge for what was generated so far; false: nothing is billed. Reuses the strings of
  // `charge`.
  bool fill_charge(Charge& charge, End end) const;

 private:
  void refuse(int code_status, std::string_view code, std::string_view message);
  const char* read(ChatParser& parser, std::string_view body);
  bool choose_model(SettingsStore& store);
  void decide_failure();
};

}  // namespace steelyard::mock
