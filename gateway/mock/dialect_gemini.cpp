// Gemini generateContent. Usage: prompt with what was cached, candidates without thoughts.
#include <algorithm>

#include "config/types/json_writer.h"
#include "gateway/mock/dialect.h"
#include "gateway/mock/dialect_read.h"
#include "gateway/mock/dialect_speech.h"

namespace steelyard::mock {
namespace {

// Both spellings of a key.
bool child_of(const Element& element, std::string_view camel, std::string_view snake,
              Element& out) {
  return child_at(element, camel, out) || child_at(element, snake, out);
}

void read_parts(const Element& content, bool question, bool directives, ChatRequest& out) {
  simdjson::dom::array parts;
  if (content["parts"].get(parts) != simdjson::SUCCESS) return;
  for (const Element part : parts) {
    Element value, inner;
    const std::string_view said = text_at(part, "text");
    out.prompt_bytes += static_cast<std::int64_t>(said.size());
    if (question && !said.empty()) {
      take_question(said, directives, out);
      question = false;
    }
    if (child_of(part, "functionResponse", "function_response", value) &&
        child_at(value, "response", inner))
      out.prompt_bytes += static_cast<std::int64_t>(simdjson::minify(inner).size());
  }
}

void read_tools(const Element& body, std::string_view wanted, ChatRequest& out) {
  simdjson::dom::array tools, declared;
  if (body["tools"].get(tools) != simdjson::SUCCESS) return;
  for (const Element tool : tools) {
    Element list;
    if (!child_of(tool, "functionDeclarations", "function_declarations", list)) continue;
    if (list.get(declared) != simdjson::SUCCESS) continue;
    for (const Element one : declared) {
      Element schema;
      const bool has = child_at(one, "parametersJsonSchema", schema) ||
                       child_of(one, "parameters", "parameters_json_schema", schema);
      offer_tool(text_at(one, "name"), wanted, has ? &schema : nullptr, out);
    }
  }
}

const char* read(const Element& body, bool directives, ChatRequest& out) {
  Element value, inner;
  simdjson::dom::array list;
  if (body["contents"].get(list) != simdjson::SUCCESS) return "contents is not specified";
  if (child_of(body, "systemInstruction", "system_instruction", value))
    read_parts(value, false, directives, out);
  for (const Element content : list) {
    const std::string_view role = text_at(content, "role");
    if (!role.empty() && role != "user" && role != "model" && role != "function")
      return "Please use a valid role: user, model.";
    read_parts(content, role != "model", directives, out);
  }
  std::string_view wanted;
  if (child_of(body, "toolConfig", "tool_config", value) &&
      child_of(value, "functionCallingConfig", "function_calling_config", inner)) {
    out.tool_required = text_at(inner, "mode") == "ANY";
    simdjson::dom::array names;
    Element first;
    if (inner["allowedFunctionNames"].get(names) == simdjson::SUCCESS &&
        names.at(0).get(first) == simdjson::SUCCESS)
      wanted = first.is_string() ? std::string_view(first) : std::string_view();
  }
  read_tools(body, wanted, out);
  if (child_of(body, "generationConfig", "generation_config", value)) {
    out.max_tokens = number_at(value, "maxOutputTokens", number_at(value, "max_output_tokens", -1));
    const std::string_view type = text_at(value, "responseMimeType");
    out.wants_json = type == "application/json";
    if (child_at(value, "responseJsonSchema", inner) || child_at(value, "responseSchema", inner)) {
      out.wants_json = true;
      append_instance(out.json_instance, inner);
    }
  }
  return nullptr;
}

std::string_view stop_of(const AnswerPlan& plan) {
  if (plan.kind == Answer::refusal) return "SAFETY";
  if (plan.finish == "length") return "MAX_TOKENS";
  if (plan.finish == "stop" || plan.finish == "tool_calls") return "STOP";  // also for calls
  return plan.finish;
}

void write_usage(JsonWriter& json, const AnswerPlan& plan, std::int64_t visible) {
  json.key("usageMetadata").begin_object().field("promptTokenCount", plan.input);
  if (plan.cached != 0) json.field("cachedContentTokenCount", plan.cached);
  json.field("candidatesTokenCount", visible);
  if (plan.reasoning != 0) json.field("thoughtsTokenCount", plan.reasoning);
  json.field("totalTokenCount", plan.input + visible + plan.reasoning).end_object();
}

// A response with these parts; `stop`: "" while it goes on.
std::string response(const AnswerNames& names, const AnswerPlan& plan, const Behaviour& behaviour,
                     std::string_view parts, std::string_view stop, std::int64_t visible) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("candidates").begin_array().begin_object();
  json.key("content").begin_object().key("parts").begin_array();
  if (!parts.empty()) json.raw(parts);
  json.end_array().field("role", "model").end_object();
  if (!stop.empty()) json.field("finishReason", stop);
  if (!stop.empty() && plan.searches != 0) {
    json.key("groundingMetadata").begin_object().key("webSearchQueries").begin_array();
    for (std::int64_t i = 0; i < plan.searches; ++i) json.string("what was asked");
    json.end_array().end_object();
  }
  json.field("index", 0).end_object().end_array();
  if (behaviour.usage != UsageMode::none) write_usage(json, plan, visible);
  json.key("modelVersion").raw("\"" + names.model + "\"").field("responseId", names.id);
  json.end_object();
  return out;
}

std::string text_part(std::string_view text, bool is_thought) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("text", text);
  if (is_thought) json.field("thought", true);
  json.end_object();
  return out;
}

