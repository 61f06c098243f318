#include "gateway/mock/embeddings.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "config/types/json_writer.h"
#include "gateway/mock/dialect_read.h"

namespace steelyard::mock {
namespace {

using Shape = EmbeddingAsk::Shape;

bool take(const Element& input, EmbeddingAsk& out) {
  std::string_view text;
  simdjson::dom::array list;
  if (input.get(text) == simdjson::SUCCESS) {
    out.inputs.emplace_back(text);
    out.bytes += static_cast<std::int64_t>(text.size());
    return true;
  }
  if (input.get(list) != simdjson::SUCCESS || list.size() == 0) return false;
  std::string numbers;
  for (const Element one : list) {
    std::int64_t number = 0;
    if (one.get(number) != simdjson::SUCCESS) {
      if (!take(one, out)) return false;
      continue;
    }
    numbers += std::to_string(number) + " ";
    out.bytes += 4;  // a token
  }
  if (!numbers.empty()) out.inputs.push_back(std::move(numbers));
  return true;
}

const char* take_gemini(const Element& request, EmbeddingAsk& out) {
  Element content, parts;
  simdjson::dom::array list;
  if (!child_at(request, "content", content) || !child_at(content, "parts", parts) ||
      parts.get(list) != simdjson::SUCCESS)
    return "content is not specified";
  std::string text;
  for (const Element part : list) text += text_at(part, "text");
  out.bytes += static_cast<std::int64_t>(text.size());
  out.inputs.push_back(std::move(text));
  out.dimensions = number_at(request, "outputDimensionality", out.dimensions);
  return nullptr;
}

// Numbers in [-1, 1) by a small generator seeded with the text.
std::vector<float> vector_of(std::string_view text, std::int64_t dimensions) {
  std::uint64_t state = 14'695'981'039'346'656'037u;
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  std::vector<float> out;
  for (std::int64_t i = 0; i < std::min<std::int64_t>(dimensions, 4'096); ++i) {
    state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    out.push_back(static_cast<float>(static_cast<std::int64_t>(state >> 40) - (1 << 23)) /
                  static_cast<float>(1 << 23));
  }
  return out;
}

void append_base64(std::string& out, const std::vector<float>& numbers) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  for (const float number : numbers) {
    const auto word = std::bit_cast<std::uint32_t>(number);
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 0xff);
  }
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t size = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8 | (k < size ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= size ? digits[word >> (18 - 6 * k) & 63] : '=';
  }
}

void append_numbers(std::string& out, const std::vector<float>& numbers) {
  out += '[';
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    char text[32];
    if (i != 0) out += ',';
    out.append(text, std::to_chars(text, text + sizeof text, numbers[i]).ptr);
  }
  out += ']';
}

}  // namespace

EmbeddingAsk embeddings_at(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  EmbeddingAsk ask;
  if (path == "/v1/embeddings" || path == "/embeddings") ask.shape = Shape::openai;
  for (const std::string_view prefix : {"/v1beta/models/", "/v1/models/"}) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view rest = path.substr(prefix.size());
    const std::string_view verb = rest.substr(std::min(rest.find(':'), rest.size()));
    if (verb == ":embedContent") ask.shape = Shape::gemini_one;
    if (verb == ":batchEmbedContents") ask.shape = Shape::gemini_batch;
    ask.model.assign(rest.substr(0, rest.size() - verb.size()));
  }
  return ask;
}

const char* read_embeddings(std::string_view body, EmbeddingAsk& out) {
  simdjson::dom::parser parser;
  Element document, input;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS)
    return "the body is not a JSON object";
  if (out.shape == Shape::gemini_one) return take_gemini(document, out);
  if (out.shape == Shape::gemini_batch) {
    simdjson::dom::array list;
    if (document["requests"].get(list) != simdjson::SUCCESS) return "requests is not specified";
    for (const Element one : list)
      if (const char* wrong = take_gemini(one, out)) return wrong;
    return nullptr;
  }
  out.model.assign(text_at(document, "model"));
  if (out.model.empty()) return "you must provide a `model`";
  out.dimensions = number_at(document, "dimensions", out.dimensions);
  out.base64 = text_at(document, "encoding_format") == "base64";
  if (!child_at(document, "input", input) || !take(input, out))
    return "you must provide an `input`";
  return nullptr;
}

void write_embeddings(std::string& out, const EmbeddingAsk& ask, std::int64_t input_tokens) {
  JsonWriter json(out);
  json.begin_object();
  const bool openai = ask.shape == Shape::openai, one = ask.shape == Shape::gemini_one;
  if (openai) json.field("object", "list");
  if (!one) json.key(openai ? "data" : "embeddings").begin_array();
  std::int64_t index = 0;
  for (const std::string& input : ask.inputs) {
    std::string vector;
    const std::vector<float> numbers = vector_of(input, ask.dimensions);
    if (ask.base64) {
      vector += '"';
      append_base64(vector, numbers);
      vector += '"';
    } else {
      append_numbers(vector, numbers);
    }
    if (one) json.key("embedding");
    json.begin_object();
    if (openai) json.field("object", "embedding").field("index", index++);
    json.key(openai ? "embedding" : "values").raw(vector).end_object();
  }
  if (!one) json.end_array();
  if (openai) {
    json.field("model", ask.model).key("usage").begin_object();
    json.field("prompt_tokens", input_tokens).field("total_tokens", input_tokens).end_object();
  }
  json.end_object();
}

}  // namespace steelyard::mock
