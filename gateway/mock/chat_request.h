#pragma once
// The few facts the pretend provider needs of a chat completions request. Internal to gateway/mock.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace simdjson {
namespace dom {
class element;
}
}  // namespace simdjson

namespace steelyard::mock {

struct Dialect;

// Reused from request to request: its strings keep their capacity.
struct ChatRequest {
  std::string model;
  bool stream = false;
  bool include_usage = false;
  std::int64_t max_tokens = -1;   // max_completion_tokens, else max_tokens; -1: none
  std::int64_t choices = 1;       // `n`
  std::int64_t prompt_bytes = 0;  // UTF-8 bytes of all message texts, JSON escapes resolved
  std::string question;        // a space and the start of the last user message, without directive
  std::string directive;       // the object inside {"mock": ...}, or empty
  std::string tool_name;       // the tool it would call, or empty when none is offered
  std::string tool_arguments;  // an instance of that tool's schema
  bool tool_required = false;  // tool_choice demands a call
  bool wants_json = false;     // response_format
  std::string json_instance;   // an instance of its schema

  void clear();
};

// What the last user message asks: its start, and a directive before it.
void take_question(std::string_view text, bool directives, ChatRequest& out);

// Parses bodies; one per thread. `body` must be readable for kBodyPadding bytes past its end.
class ChatParser {
 public:
  static constexpr std::size_t kBodyPadding = 64;

  ChatParser();
  ~ChatParser();
  // nullptr on success, else a clause that says what is wrong with the request (400).
  const char* parse(std::string_view body, bool directives, ChatRequest& out);
  // The same for another dialect. What the path says is put into `out` behind it.
  const char* parse(const Dialect& dialect, std::string_view body, bool directives,
                    ChatRequest& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Appends the smallest JSON value that fits `schema` (the common parts of JSON Schema: type, enum,
// const, default, properties, required, items, minItems, anyOf/oneOf, minimum); null where it
// cannot tell.
void append_instance(std::string& out, const simdjson::dom::element& schema, int depth = 0);

}  // namespace steelyard::mock
