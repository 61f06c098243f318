// One pass over the body with simdjson's On-Demand parser; the order of the fields does not matter.
// Where a key comes twice the last one counts, as with the parsers real providers use.
#include "gateway/mock/chat_request.h"

#include <simdjson.h>

#include "gateway/mock/dialect.h"

namespace steelyard::mock {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::SUCCESS;

constexpr std::size_t kQuestionMax = 160;
constexpr std::string_view kDirective = "{\"mock\":";

// Where the JSON object that starts at text[0] ends, or 0 if it does not.
std::size_t object_length(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) return i + 1;
  }
  return 0;
}

// The first kQuestionMax bytes of the text, cut at the end of a UTF-8 sequence.
std::string_view start_of(std::string_view text) {
  if (text.size() <= kQuestionMax) return text;
  std::size_t length = kQuestionMax;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  return text.substr(0, length);
}

}  // namespace

void take_question(std::string_view text, bool directives, ChatRequest& out) {
  out.directive.clear();
  if (directives && text.starts_with(kDirective)) {
    const std::size_t length = object_length(text);
    if (length != 0) {
      out.directive.assign(text.substr(kDirective.size(), length - kDirective.size() - 1));
      text.remove_prefix(length);
      while (!text.empty() && (text[0] == ' ' || text[0] == '\n')) text.remove_prefix(1);
    }
  }
  out.question.clear();
  if (!text.empty()) out.question.append(" ").append(start_of(text));
}

namespace {

// Content of one message: a string, null, or an array of parts of which the text counts. False:
// another type.
bool take_content(ondemand::value content, bool user, bool directives, ChatRequest& out) {
  std::string_view text;
  ondemand::array parts;
  if (content.get_string().get(text) == SUCCESS) {
    out.prompt_bytes += static_cast<std::int64_t>(text.size());
    if (user) take_question(text, directives, out);
    return true;
  }
  if (content.is_null()) return true;
  if (content.get_array().get(parts) != SUCCESS) return false;
  bool first = user;
  for (auto part : parts) {
    ondemand::object fields;
    if (part.get_object().get(fields) != SUCCESS) return false;
    if (fields["text"].get_string().get(text) != SUCCESS) continue;
    out.prompt_bytes += static_cast<std::int64_t>(text.size());
    if (first) take_question(text, directives, out);
    first = false;
  }
  return true;
}

const char* take_messages(ondemand::value value, bool directives, ChatRequest& out) {
  ondemand::array messages;
  if (value.get_array().get(messages) != SUCCESS) return "expected `messages` to be an array";
  out.prompt_bytes = 0;
  bool any = false;
  for (auto entry : messages) {
    ondemand::object message;
    std::string_view role;
    if (entry.get_object().get(message) != SUCCESS) return "expected each message to be an object";
    if (message["role"].get_string().get(role) != SUCCESS)
      return "expected a `role` in each message";
    const bool user = role == "user";
    ondemand::value content;
    any = true;
    if (message["content"].get(content) != SUCCESS) continue;  // a tool call needs none
    if (!take_content(content, user, directives, out)) {
      return "expected `content` to be a string or an array of parts";
    }
  }
  return any ? nullptr : "expected at least one message";
}

bool take_integer(ondemand::value value, std::int64_t& into) {
  if (value.is_null()) return true;
  return value.get_int64().get(into) == SUCCESS && into >= 0;
}

bool take_flag(ondemand::value value, bool& into) {
  if (value.is_null()) return true;
  return value.get_bool().get(into) == SUCCESS;
}

}  // namespace

struct ChatParser::Impl {
  ondemand::parser body;
  simdjson::dom::parser part;  // tools and schemas, which few requests carry
  std::string_view tools, tool_choice, response_format;

  const char* take(std::string_view key, ondemand::value value, bool directives, ChatRequest& out);
  void raw(ondemand::value value, std::string_view& into);
  void read_tools(ChatRequest& out);
  void read_tool_choice(ChatRequest& out, std::string& wanted);
  void read_format(ChatRequest& out);
};

// Keeps where an object, an array or a scalar is written; it is read later, when all fields are
// known.
void ChatParser::Impl::raw(ondemand::value value, std::string_view& into) {
  ondemand::array array;
  ondemand::object object;
  into = {};
  if (value.get_array().get(array) == SUCCESS) {
    if (array.raw_json().get(into) != SUCCESS) into = {};
  } else if (value.get_object().get(object) == SUCCESS) {
    if (object.raw_json().get(into) != SUCCESS) into = {};
  } else {
    into = value.raw_json_token();
  }
}

