// Anthropic Messages. Usage: input without what was read from the cache; output with thinking.
#include <algorithm>

#include "config/types/json_writer.h"
#include "gateway/mock/dialect.h"
#include "gateway/mock/dialect_read.h"
#include "gateway/mock/dialect_speech.h"

namespace steelyard::mock {
namespace {

const char* read(const Element& body, bool directives, ChatRequest& out) {
  Element value;
  simdjson::dom::array list;
  out.model.assign(text_at(body, "model"));
  if (out.model.empty()) return "model: Field required";
  out.max_tokens = number_at(body, "max_tokens", -1);
  out.stream = flag_at(body, "stream");
  if (child_at(body, "system", value)) add_content(value, false, directives, out);
  if (body["messages"].get(list) != simdjson::SUCCESS) return "messages: Field required";
  for (const Element message : list) {
    const std::string_view role = text_at(message, "role");
    if (role != "user" && role != "assistant" && role != "system")
      return "messages: Input should be 'user' or 'assistant'";
    if (child_at(message, "content", value)) add_content(value, role == "user", directives, out);
  }
  std::string_view wanted;
  if (child_at(body, "tool_choice", value)) {
    const std::string_view type = text_at(value, "type");
    out.tool_required = type == "any" || type == "tool";
    wanted = text_at(value, "name");
  }
  if (body["tools"].get(list) == simdjson::SUCCESS)
    for (const Element tool : list) {
      Element schema;
      const bool has = child_at(tool, "input_schema", schema);
      offer_tool(text_at(tool, "name"), wanted, has ? &schema : nullptr, out);
    }
  Element config, format, schema;
  if (child_at(body, "output_config", config) && child_at(config, "format", format)) {
    out.wants_json = text_at(format, "type") == "json_schema";
    if (child_at(format, "schema", schema)) append_instance(out.json_instance, schema);
  }
  // Last: its counter does not ask for it.
  if (out.max_tokens < 0) return "max_tokens: Field required";
  return nullptr;
}

std::string_view stop_of(const AnswerPlan& plan) {
  if (plan.kind == Answer::refusal) return "refusal";
  if (plan.finish == "stop") return "end_turn";
  if (plan.finish == "length") return "max_tokens";
  if (plan.finish == "tool_calls") return "tool_use";
  return plan.finish;
}

void write_usage(JsonWriter& json, const AnswerPlan& plan, std::int64_t output) {
  json.key("usage").begin_object();
  json.field("input_tokens", plan.input - plan.cached - plan.cache_write);
  json.field("cache_creation_input_tokens", plan.cache_write);
  json.field("cache_read_input_tokens", plan.cached);
  json.key("cache_creation").begin_object();
  json.field("ephemeral_5m_input_tokens", plan.cache_write).field("ephemeral_1h_input_tokens", 0);
  json.end_object();
  if (plan.searches != 0)
    json.key("server_tool_use")
        .begin_object()
        .field("web_search_requests", plan.searches)
        .end_object();
  json.field("output_tokens", output).field("service_tier", "standard").end_object();
}

void begin_message(JsonWriter& json, const AnswerNames& names) {
  json.field("id", names.id).field("type", "message").field("role", "assistant");
  json.key("model").raw("\"" + names.model + "\"");
}

std::string tool_id(const AnswerNames& names, std::int64_t call) {
  return "toolu_" + std::string(suffix_of(names)) + "_" + std::to_string(call);
}

void write(std::string& out, const AnswerNames& names, const AnswerPlan& plan,
           const Behaviour& behaviour) {
  JsonWriter json(out);
  json.begin_object();
  begin_message(json, names);
  json.key("content").begin_array();
  if (plan.reasoning > 0) {
    json.begin_object().field("type", "thinking").field("thinking", thought);
    json.field("signature", thought_signature).end_object();
  }
  if (plan.kind == Answer::tool_call) {
    each_call(plan, [&](std::int64_t call, const std::string& arguments, std::int64_t) {
      json.begin_object().field("type", "tool_use").field("id", tool_id(names, call));
      json.field("name", plan.tool_name).key("input").raw(arguments.empty() ? "{}" : arguments);
      json.end_object();
    });
  } else if (plan.kind != Answer::empty) {
    Pieces pieces = plan.pieces;
    json.begin_object().field("type", "text").field("text", take_pieces(pieces, plan.tokens));
    json.end_object();
  }
  json.end_array();
  if (plan.finish.empty())
    json.key("stop_reason").null();
  else
    json.field("stop_reason", stop_of(plan));
  json.key("stop_sequence").null();
  if (behaviour.usage != UsageMode::none) write_usage(json, plan, plan.output());
  json.end_object();
}

void write_error(std::string& out, const ErrorReply& error) {
  const std::string_view type = error.status == 400   ? "invalid_request_error"
                                : error.status == 401 ? "authentication_error"
                                : error.status == 403 ? "permission_error"
                                : error.status == 404 ? "not_found_error"
                                : error.status == 413 ? "request_too_large"
                                : error.status == 429 ? "rate_limit_error"
                                : error.status == 504 ? "timeout_error"
                                : error.status == 529 || error.status == 503 ? "overloaded_error"
                                                                             : "api_error";
  JsonWriter json(out);
  json.begin_object().field("type", "error").key("error").begin_object();
  json.field("type", type).field("message", error.message).end_object();
  json.field("request_id", "req_mock").end_object();
}

class Speaker {
 public:
  Speaker(std::vector<ScriptEvent>& out, const AnswerNames& names, const AnswerPlan& plan,
          const Behaviour& behaviour, Fault fault)
      : names_(names),
        plan_(plan),
        behaviour_(behaviour),
        fault_(fault),
        writer_(out, behaviour, fault) {
    ErrorReply failure = usual_error(500, behaviour);
    if (behaviour.error_message.empty())
      failure.message = "the mock failed in the middle of the stream";
    write_error(error_, failure);
  }

