#include "gateway/dialect/openai_request.h"

#include <array>

#include "gateway/dialect/fields_table.h"
#include "gateway/dialect/openai_message.h"
#include "gateway/dialect/strict_reader.h"

namespace steelyard::dialect::openai {
namespace {

constexpr std::int64_t kOutputTokensMax = std::int64_t{1} << 31;
constexpr std::int64_t kChoicesMax = 128;  // OpenAI's own bound; n multiplies the bill
constexpr std::size_t kToolsMax = 4'096;

constexpr KeyTable kStreamOptions(key_names("include_usage"));
constexpr KeyTable kTypeOnly(key_names("type"));

constexpr std::array<bool, 256> token_bytes() {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@+-")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr auto kTokenBytes = token_bytes();

}  // namespace

bool is_model_token(std::string_view name) {
  if (name.empty() || name.size() > limits::model_name_bytes_max) return false;
  const char c = name.front();
  const char lower = static_cast<char>(c | 0x20);
  if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'z')) return false;
  for (const char byte : name) {
    if (!kTokenBytes[static_cast<unsigned char>(byte)]) return false;
  }
  return true;
}

struct RequestParser::State {
  Conversation conversation;
  std::string refusal;
  std::array<char, limits::model_name_bytes_max> model{};

  bool read(std::string_view body, ChatRequest& out);
};

namespace {

class RequestReader {
 public:
  RequestReader(StrictReader& reader, Conversation& conversation, std::span<char> model,
                ChatRequest& out)
      : reader_(reader), conversation_(conversation), model_(model), out_(out) {}

  bool read() {
    if (!reader_.enter(root_, '{', "must be a JSON object")) return false;
    for (int key; (key = reader_.next(members_, kFields, root_)) != StrictReader::kEnd;) {
      if (!member(key)) return false;
    }
    if (reader_.failed()) return false;
    if (!reader_.cursor.at_end()) return reader_.refuse(root_, "goes on after its end");
    if (out_.model.empty()) return reader_.refuse({&root_, "model"}, "is missing");
    return (members_.seen & bit(Field::messages)) != 0 ||
           reader_.refuse({&root_, "messages"}, "is missing");
  }

 private:
  static constexpr std::uint64_t bit(Field f) { return std::uint64_t{1} << static_cast<int>(f); }

  bool member(int key) {
    if (key == StrictReader::kUnknown) return reader_.cursor.skip_value();
    const Field field = static_cast<Field>(key);
    const Where where{&root_, kFields.name(static_cast<std::size_t>(key))};
    if (reader_.cursor.peek() != 'n') out_.fields.add(field);
    switch (field) {
      case Field::model: return model(where);
      case Field::messages: return read_messages(reader_, root_, conversation_);
      case Field::stream: return reader_.read_bool(where, out_.stream);
      case Field::stream_options: return stream_options(where);
      case Field::max_tokens: return limit(where, out_.max_tokens);
      case Field::max_completion_tokens: return limit(where, out_.max_completion_tokens);
      case Field::n: return choices(where);
      case Field::tools:
      case Field::functions: return tools(where);
      case Field::tool_choice: return tool_choice(where);
      case Field::response_format: return response_format(where);
      case Field::reasoning_effort: return reader_.read_string(where, out_.reasoning_effort);
      case Field::user: return reader_.read_string(where, out_.user);
      case Field::prompt_cache_key: return reader_.read_string(where, out_.prompt_cache_key);
      case Field::service_tier: return reader_.read_string(where, out_.service_tier);
      case Field::metadata: return reader_.read_raw(where, '{', out_.metadata);
      case Field::prediction: return reader_.read_raw(where, '{', out_.prediction);
      default: return reader_.cursor.skip_value();
    }
  }

  bool model(const Where& where) {
    if (reader_.cursor.peek() != '"') return reader_.refuse(where, "must be a string");
    const std::size_t begin = reader_.cursor.offset();
    std::string_view name;
    if (!reader_.cursor.take_string(name)) return false;
    if (reader_.cursor.last_string_had_escapes()) {  // PHP writes "openai\/gpt"
      const std::size_t size = unescape_into(model_.data(), model_.size(), name);
      name = size <= model_.size() ? std::string_view(model_.data(), size) : std::string_view();
    }
    if (!is_model_token(name)) {
      return reader_.refuse(
          where,
          "must be a model name: 1 to 128 letters, digits or ._:/@+-, a letter or digit first");
    }
    out_.model = name;
    out_.model_token = reader_.range_from(begin);
    return true;
  }

  bool stream_options(const Where& where) {
    const std::size_t begin = reader_.cursor.offset();
    if (reader_.cursor.peek() == 'n') {
      if (!reader_.cursor.skip_value()) return false;
      out_.stream_options_empty = true;
    } else {
      if (!reader_.enter(where, '{', "must be an object or null")) return false;
      StrictReader::Members members;
      for (int key; (key = reader_.next(members, kStreamOptions, where)) != StrictReader::kEnd;) {
        if (key == StrictReader::kUnknown) {
          if (!reader_.cursor.skip_value()) return false;
          continue;
        }
        const std::size_t value = reader_.cursor.offset();
        if (!reader_.read_bool({&where, "include_usage"}, out_.include_usage)) return false;
        out_.include_usage_value = reader_.range_from(value);
      }
      if (reader_.failed()) return false;
      out_.stream_options_empty = members.first;  // no member was ever seen
    }
    out_.stream_options = reader_.range_from(begin);
    return true;
  }

