#include "gateway/dialect/embeddings.h"

#include "gateway/dialect/gemini_keys.h"
#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/hub_read.h"
#include "gateway/dialect/openai_request.h"

namespace steelyard::dialect {
namespace {

using hub::Document;

enum TopKey { kModel, kInput, kDimensions, kUser, kFormat };
constexpr KeyTable kTop(key_names("model", "input", "dimensions", "user", "encoding_format"));
enum GeminiKey { kContent, kTask, kTitle, kOutputDimensions, kGeminiModel };
constexpr KeyTable kGemini(key_names("content", "taskType", "title", "outputDimensionality",
                                     "model"));
constexpr KeyTable kContentKeys(key_names("parts"));
constexpr KeyTable kPartKeys(key_names("text"));
constexpr KeyTable kBatch(key_names("requests"));
constexpr std::int64_t dimensions_max = 1 << 20, token_max = std::int64_t{1} << 31;

class Reader {
 public:
  Reader(Document& document, EmbeddingRequest& out)
      : document_(document), reader_(document.reader), out_(out) {}

  bool run() {
    bool ok = false;
    if (reader_.cursor.peek() != '{') return reader_.enter(root_, '{', "must be a JSON object");
    switch (out_.shape) {
      case EmbeddingShape::openai: ok = openai(); break;
      case EmbeddingShape::gemini_one: ok = gemini(root_); break;
      case EmbeddingShape::gemini_batch: ok = batch(); break;
      case EmbeddingShape::vertex:  // no client's
      case EmbeddingShape::titan:
      case EmbeddingShape::cohere: break;
    }
    if (!ok) return false;
    return reader_.cursor.at_end() || reader_.refuse(root_, "goes on after its end");
  }

 private:
  bool openai() {
    if (!reader_.enter(root_, '{', "must be a JSON object")) return false;
    StrictReader::Members members;
    bool given = false;
    for (int key; (key = reader_.next(members, kTop, root_)) != StrictReader::kEnd;) {
      if (key == StrictReader::kUnknown) {
        if (!document_.skip_unknown()) return false;
        continue;
      }
      const Where where{&root_, kTop.name(static_cast<std::size_t>(key))};
      given = given || key == kInput;
      if (!member(key, where)) return false;
    }
    if (reader_.failed()) return false;
    if (out_.model.empty()) return reader_.refuse({&root_, "model"}, "is missing");
    return given || reader_.refuse({&root_, "input"}, "is missing");
  }

  bool member(int key, const Where& where) {
    switch (key) {
      case kModel: {
        if (reader_.cursor.peek() != '"') return reader_.refuse(where, "must be a string");
        const std::size_t begin = reader_.cursor.offset();
        if (!reader_.cursor.take_string(out_.model)) return false;
        out_.model_token = reader_.range_from(begin);
        return openai::is_model_token(out_.model) || reader_.refuse(where, "is no model name");
      }
      case kInput: return input(where);
      case kDimensions: return reader_.read_integer(where, 1, dimensions_max, out_.dimensions);
      case kUser:
        if (!reader_.read_string(where, out_.user)) return false;
        if (!out_.user.empty()) out_.lost.add(hub::Loss::user);
        return true;
      default: {
        std::string_view format;
        if (!reader_.read_string(where, format)) return false;
        out_.base64 = format == "base64";
        return format.empty() || format == "float" || format == "base64" ||
               reader_.refuse(where, "must be \"float\" or \"base64\"");
      }
    }
  }

  // A string, token numbers, or an array of either.
  bool input(const Where& where) {
    if (reader_.cursor.peek() == '"') return text(where);
    if (!reader_.enter(where, '[', "must be a string or an array")) return false;
    std::size_t index = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++index) {
      const Where element{&where, {}, index};
      const char c = reader_.cursor.peek();
      const bool number = (c >= '0' && c <= '9') || c == '-';
      if (number && (index == 0 || flat_)) {
        flat_ = true;
        if (!token(element)) return false;
        if (index == 0) ++out_.inputs;
      } else if (flat_) {
        return reader_.refuse(element, "must be a token number, as those before it");
      } else if (c == '"') {
        if (!text(element)) return false;
      } else if (!tokens(element)) {
        return false;
      }
    }
    if (reader_.failed()) return false;
    return index != 0 || reader_.refuse(where, "is empty");
  }

  bool text(const Where& where) {
    if (!one_more(where)) return false;
    std::string_view inside;
    if (!reader_.cursor.take_string(inside)) return false;
    out_.texts.push_back(inside);
    out_.text_input.push_back(out_.inputs - 1);
    return true;
  }

  bool token(const Where& where) {
    std::int64_t number = 0;
    out_.tokens = true;
    ++out_.given_tokens;
    return reader_.read_integer(where, 0, token_max, number);
  }

  bool tokens(const Where& where) {
    if (!one_more(where)) return false;
    if (!reader_.enter(where, '[', "must be a string or an array of token numbers")) return false;
    std::size_t index = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++index)
      if (!token({&where, {}, index})) return false;
    return !reader_.failed();
  }

