#pragma once
// Shared by the tests of answers through the hub: events as text, the meaning of an answer, the
// order events must keep.
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/hub_wires.h"

namespace steelyard::dialect::testing {

// One event a line.
class EventLog final : public hub::EventSink {
 public:
  void take(const hub::Event& event) override;
  std::string text;
  hub::Dropped lost;
};

// What a user gets of an answer, whatever its framing, for choice 0.
class Meaning final : public hub::EventSink {
 public:
  void take(const hub::Event& event) override;
  std::string to_text() const;

  std::string text, thinking, signature, redacted, refusal;  // escaped
  std::vector<std::string> calls;                            // "id name arguments"
  hub::StopReason stop = hub::StopReason::none;
  ReportedUsage usage;
  UpstreamFault fault;
  bool ended = false, native = false;
  bool custom = false;  // a call with free text

 private:
  std::string call_;
};

// Checks the order hub_answer.h promises; fault() is "" or the first break.
class OrderCheck final : public hub::EventSink {
 public:
  explicit OrderCheck(hub::EventSink* next = nullptr) : next_(next) {}
  void take(const hub::Event& event) override;
  const std::string& fault() const { return fault_; }

 private:
  struct Choice {
    std::uint32_t index = 0, next = 0;
    bool open = false, stopped = false;
    hub::BlockKind kind = hub::BlockKind::text;
  };
  Choice& choice(std::uint32_t index);
  void wrong(const char* what) {
    if (fault_.empty()) fault_ = what;
  }
  hub::EventSink* next_;
  std::vector<Choice> choices_;
  std::string fault_;
  bool over_ = false, started_ = false;
};

// What the matrices of requests and of answers, and the goldens beside them, try.
inline constexpr hub::Wire client_wires[] = {hub::Wire::openai_chat, hub::Wire::openai_responses,
                                             hub::Wire::anthropic, hub::Wire::gemini};
inline constexpr hub::Wire provider_wires[] = {hub::Wire::openai_chat, hub::Wire::openai_responses,
                                               hub::Wire::anthropic, hub::Wire::gemini,
                                               hub::Wire::converse};
// Of a bridge between them, for a request that has a name and a time.
hub::BridgeOptions bridge_of(hub::Wire provider, hub::Wire client);
// A stream that `provider` sent, as the whole answer that a client of `client` makes of it.
std::string whole_of(std::string_view stream, hub::Wire provider, hub::Wire client);
// "kept /a/0 5; told b" into its clauses.
std::vector<std::string> clauses_of(std::string_view cell);
// "/a/0 5": "" when that stands there in `body` (without a value: when anything does), or what is
// wrong.
std::string check_kept(const std::string& body, std::string_view clause);

// The answer of a dialect, streamed or whole, into a sink. False if it did not end well.
bool run_messages(std::string_view body, bool stream, hub::EventSink& sink);
bool run_contents(std::string_view body, bool stream, hub::EventSink& sink);
bool run_chat(std::string_view body, bool stream, hub::EventSink& sink);
bool run_responses(std::string_view body, bool stream, hub::EventSink& sink);

}  // namespace steelyard::dialect::testing
