#include "gateway/dialect/embeddings.h"

#include <doctest/doctest.h>

#include "gateway/dialect/hub_names.h"
#include "gateway/dialect/legacy_completion.h"

namespace steelyard::dialect {
namespace {

std::string refusal(std::string_view body, EmbeddingShape shape = EmbeddingShape::openai) {
  EmbeddingRequest request;
  const Result<void> read = read_embedding_request(body, shape, request);
  return read ? "" : read.error().context;
}

TEST_CASE("embeddings: what is read, and what is refused where") {
  EmbeddingRequest request;
  REQUIRE(read_embedding_request(R"({"model":"m","input":["a",[1,2,3],"b"],"dimensions":8})",
                                 EmbeddingShape::openai, request));
  CHECK(request.inputs == 3);
  CHECK(request.texts.size() == 2);
  CHECK(request.given_tokens == 3);
  CHECK(request.dimensions == 8);
  REQUIRE(
      read_embedding_request(R"({"input":[1,2],"model":"m"})", EmbeddingShape::openai, request));
  CHECK(request.inputs == 1);
  CHECK(request.given_tokens == 2);
  struct Row {
    const char* body;
    const char* place;
  };
  for (const Row& row :
       {Row{"[]", "``"}, Row{"{}", "`/model`"}, Row{R"({"model":"m"})", "`/input`"},
        Row{R"({"model":"m","input":{}})", "`/input`"},
        Row{R"({"model":"m","input":["a",null]})", "`/input/1`"},
        Row{R"({"model":"m","input":[1,"a"]})", "`/input/1`"},
        Row{R"({"model":"m","input":[[1,-1]]})", "`/input/0/1`"},
        Row{R"({"model":"m","input":"a","dimensions":0})", "`/dimensions`"},
        Row{R"({"model":"m","model":"n","input":"a"})", "`/model`"},
        Row{R"({"model":"m","input":"a"} x)", "``"}}) {
    const std::string text = refusal(row.body);
    CHECK_MESSAGE(text != "", row.body);
    if (std::string(row.place) != "``")
      CHECK_MESSAGE(text.find(row.place) != std::string::npos, text);
  }
  CHECK(refusal(R"({"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{}}]})",
                EmbeddingShape::gemini_batch)
            .find("`/requests/1/content`") != std::string::npos);
}

TEST_CASE("embeddings: both shapes written for the other") {
  EmbeddingRequest request;
  std::string out;
  REQUIRE(read_embedding_request(R"({ "model" : "m", "x":1, "input":"h\u00e9"})",
                                 EmbeddingShape::openai, request));
  REQUIRE(write_embedding_request(out, request, EmbeddingShape::openai, "their/m"));
  CHECK(out == R"({ "model" : "their/m", "x":1, "input":"h\u00e9"})");
  out.clear();
  REQUIRE(write_embedding_request(out, request, EmbeddingShape::gemini_batch, "g"));
  CHECK(out == R"({"requests":[{"model":"models/g","content":{"parts":[{"text":"h\u00e9"}]}}]})");
  REQUIRE(read_embedding_request(
      R"({"content":{"parts":[{"text":"a "},{"text":"b"}]},"output_dimensionality":4})",
      EmbeddingShape::gemini_one, request));
  out.clear();
  REQUIRE(write_embedding_request(out, request, EmbeddingShape::openai, "m"));
  CHECK(out == R"({"model":"m","input":["a b"],"dimensions":4,"encoding_format":"float"})");
}