  bool one_more(const Where& where) {
    if (out_.inputs == embedding_inputs_max) return reader_.refuse(where, "is one input too many");
    ++out_.inputs;
    return true;
  }

  bool batch() {
    bool given = false;
    const bool ok = gemini::object(document_, root_, kBatch, [&](int, const Where& where) {
      given = true;
      return gemini::each(document_, where, embedding_inputs_max,
                          [&](const Where& one) { return gemini(one); });
    });
    if (!ok) return false;
    return (given && out_.inputs != 0) || reader_.refuse({&root_, "requests"}, "is missing");
  }

  bool gemini(const Where& where) {
    if (!one_more(where)) return false;
    const std::size_t before = out_.texts.size();
    const bool ok = gemini::object(
        document_, where, kGemini,
        [&](int key, const Where& at) {
          switch (key) {
            case kContent:
              return gemini::object(document_, at, kContentKeys, [&](int, const Where& parts) {
                return gemini::each(document_, parts, hub::parts_max,
                                    [&](const Where& part) { return gemini_part(part); });
              });
            case kOutputDimensions:
              return reader_.read_integer(at, 1, dimensions_max, out_.dimensions);
            case kGeminiModel: return reader_.cursor.skip_value();  // the path says which
            default:
              // Task and title.
              if (const char c = reader_.cursor.peek(); c != '"' && c != 'n')
                return reader_.refuse(at, "must be a string or null");
              return document_.skip_unknown();
          }
        },
        [&](std::string_view) { return document_.skip_unknown(); });
    if (!ok) return false;
    const Where content{&where, "content"};
    return out_.texts.size() > before || reader_.refuse(content, "has no text");
  }

  bool gemini_part(const Where& where) {
    return gemini::object(
        document_, where, kPartKeys,
        [&](int, const Where& at) {
          std::string_view inside;
          if (!reader_.read_string(at, inside)) return false;
          out_.texts.push_back(inside);
          out_.text_input.push_back(out_.inputs - 1);
          return true;
        },
        [&](std::string_view) {
          out_.lost.add(hub::Loss::images);
          return reader_.cursor.skip_value();
        });
  }

  Document& document_;
  StrictReader& reader_;
  EmbeddingRequest& out_;
  Where root_;
  bool flat_ = false;
};

// The text of one input: its pieces, of which OpenAI's shape has one.
void write_text(hub::PieceWriter& json, const EmbeddingRequest& request, std::size_t& at) {
  const std::uint32_t input = request.text_input[at];
  std::string joined;
  for (; at < request.texts.size() && request.text_input[at] == input; ++at)
    joined += request.texts[at];
  json.escaped(joined);
}

}  // namespace

void EmbeddingRequest::clear() {
  EmbeddingRequest fresh;
  fresh.texts = std::move(texts);
  fresh.text_input = std::move(text_input);
  fresh.texts.clear();
  fresh.text_input.clear();
  *this = std::move(fresh);
}

Result<void> read_embedding_request(std::string_view body, EmbeddingShape shape,
                                    EmbeddingRequest& out) {
  out.clear();
  out.body = body;
  out.shape = shape;
  std::string refusal;
  Document document(body, refusal);
  document.unknown = &out.unknown;
  const bool read = Reader(document, out).run();
  if (out.unknown.any()) out.lost.add(hub::Loss::fields);
  if (read) return {};
  return fail(hub::refusal_of(document.reader, refusal));
}

Result<void> write_embedding_request(std::string& out, const EmbeddingRequest& request,
                                     EmbeddingShape provider, std::string_view upstream_model) {
  const bool to_openai = provider == EmbeddingShape::openai;
  if (to_openai && request.shape == EmbeddingShape::openai) {
    out.append(request.body.substr(0, request.model_token.begin));
    out.append(1, '"').append(upstream_model).append(1, '"');
    out.append(request.body.substr(request.model_token.end()));
    return {};
  }
  if (!to_openai && request.shape != EmbeddingShape::openai) {
    out.append(request.body);
    return {};
  }
  hub::PieceWriter json(out);
  json.open('{');
  std::size_t at = 0;
  if (to_openai) {
    json.field("model", upstream_model).key("input").open('[');
    while (at < request.texts.size()) write_text(json, request, at);
    json.close(']');
    if (request.dimensions != 0) json.field_number("dimensions", request.dimensions);
    json.field("encoding_format", "float").close('}');
    return {};
  }
  if (request.tokens)
    return fail(ErrorKind::bad_request, ErrorSource::client, Retry::next_target,
                "`/input` holds token numbers, which the provider of this model does not take: "
                "send text");
  json.key("requests").open('[');
  while (at < request.texts.size()) {
    json.open('{').key("model").escaped("models/", upstream_model);
    json.key("content").open('{').key("parts").open('[').open('{').key("text");
    write_text(json, request, at);
    json.close('}').close(']').close('}');
    if (request.dimensions != 0) json.field_number("outputDimensionality", request.dimensions);
    json.close('}');
  }
  json.close(']').close('}');
  return {};
}

}  // namespace steelyard::dialect
