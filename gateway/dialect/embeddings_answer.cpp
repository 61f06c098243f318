// Answers of embeddings: what they say, and the same written for a client of the other shape.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "gateway/dialect/embeddings.h"
#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/openai_usage.h"

namespace steelyard::dialect {
namespace {

enum TopKey { kData, kUsage, kEmbedding, kEmbeddings, kUsageMetadata, kPredictions, kTitanTokens };
constexpr KeyTable kTotalOnly(key_names("total_tokens"));
constexpr KeyTable kTop(key_names("data", "usage", "embedding", "embeddings", "usageMetadata",
                                  "predictions", "inputTextTokenCount"));
constexpr KeyTable kItem(key_names("embedding"));
constexpr KeyTable kValues(key_names("values", "float", "statistics"));
constexpr KeyTable kStatistics(key_names("token_count"));
constexpr KeyTable kPrediction(key_names("embeddings"));
constexpr KeyTable kGeminiUsage(key_names("promptTokenCount", "totalTokenCount"));

class Reader {
 public:
  Reader(std::string_view body, EmbeddingAnswer& out) : reader_(body), out_(out) {}

  void run() {
    if (reader_.cursor.peek() != '{') return;
    const bool ok = reader_.object(kTop, [this](int key) { return top(key); });
    out_.valid = ok && seen_;
  }

 private:
  bool top(int key) {
    switch (key) {
      case kData:
        seen_ = seen_ || reader_.cursor.peek() == '[';
        return reader_.array([this] {
          return reader_.object(
              kItem, [this](int k) { return k == 0 ? vector() : reader_.cursor.skip_value(); });
        });
      case kUsage: return usage();
      case kEmbedding: return values();
      case kEmbeddings:
        if (reader_.cursor.peek() == '{') return values();  // Cohere's by kind
        return reader_.array([this] { return values(); });
      case kUsageMetadata:
        return reader_.object(kGeminiUsage, [this](int k) {
          if (k < 0) return reader_.cursor.skip_value();
          return reader_.integer(out_.usage.prompt, out_.usage.present);
        });
      case kPredictions:
        return reader_.array([this] {
          return reader_.object(kPrediction, [this](int k) {
            return k == 0 ? values() : reader_.cursor.skip_value();
          });
        });
      case kTitanTokens: return reader_.integer(out_.usage.prompt, out_.usage.present);
      default: return reader_.cursor.skip_value();
    }
  }

  // Voyage tells the total alone: nothing but the input is in it.
  bool usage() {
    std::string_view raw;
    if (!reader_.cursor.take_raw(raw)) return false;
    LenientReader usual(raw), total(raw);
    if (!openai::read_usage(usual, out_.usage) || out_.usage.present) return true;
    return total.object(kTotalOnly, [&](int key) {
      return key == 0 ? total.integer(out_.usage.prompt, out_.usage.present)
                      : total.cursor.skip_value();
    });
  }

  // {"values":[...]}, with Vertex's count; Cohere's {"float":[[...]]}; or the numbers themselves.
  bool values() {
    if (reader_.cursor.peek() == '[') {
      seen_ = true;
      return vector();
    }
    seen_ = seen_ || reader_.cursor.peek() == '{';
    return reader_.object(kValues, [this](int k) {
      if (k == 0) return vector();
      if (k == 1) return reader_.array([this] { return vector(); });
      return k == 2 ? statistics() : reader_.cursor.skip_value();
    });
  }

  bool statistics() {
    return reader_.object(kStatistics, [this](int k) {
      std::int64_t tokens = 0;
      if (k != 0) return reader_.cursor.skip_value();
      if (!reader_.integer(tokens, out_.usage.present)) return false;
      out_.usage.prompt =
          std::min(out_.usage.prompt + std::max<std::int64_t>(tokens, 0), usage_tokens_max);
      return true;
    });
  }

  bool vector() {
    if (reader_.cursor.peek() == '"') {
      out_.base64 = true;
      return reader_.text(out_.vectors.emplace_back());
    }
    return reader_.cursor.take_raw(out_.vectors.emplace_back());
  }

  LenientReader reader_;
  EmbeddingAnswer& out_;
  bool seen_ = false;
};

// "[0.1, -2e-3]" as little-endian floats of 32 bits. False: it is something else.
bool floats_of(std::string_view array, std::string& bytes) {
  bytes.clear();
  if (!array.starts_with('[')) return false;
  const char* at = array.data() + 1;
  const char* const end = array.data() + array.size();
  while (at != end && *at != ']') {
    if (*at == ' ' || *at == ',' || *at == '\n' || *at == '\r' || *at == '\t') {
      ++at;
      continue;
    }
    float value = 0;
    const auto read = std::from_chars(at, end, value);
    if (read.ec != std::errc()) return false;
    auto word = std::bit_cast<std::uint32_t>(value);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap32(word);
    char four[4];
    std::memcpy(four, &word, sizeof four);
    bytes.append(four, sizeof four);
    at = read.ptr;
  }
  return true;
}

bool numbers_of(std::string_view base64, std::string& array) {
  std::string bytes;
  if (!hub::decode_base64(bytes, base64) || bytes.size() % 4 != 0) return false;
  array = "[";
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap32(word);
    char digits[32];
    const auto done = std::to_chars(digits, digits + sizeof digits, std::bit_cast<float>(word));
    if (i != 0) array += ',';
    array.append(digits, done.ptr);
  }
  array += ']';
  return true;
}

// Appends the vector as the client wants it.
bool write_vector(hub::PieceWriter& json, std::string_view vector, bool is_base64, bool as_base64) {
  std::string made;
  if (as_base64 && !is_base64) {
    std::string bytes;
    if (!floats_of(vector, bytes)) return false;
    hub::append_base64(made, bytes);
    json.escaped(made);
  } else if (!as_base64 && is_base64) {
    if (!numbers_of(vector, made)) return false;
    json.raw(made);
  } else if (is_base64) {
    json.escaped(vector);
  } else {
    json.raw(vector);
  }
  return true;
}

}  // namespace

void read_embedding_answer(std::string_view body, EmbeddingAnswer& out) {
  out = {};
  Reader(body, out).run();
}

bool write_embedding_answer(std::string& out, const EmbeddingRequest& request,
                            const EmbeddingAnswer& answer, std::string_view model,
                            std::int64_t input_tokens) {
  hub::PieceWriter json(out);
  json.open('{');
  if (request.shape == EmbeddingShape::openai) {
    json.field("object", "list").key("data").open('[');
    std::int64_t index = 0;
    for (const std::string_view vector : answer.vectors) {
      json.open('{').field("object", "embedding").field_number("index", index++).key("embedding");
      if (!write_vector(json, vector, answer.base64, request.base64)) return false;
      json.close('}');
    }
    json.close(']').field("model", model).key("usage").open('{');
    json.field_number("prompt_tokens", input_tokens).field_number("total_tokens", input_tokens);
    json.close('}').close('}');
    return true;
  }
  const bool one = request.shape == EmbeddingShape::gemini_one;
  if (!one) json.key("embeddings").open('[');
  for (const std::string_view vector : answer.vectors) {
    if (one) json.key("embedding");
    json.open('{').key("values");
    if (!write_vector(json, vector, answer.base64, false)) return false;
    json.close('}');
    if (one) break;
  }
  if (!one) json.close(']');
  json.close('}');
  return true;
}

}  // namespace steelyard::dialect