  void run() {
    start();
    if (plan_.reasoning > 0) think();
    if (!(plan_.kind == Answer::tool_call ? calls() : text())) return;
    if (writer_.failed_late("error", error_)) return;
    end();
  }

 private:
  std::string make(void (*fill)(JsonWriter&, Speaker&)) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    fill(json, *this);
    json.end_object();
    return out;
  }

  void start() {
    writer_.add("message_start", make([](JsonWriter& json, Speaker& self) {
                  json.field("type", "message_start").key("message").begin_object();
                  begin_message(json, self.names_);
                  json.key("content").begin_array().end_array();
                  json.key("stop_reason").null().key("stop_sequence").null();
                  if (self.behaviour_.usage != UsageMode::none) write_usage(json, self.plan_, 1);
                  json.end_object();
                }));
  }

  std::string open(std::string_view block) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().field("type", "content_block_start").field("index", index_);
    json.key("content_block").raw(block).end_object();
    return out;
  }
  std::string delta(std::string_view type, std::string_view key, std::string_view text) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().field("type", "content_block_delta").field("index", index_);
    json.key("delta").begin_object().field("type", type).field(key, text).end_object().end_object();
    return out;
  }
  void close() {
    writer_.add("content_block_stop",
                "{\"type\":\"content_block_stop\",\"index\":" + std::to_string(index_++) + "}");
  }

  void think() {
    writer_.add("content_block_start", open(R"({"type":"thinking","thinking":"","signature":""})"));
    writer_.add("content_block_delta", delta("thinking_delta", "thinking", thought));
    writer_.add("content_block_delta", delta("signature_delta", "signature", thought_signature));
    close();
  }

  bool rounds(std::string_view type, std::string_view key, std::int64_t& budget) {
    Pieces pieces = plan_.pieces;
    const std::int64_t step = std::max<std::int64_t>(behaviour_.tokens_per_chunk, 1);
    while (budget > 0) {
      std::string piece;
      std::int64_t tokens = 0;
      for (; tokens < step && budget > 0; ++tokens, --budget) {
        const std::string one = take_pieces(pieces, 1);
        if (one.empty()) break;
        piece += one;
      }
      if (tokens == 0) break;
      const std::string shown = writer_.text(piece);
      if (!writer_.round("content_block_delta", delta(type, key, shown), tokens, "error", error_))
        return false;
    }
    return true;
  }

  bool text() {
    if (plan_.kind == Answer::empty) return true;
    writer_.add("content_block_start", open(R"({"type":"text","text":""})"));
    std::int64_t budget = plan_.tokens;
    if (!rounds("text_delta", "text", budget)) return false;
    close();
    return true;
  }

  bool calls() {
    std::int64_t budget = plan_.tokens;
    for (std::int64_t call = 0; call < plan_.calls && budget >= kToolHeadTokens; ++call) {
      budget -= kToolHeadTokens;
      std::string block;
      JsonWriter json(block);
      json.begin_object().field("type", "tool_use").field("id", tool_id(names_, call));
      json.field("name", plan_.tool_name).key("input").begin_object().end_object().end_object();
      if (!writer_.round("content_block_start", open(block), kToolHeadTokens, "error", error_))
        return false;
      writer_.add("content_block_delta", delta("input_json_delta", "partial_json", ""));
      if (!rounds("input_json_delta", "partial_json", budget)) return false;
      close();
    }
    return true;
  }

  void end() {
    writer_.add("message_delta", make([](JsonWriter& json, Speaker& self) {
                  json.field("type", "message_delta").key("delta").begin_object();
                  if (self.fault_ == Fault::no_finish)
                    json.key("stop_reason").null();
                  else
                    json.field("stop_reason", stop_of(self.plan_));
                  json.key("stop_sequence").null().end_object();
                  if (self.behaviour_.usage != UsageMode::none)
                    write_usage(json, self.plan_, self.plan_.output());
                }));
    if (fault_ != Fault::no_done) writer_.add("message_stop", R"({"type":"message_stop"})");
  }

  const AnswerNames& names_;
  const AnswerPlan& plan_;
  const Behaviour& behaviour_;
  Fault fault_;
  ScriptWriter writer_;
  std::string error_;
  int index_ = 0;
};

void script(std::vector<ScriptEvent>& out, const AnswerNames& names, const AnswerPlan& plan,
            const Behaviour& behaviour, Fault fault) {
  Speaker(out, names, plan, behaviour, fault).run();
}

}  // namespace

const Dialect anthropic_dialect{"anthropic",
                                read,
                                "msg_",
                                write,
                                script,
                                write_error,
                                "event: ping\ndata: {\"type\": \"ping\"}\n\n"};

}  // namespace steelyard::mock