  bool limit(const Where& where, OutputLimit& out) {
    const std::size_t key_end = reader_.cursor.end_of_previous_key();
    const std::size_t begin = reader_.cursor.offset();
    if (!reader_.read_integer(where, 1, kOutputTokensMax, out.tokens)) return false;
    const auto key_size = static_cast<std::uint32_t>(where.name.size() + 2);
    out.key = {static_cast<std::uint32_t>(key_end) - key_size, key_size};
    out.value = reader_.range_from(begin);
    return true;
  }

  bool choices(const Where& where) {
    std::int64_t n = 1;
    if (!reader_.read_integer(where, 1, kChoicesMax, n)) return false;
    out_.choices = static_cast<std::int32_t>(n);
    return true;
  }

  // `functions` is the deprecated `tools`; when both come, `tools` stays.
  bool tools(const Where& where) {
    if (reader_.cursor.take_null()) return true;
    const std::size_t begin = reader_.cursor.offset();
    if (!reader_.enter(where, '[', "must be an array or null")) return false;
    std::size_t count = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++count) {
      const Where tool{&where, {}, count};
      if (reader_.cursor.peek() != '{') return reader_.refuse(tool, "must be an object");
      if (count == kToolsMax) return reader_.refuse(tool, "is one tool too many");
      if (!reader_.cursor.skip_value()) return false;
    }
    if (reader_.failed()) return false;
    if (where.name != "tools" && !out_.tools.empty()) return true;
    out_.tools = reader_.range_from(begin);
    out_.tool_count = static_cast<std::uint32_t>(count);
    return true;
  }

  bool tool_choice(const Where& where) {
    const char c = reader_.cursor.peek();
    if (c == '{') {
      out_.tool_choice = ToolChoice::named;
      return reader_.cursor.skip_value();
    }
    if (c != '"' && c != 'n') return reader_.refuse(where, "must be a string, an object or null");
    std::string_view name;
    if (!reader_.read_string(where, name)) return false;
    if (name == "auto")
      out_.tool_choice = ToolChoice::automatic;
    else if (name == "none")
      out_.tool_choice = ToolChoice::none;
    else if (name == "required" || name == "any")
      out_.tool_choice = ToolChoice::required;
    return true;
  }

  bool response_format(const Where& where) {
    if (reader_.cursor.take_null()) return true;
    const std::size_t begin = reader_.cursor.offset();
    if (!reader_.enter(where, '{', "must be an object or null")) return false;
    StrictReader::Members members;
    std::string_view type;
    for (int key; (key = reader_.next(members, kTypeOnly, where)) != StrictReader::kEnd;) {
      const bool ok =
          key == 0 ? reader_.read_string({&where, "type"}, type) : reader_.cursor.skip_value();
      if (!ok) return false;
    }
    if (reader_.failed()) return false;
    out_.response_format_value = reader_.range_from(begin);
    if (type == "json_schema")
      out_.response_format = ResponseFormat::json_schema;
    else if (type == "json_object")
      out_.response_format = ResponseFormat::json_object;
    else if (type != "text")
      out_.response_format = ResponseFormat::other;
    return true;
  }

  StrictReader& reader_;
  Conversation& conversation_;
  std::span<char> model_;
  ChatRequest& out_;
  StrictReader::Members members_;
  Where root_;
};

}  // namespace

bool RequestParser::State::read(std::string_view body, ChatRequest& out) {
  conversation.clear();
  refusal.clear();
  StrictReader reader(body, refusal);
  const bool ok = RequestReader(reader, conversation, model, out).read();
  if (!ok && refusal.empty()) {
    refusal = "the request body is not valid JSON: ";
    refusal += describe(reader.cursor.fault());
    if (reader.cursor.fault() >= JsonFault::bad_utf8)
      refusal += " at byte " + std::to_string(reader.cursor.offset());
  }
  return ok;
}

RequestParser::RequestParser() : state_(std::make_unique<State>()) {}
RequestParser::~RequestParser() = default;

Result<void> RequestParser::parse(std::string_view body, ChatRequest& out) {
  out = ChatRequest{};
  out.body = body;
  if (!state_->read(body, out)) {
    return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never, state_->refusal);
  }
  const Conversation& talk = state_->conversation;
  out.messages = talk.messages;
  out.texts = talk.texts;
  out.media = talk.media;
  out.last_role = talk.messages.back().role;
  out.has_tool_results = talk.has_tool_results;
  out.has_images = talk.has_images;
  out.has_reasoning_state = talk.has_reasoning_state;
  return {};
}

}  // namespace steelyard::dialect::openai