TEST_CASE("embeddings: vectors as numbers and as base64 of little-endian floats") {
  EmbeddingRequest request;
  REQUIRE(read_embedding_request(R"({"model":"m","input":"a","encoding_format":"base64"})",
                                 EmbeddingShape::openai, request));
  EmbeddingAnswer answer;
  read_embedding_answer(R"({"embeddings":[{"values":[1, -0.5 ,2e0]}]})", answer);
  REQUIRE(answer.valid);
  std::string out;
  REQUIRE(write_embedding_answer(out, request, answer, "m", 3));
  CHECK(
      out ==
      R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAL8AAABA"}],)"
      R"("model":"m","usage":{"prompt_tokens":3,"total_tokens":3}})");
  EmbeddingAnswer encoded;
  read_embedding_answer(
      R"({"data":[{"embedding":"AACAPwAAAL8AAABA"}],"usage":{"prompt_tokens":2}})", encoded);
  REQUIRE(encoded.valid);
  CHECK(encoded.usage.prompt == 2);
  EmbeddingAnswer total_only;  // Voyage's
  read_embedding_answer(R"({"data":[{"embedding":[1]}],"usage":{"total_tokens":7}})", total_only);
  CHECK((total_only.usage.present && total_only.usage.prompt == 7));
  REQUIRE(read_embedding_request(R"({"content":{"parts":[{"text":"a"}]}})",
                                 EmbeddingShape::gemini_one, request));
  out.clear();
  REQUIRE(write_embedding_answer(out, request, encoded, "m", 2));
  CHECK(out == R"({"embedding":{"values":[1,-0.5,2]}})");
  for (const char* bad : {"", "[]", R"({"error":{}})", R"({"data":5})"}) {
    EmbeddingAnswer none;
    read_embedding_answer(bad, none);
    CHECK_FALSE(none.valid);
  }
}

TEST_CASE("legacy completions: what the hold rests on") {
  LegacyCompletion request;
  REQUIRE(read_legacy_completion(
      R"({"model":"m","prompt":["a",[1,2]],"n":2,"best_of":3,"max_tokens":10,"stream":true})",
      request));
  CHECK(request.prompt_count == 2);
  CHECK(request.given_tokens == 2);
  CHECK(request.output_tokens() == 60);
  CHECK(request.stream);
  REQUIRE(read_legacy_completion(R"({"model":"m","prompt":[1,2,3]})", request));
  CHECK(request.prompt_count == 1);
  CHECK(request.output_tokens() == 16);
  CHECK_FALSE(read_legacy_completion(R"({"model":"m","prompt":{}})", request));
  CHECK_FALSE(read_legacy_completion(R"({"prompt":"a"})", request));
  CHECK_FALSE(read_legacy_completion(R"({"model":"m","n":0})", request));
}

TEST_CASE("tool names: legal ones stay, others get one of their own") {
  using hub::Wire;
  CHECK(hub::is_legal_name(Wire::openai_chat, std::string(64, 'a')));
  CHECK_FALSE(hub::is_legal_name(Wire::openai_chat, std::string(65, 'a')));
  CHECK(hub::is_legal_name(Wire::anthropic, std::string(128, 'a')));
  CHECK_FALSE(hub::is_legal_name(Wire::anthropic, "a.b"));
  CHECK(hub::is_legal_name(Wire::gemini, "a.b:c"));
  CHECK_FALSE(hub::is_legal_name(Wire::gemini, "1a"));
  std::string first, second;
  hub::append_legal_name(first, std::string(80, 'a') + "1");
  hub::append_legal_name(second, std::string(80, 'a') + "2");
  CHECK(first != second);
  for (const std::string& made : {first, second})
    for (const Wire wire : {Wire::openai_chat, Wire::anthropic, Wire::gemini})
      CHECK(hub::is_legal_name(wire, made));
  std::string digit;
  hub::append_legal_name(digit, "9.x");
  CHECK(hub::is_legal_name(Wire::gemini, digit));
  hub::Request request;
  hub::Tool tool;
  tool.name = "math.add";
  request.tools.push_back(tool);
  hub::Part call;
  call.kind = hub::PartKind::tool_use;
  call.name = "math.add";
  request.parts.push_back(call);
  hub::ToolRenames names;
  names.apply(Wire::openai_chat, request);
  CHECK(request.tools[0].name == request.parts[0].name);
  CHECK(request.tools[0].name.starts_with("math_add_"));
  CHECK(names.original(request.tools[0].name) == "math.add");
  CHECK(names.original("other") == "other");
}

}  // namespace
}  // namespace steelyard::dialect
