#include <doctest/doctest.h>
#include <simdjson.h>

#include "gateway/mock/dialect.h"
#include "gateway/mock/embeddings.h"

namespace steelyard::mock {
namespace {

struct Made {
  ChatRequest request;
  AnswerNames names;
  AnswerPlan plan;
  std::string text;
};

void make(const Dialect& dialect, std::string_view body, const Behaviour& behaviour, Made& out) {
  ChatParser parser;
  const std::string padded = std::string(body) + std::string(ChatParser::kBodyPadding, ' ');
  const char* const wrong =
      parser.parse(dialect, std::string_view(padded).substr(0, body.size()), true, out.request);
  REQUIRE_MESSAGE(wrong == nullptr, wrong);
  out.names = {std::string(dialect.id_prefix) + "abc1", "m", 1};
  out.plan = plan_answer(out.request, behaviour, out.text);
}

struct Case {
  const Dialect* dialect;
  const char* body;  // 20 bytes of text, a tool
};
const Case cases[] = {{&anthropic_dialect, R"({"model":"m","max_tokens":50,"system":"0123456789",
        "messages":[{"role":"user","content":[{"type":"text","text":"0123456789"}]}],
        "tools":[{"name":"f","input_schema":{"type":"object"}}]})"},
                      {&responses_dialect, R"({"model":"m","instructions":"0123456789",
        "input":[{"role":"user","content":[{"type":"input_text","text":"0123456789"}]}],
        "tools":[{"type":"function","name":"f","parameters":{"type":"object"}}]})"},
                      {&gemini_dialect, R"({"systemInstruction":{"parts":[{"text":"0123456789"}]},
        "contents":[{"parts":[{"text":"0123456789"}]}],
        "tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"object"}}]}]})"}};

TEST_CASE("mock dialects: what a request holds is the same in each") {
  for (const Case& one : cases) {
    CAPTURE(one.dialect->name);
    Made made;
    make(*one.dialect, one.body, {}, made);
    CHECK(made.plan.input == 5);
    CHECK(made.request.question == " 0123456789");
    CHECK(made.request.tool_name == "f");
    CHECK(made.request.tool_arguments == "{}");
    CHECK_FALSE(made.request.tool_required);
  }
}

TEST_CASE("mock dialects: whole answers and events are JSON, with every kind of answer and fault") {
  simdjson::dom::parser parser;
  for (const Case& one : cases)
    for (const Answer kind : {Answer::text, Answer::empty, Answer::refusal, Answer::tool_call,
                              Answer::json, Answer::invalid_json})
      for (const Fault fault :
           {Fault::none, Fault::error_event, Fault::no_finish, Fault::no_done}) {
        CAPTURE(one.dialect->name);
        CAPTURE(static_cast<int>(kind));
        Behaviour behaviour;
        behaviour.answer = kind;
        behaviour.reasoning_tokens = 3;
        behaviour.tool_calls = 2;
        Made made;
        make(*one.dialect, one.body, behaviour, made);
        std::string whole;
        one.dialect->write(whole, made.names, made.plan, behaviour);
        CHECK(parser.parse(whole).error() == simdjson::SUCCESS);
        std::vector<ScriptEvent> events;
        one.dialect->script(events, made.names, made.plan, behaviour, fault);
        REQUIRE_FALSE(events.empty());
        std::int64_t tokens = 0;
        for (const ScriptEvent& event : events) {
          const std::size_t data = event.bytes.find("data: ");
          REQUIRE(data != std::string::npos);
          CHECK(parser.parse(event.bytes.substr(data + 6)).error() == simdjson::SUCCESS);
          CHECK(event.bytes.ends_with("\n\n"));
          tokens += event.tokens;
        }
        const bool shown = kind == Answer::text || kind == Answer::tool_call;
        if (fault == Fault::none && shown) CHECK(tokens == made.plan.tokens);
      }
}

TEST_CASE("mock dialects: paths") {
  CHECK(operation_of("/v1/messages?beta=true").dialect == &anthropic_dialect);
  CHECK(operation_of("/v1/messages/count_tokens").count);
  CHECK(operation_of("/responses").dialect == &responses_dialect);
  const Operation stream = operation_of("/v1beta/models/gemini-x:streamGenerateContent?alt=sse");
  CHECK(stream.dialect == &gemini_dialect);
  CHECK(stream.stream);
  CHECK_FALSE(stream.array);
  CHECK(stream.model == "gemini-x");
  CHECK(operation_of("/v1/models/x:streamGenerateContent").array);
  CHECK(operation_of("/v1/chat/completions").dialect == nullptr);
  CHECK(operation_of("/v1/models/x").dialect == nullptr);
}

TEST_CASE("mock embeddings: the same text has the same vector, in either form") {
  EmbeddingAsk ask = embeddings_at("/v1/embeddings");
  REQUIRE(read_embeddings(R"({"model":"m","input":["a","b","a",[1,2]],"dimensions":3})", ask) ==
          nullptr);
  CHECK(ask.inputs.size() == 4);
  CHECK(ask.bytes == 11);
  std::string out;
  write_embeddings(out, ask, 3);
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  REQUIRE(parser.parse(out).get(document) == simdjson::SUCCESS);
  const auto vector = [&](std::size_t i) {
    return simdjson::minify(document["data"].at(i)["embedding"].value());
  };
  CHECK(vector(0) == vector(2));
  CHECK(vector(0) != vector(1));
  EmbeddingAsk none = embeddings_at("/v1/embeddings");
  CHECK(read_embeddings(R"({"model":"m"})", none) != nullptr);
  CHECK(embeddings_at("/v1beta/models/x:embedContent").model == "x");
  CHECK(embeddings_at("/v1beta/models/x").shape == EmbeddingAsk::Shape::none);
}

}  // namespace
}  // namespace steelyard::mock
