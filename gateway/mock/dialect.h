#pragma once
// What the pretend provider speaks beside OpenAI Chat: a request read into the same facts, the same
// plan said in another dialect, whole or as events, with that dialect's own usage arithmetic. One
// file per dialect; the list is dialects() in dialect.cpp. Pure. Internal to gateway/mock.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/mock/answer_plan.h"
#include "gateway/mock/reply_head.h"

namespace simdjson {
namespace dom {
class element;
}
}  // namespace simdjson

namespace steelyard::mock {

// Bytes that go out at once. Rounds are what pacing and `after_chunks` count.
struct ScriptEvent {
  std::string bytes;
  std::int64_t tokens = 0;
  bool round = false;
};

struct Dialect {
  std::string_view name;
  // Fills `out` but for the path's facts; nullptr, or what is wrong with the body.
  const char* (*read)(const simdjson::dom::element& body, bool directives, ChatRequest& out);
  std::string_view id_prefix;  // of answers
  void (*write)(std::string& out, const AnswerNames& names, const AnswerPlan& plan,
                const Behaviour& behaviour);
  // The whole stream; `fault`: error_event, huge_line, bad_body, no_finish and no_done show in it.
  void (*script)(std::vector<ScriptEvent>& out, const AnswerNames& names, const AnswerPlan& plan,
                 const Behaviour& behaviour, Fault fault);
  void (*write_error)(std::string& out, const ErrorReply& error);
  std::string_view ping;  // a whole event; "" there is none
  std::string_view stream_type = "text/event-stream; charset=utf-8";
};

extern const Dialect anthropic_dialect, responses_dialect, gemini_dialect, bedrock_dialect;
// What Bedrock says of an error beside its body: "ThrottlingException".
std::string_view bedrock_error_kind(int status);

// What a POST to this path asks for.
struct Operation {
  const Dialect* dialect = nullptr;    // null: none of these
  std::string_view model;              // where the path names it; may be percent-encoded
  bool stream = false, array = false;  // Gemini: the path says so; one JSON array, not events
  bool count = false;                  // only a count of tokens
};
Operation operation_of(std::string_view target);

// As it stands in a path; what is no escape stays.
std::string percent_decoded(std::string_view text);

// For the dialects' files.
// The text of an answer, or its next `tokens` of it, not escaped; "" at the end.
std::string take_pieces(Pieces& pieces, std::int64_t tokens);
std::string_view suffix_of(const AnswerNames& names);  // of the id, the same in all its names
// "data: ..." with the behaviour's line ends; with `name`, an `event:` line before it.
std::string event_bytes(std::string_view name, std::string_view json, const Behaviour& behaviour);
// Puts one event behind the others, as `fault` spoils it; rounds are counted by the caller.
class ScriptWriter {
 public:
  ScriptWriter(std::vector<ScriptEvent>& out, const Behaviour& behaviour, Fault fault)
      : out_(out), behaviour_(behaviour), fault_(fault) {}

  void add(std::string_view name, std::string_view json);
  // A round of content. False: the stream ends here, with the dialect's error (`error`: its JSON).
  bool round(std::string_view name, std::string json, std::int64_t tokens,
             std::string_view error_name, std::string_view error);
  // The error that ends it, if it is to strike and has not yet.
  bool failed_late(std::string_view error_name, std::string_view error);
  std::string text(std::string piece) const;  // huge_line: the first one is long

 private:
  std::vector<ScriptEvent>& out_;
  const Behaviour& behaviour_;
  Fault fault_;
  std::int64_t rounds_ = 0;
};

}  // namespace steelyard::mock