std::string call_part(const AnswerNames& names, const AnswerPlan& plan, std::int64_t call,
                      std::string_view arguments) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("functionCall").begin_object();
  json.field("id", "call_" + std::string(suffix_of(names)) + "_" + std::to_string(call));
  json.field("name", plan.tool_name).key("args").raw(arguments.empty() ? "{}" : arguments);
  json.end_object();
  if (call == 0) json.field("thoughtSignature", thought_signature);
  json.end_object();
  return out;
}

// Parts as they come, each with its tokens; calls come whole.
struct Said {
  std::string part;
  std::int64_t tokens = 0;
};
std::vector<Said> parts_of(const AnswerNames& names, const AnswerPlan& plan, std::int64_t step,
                           const ScriptWriter* writer) {
  std::vector<Said> said;
  if (plan.reasoning > 0) said.push_back({text_part(thought, true), 0});
  std::int64_t budget = plan.tokens;
  if (plan.kind == Answer::tool_call) {
    each_call(plan, [&](std::int64_t call, const std::string& arguments, std::int64_t tokens) {
      said.push_back({call_part(names, plan, call, arguments), tokens});
    });
    return said;
  }
  if (plan.kind == Answer::empty || plan.kind == Answer::refusal) return said;
  Pieces pieces = plan.pieces;
  while (budget > 0) {
    std::string piece;
    std::int64_t tokens = 0;
    for (; tokens < step && budget > 0; ++tokens, --budget) {
      const std::string one = take_pieces(pieces, 1);
      if (one.empty()) break;
      piece += one;
    }
    if (tokens == 0) break;
    const bool first = said.empty() || (said.size() == 1 && plan.reasoning > 0);
    said.push_back(
        {text_part(writer != nullptr && first ? writer->text(piece) : piece, false), tokens});
  }
  return said;
}

void write(std::string& out, const AnswerNames& names, const AnswerPlan& plan,
           const Behaviour& behaviour) {
  std::string parts;
  for (const Said& said : parts_of(names, plan, INT64_MAX, nullptr))
    parts.append(parts.empty() ? "" : ",").append(said.part);
  const std::string_view stop = plan.finish.empty() ? std::string_view() : stop_of(plan);
  out += response(names, plan, behaviour, parts, stop, plan.output() - plan.reasoning);
}

void write_error(std::string& out, const ErrorReply& error) {
  const std::string_view status = error.status == 400   ? "INVALID_ARGUMENT"
                                  : error.status == 401 ? "UNAUTHENTICATED"
                                  : error.status == 403 ? "PERMISSION_DENIED"
                                  : error.status == 404 ? "NOT_FOUND"
                                  : error.status == 429 ? "RESOURCE_EXHAUSTED"
                                  : error.status == 503 ? "UNAVAILABLE"
                                  : error.status == 504 ? "DEADLINE_EXCEEDED"
                                                        : "INTERNAL";
  JsonWriter json(out);
  json.begin_object().key("error").begin_object().field("code", error.status);
  json.field("message", error.message).field("status", status).end_object().end_object();
}

void script(std::vector<ScriptEvent>& out, const AnswerNames& names, const AnswerPlan& plan,
            const Behaviour& behaviour, Fault fault) {
  ScriptWriter writer(out, behaviour, fault);
  ErrorReply failure = usual_error(500, behaviour);
  if (behaviour.error_message.empty())
    failure.message = "the mock failed in the middle of the stream";
  std::string error;
  write_error(error, failure);
  std::int64_t visible = 0;
  const auto step = std::max<std::int64_t>(behaviour.tokens_per_chunk, 1);
  for (const Said& said : parts_of(names, plan, step, &writer)) {
    visible += said.tokens;
    std::string json = response(names, plan, behaviour, said.part, {}, visible);
    if (said.tokens == 0) {
      writer.add({}, json);
      continue;
    }
    if (!writer.round({}, std::move(json), said.tokens, {}, error)) return;
  }
  if (writer.failed_late({}, error)) return;
  const bool finishes = fault != Fault::no_finish && fault != Fault::no_done;
  writer.add(
      {}, response(names, plan, behaviour, text_part("", false),
                   finishes ? stop_of(plan) : std::string_view(), plan.output() - plan.reasoning));
}

}  // namespace

const Dialect gemini_dialect{
    "gemini", read, "", write, script, write_error, ": mock is thinking\n\n"};

}  // namespace steelyard::mock