const char* ChatParser::Impl::take(std::string_view key, ondemand::value value, bool directives,
                                   ChatRequest& out) {
  std::string_view text;
  if (key == "model") {
    if (value.get_string().get(text) != SUCCESS || text.empty() || text.size() > 256) {
      return "expected `model` to be a name";
    }
    out.model.assign(text);
  } else if (key == "messages") {
    return take_messages(value, directives, out);
  } else if (key == "stream") {
    if (!take_flag(value, out.stream)) return "expected `stream` to be true or false";
  } else if (key == "stream_options") {
    ondemand::object options;
    if (value.is_null()) return nullptr;
    if (value.get_object().get(options) != SUCCESS)
      return "expected `stream_options` to be an object";
    if (options["include_usage"].get_bool().get(out.include_usage) != SUCCESS) {
      out.include_usage = false;
    }
  } else if (key == "max_completion_tokens") {
    if (!take_integer(value, out.max_tokens)) return "expected `max_completion_tokens` >= 0";
  } else if (key == "max_tokens") {
    std::int64_t limit = -1;
    if (!take_integer(value, limit)) return "expected `max_tokens` >= 0";
    if (out.max_tokens < 0) out.max_tokens = limit;
  } else if (key == "n") {
    if (!take_integer(value, out.choices) || out.choices < 1 || out.choices > 128) {
      return "expected `n` from 1 to 128";
    }
  } else if (key == "tools") {
    raw(value, tools);
  } else if (key == "tool_choice") {
    raw(value, tool_choice);
  } else if (key == "response_format") {
    raw(value, response_format);
  }
  return nullptr;
}

void ChatParser::Impl::read_tool_choice(ChatRequest& out, std::string& wanted) {
  if (tool_choice.starts_with("\"required\"")) out.tool_required = true;
  if (!tool_choice.starts_with('{')) return;
  simdjson::dom::element choice;
  std::string_view name;
  if (part.parse(tool_choice.data(), tool_choice.size()).get(choice) != SUCCESS) return;
  if (choice["function"]["name"].get(name) != SUCCESS) return;
  out.tool_required = true;
  wanted.assign(name);
}

void ChatParser::Impl::read_tools(ChatRequest& out) {
  std::string wanted;
  read_tool_choice(out, wanted);
  simdjson::dom::array list;
  if (part.parse(tools.data(), tools.size()).get(list) != SUCCESS) return;
  for (simdjson::dom::element tool : list) {
    std::string_view name;
    simdjson::dom::element schema;
    if (tool["function"]["name"].get(name) != SUCCESS) continue;
    if (!wanted.empty() && name != wanted) continue;
    out.tool_name.assign(name);
    if (tool["function"]["parameters"].get(schema) == SUCCESS) {
      append_instance(out.tool_arguments, schema);
    } else {
      out.tool_arguments = "{}";
    }
    return;
  }
}

void ChatParser::Impl::read_format(ChatRequest& out) {
  simdjson::dom::element format;
  simdjson::dom::element schema;
  std::string_view type;
  if (part.parse(response_format.data(), response_format.size()).get(format) != SUCCESS) return;
  if (format["type"].get(type) != SUCCESS) return;
  out.wants_json = type == "json_object" || type == "json_schema";
  if (format["json_schema"]["schema"].get(schema) == SUCCESS) {
    append_instance(out.json_instance, schema);
  }
}

void ChatRequest::clear() {
  model.clear();
  stream = include_usage = tool_required = wants_json = false;
  max_tokens = -1;
  choices = 1;
  prompt_bytes = 0;
  for (std::string* text : {&question, &directive, &tool_name, &tool_arguments, &json_instance}) {
    text->clear();
  }
}

ChatParser::ChatParser() : impl_(std::make_unique<Impl>()) {}
ChatParser::~ChatParser() = default;

const char* ChatParser::parse(std::string_view body, bool directives, ChatRequest& out) {
  constexpr const char* kNotJson = "the body is not a JSON object";
  static_assert(kBodyPadding >= simdjson::SIMDJSON_PADDING);
  out.clear();
  impl_->tools = impl_->tool_choice = impl_->response_format = {};
  ondemand::document document;
  ondemand::object fields;
  const simdjson::padded_string_view padded(body.data(), body.size(), body.size() + kBodyPadding);
  if (impl_->body.iterate(padded).get(document) != SUCCESS) return kNotJson;
  if (document.get_object().get(fields) != SUCCESS) return kNotJson;
  bool messages = false;
  for (auto field : fields) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != SUCCESS || field.value().get(value) != SUCCESS) {
      return kNotJson;
    }
    messages = messages || key == "messages";
    if (const char* wrong = impl_->take(key, value, directives, out)) return wrong;
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return kNotJson;  // more text
  if (out.model.empty()) return "you must provide a `model`";
  if (!messages) return "you must provide `messages`";
  if (!impl_->tools.empty()) impl_->read_tools(out);
  if (!impl_->response_format.empty()) impl_->read_format(out);
  return nullptr;
}

const char* ChatParser::parse(const Dialect& dialect, std::string_view body, bool directives,
                              ChatRequest& out) {
  out.clear();
  simdjson::dom::element document;
  // A copy with room behind it: these requests are few, and the parser wants its own padding.
  if (impl_->part.parse(body.data(), body.size()).get(document) != SUCCESS || !document.is_object())
    return "the body is not a JSON object";
  return dialect.read(document, directives, out);
}

}  // namespace steelyard::mock
