// Amazon Bedrock's Converse, streams as binary frames. Usage: input without what was read from or
// written to the cache; output with thinking. Signatures are not checked: any will do.
#include <algorithm>

#include "config/types/json_writer.h"
#include "gateway/dialect/aws_frames.h"
#include "gateway/mock/dialect.h"
#include "gateway/mock/dialect_read.h"
#include "gateway/mock/dialect_speech.h"

namespace steelyard::mock {
namespace {

void read_tools(const Element& body, ChatRequest& out) {
  Element config, choice, named, spec, input, schema;
  simdjson::dom::array tools;
  if (!child_at(body, "toolConfig", config)) return;
  std::string_view wanted;
  if (child_at(config, "toolChoice", choice)) {
    out.tool_required = child_at(choice, "any", named) || child_at(choice, "tool", named);
    wanted = text_at(named, "name");
  }
  if (config["tools"].get(tools) != simdjson::SUCCESS) return;
  for (const Element tool : tools) {
    if (!child_at(tool, "toolSpec", spec)) continue;  // a cachePoint
    const bool has = child_at(spec, "inputSchema", input) && child_at(input, "json", schema);
    offer_tool(text_at(spec, "name"), wanted, has ? &schema : nullptr, out);
  }
}

const char* read(const Element& body, bool directives, ChatRequest& out) {
  Element value, result;
  simdjson::dom::array list, blocks;
  if (body["messages"].get(list) != simdjson::SUCCESS) return "messages is missing";
  if (child_at(body, "system", value)) add_content(value, false, directives, out);
  std::string_view before;
  for (const Element message : list) {
    const std::string_view role = text_at(message, "role");
    if (role != "user" && role != "assistant") return "role must be user or assistant";
    if (role == before) return "A conversation must alternate between user and assistant roles.";
    if (before.empty() && role != "user") return "A conversation must start with a user message.";
    before = role;
    if (!child_at(message, "content", value)) return "content is missing";
    add_content(value, role == "user", directives, out);
    if (value.get(blocks) != simdjson::SUCCESS || blocks.size() == 0)
      return "The content field in a message is empty.";
    for (const Element block : blocks)
      if (child_at(block, "toolResult", result)) add_content(result, false, directives, out);
  }
  if (child_at(body, "inferenceConfig", value)) out.max_tokens = number_at(value, "maxTokens", -1);
  read_tools(body, out);
  if (child_at(body, "outputConfig", value) && child_at(value, "textFormat", result))
    out.wants_json = text_at(result, "type") == "json_schema";
  return nullptr;
}

std::string_view stop_of(const AnswerPlan& plan) {
  if (plan.kind == Answer::refusal) return "content_filtered";
  if (plan.finish == "stop") return "end_turn";
  if (plan.finish == "length") return "max_tokens";
  if (plan.finish == "tool_calls") return "tool_use";
  return plan.finish;
}

void write_usage(JsonWriter& json, const AnswerPlan& plan) {
  const std::int64_t plain = plan.input - plan.cached - plan.cache_write;
  json.key("usage").begin_object().field("inputTokens", plain);
  json.field("outputTokens", plan.output()).field("totalTokens", plan.input + plan.output());
  json.field("cacheReadInputTokens", plan.cached);
  json.field("cacheWriteInputTokens", plan.cache_write).end_object();
}

std::string tool_id(const AnswerNames& names, std::int64_t call) {
  return "tooluse_" + std::string(suffix_of(names)) + "_" + std::to_string(call);
}

void write(std::string& out, const AnswerNames& names, const AnswerPlan& plan,
           const Behaviour& behaviour) {
  JsonWriter json(out);
  json.begin_object().key("output").begin_object().key("message").begin_object();
  json.field("role", "assistant").key("content").begin_array();
  if (plan.reasoning > 0) {
    json.begin_object().key("reasoningContent").begin_object().key("reasoningText").begin_object();
    json.field("text", thought).field("signature", thought_signature);
    json.end_object().end_object().end_object();
  }
  if (plan.kind == Answer::tool_call) {
    each_call(plan, [&](std::int64_t call, const std::string& arguments, std::int64_t) {
      json.begin_object().key("toolUse").begin_object().field("toolUseId", tool_id(names, call));
      json.field("name", plan.tool_name).key("input").raw(arguments.empty() ? "{}" : arguments);
      json.end_object().end_object();
    });
  } else if (plan.kind != Answer::empty) {
    Pieces pieces = plan.pieces;
    json.begin_object().field("text", take_pieces(pieces, plan.tokens)).end_object();
  }
  json.end_array().end_object().end_object();
  if (!plan.finish.empty()) json.field("stopReason", stop_of(plan));
  if (behaviour.usage != UsageMode::none) write_usage(json, plan);
  json.key("metrics").begin_object().field("latencyMs", 1).end_object().end_object();
}

void write_error(std::string& out, const ErrorReply& error) {
  JsonWriter json(out);
  json.begin_object().field("message", error.message).end_object();
}

class Speaker {
 public:
  Speaker(std::vector<ScriptEvent>& out, const AnswerNames& names, const AnswerPlan& plan,
          const Behaviour& behaviour, Fault fault)
      : out_(out), names_(names), plan_(plan), behaviour_(behaviour), fault_(fault) {}

  void run() {
    add("messageStart", R"({"role":"assistant"})");
    if (plan_.reasoning > 0) think();
    if (!(plan_.kind == Answer::tool_call ? calls() : text())) return;
    if (fault_ == Fault::error_event) return fail();
    if (fault_ != Fault::no_finish)
      add("messageStop", "{\"stopReason\":\"" + std::string(stop_of(plan_)) + "\"}");
    if (fault_ == Fault::no_done || behaviour_.usage == UsageMode::none) return;
    std::string metadata;
    JsonWriter json(metadata);
    json.begin_object();
    write_usage(json, plan_);
    json.end_object();
    add("metadata", metadata);
  }

 private:
  void add(std::string_view kind, std::string_view json, std::int64_t tokens = 0,
           bool round = false) {
    std::string bytes = dialect::aws_frame(
        {{":event-type", kind}, {":content-type", "application/json"}, {":message-type", "event"}},
        json);
    // The last byte is of the checksum.
    const bool spoilt = round && fault_ == Fault::bad_body && rounds_ >= behaviour_.after_chunks;
    if (spoilt) bytes.back() = static_cast<char>(bytes.back() ^ 1);
    out_.push_back({std::move(bytes), tokens, round});
  }

  void fail() {
    ErrorReply failure = usual_error(500, behaviour_);
    if (behaviour_.error_message.empty())
      failure.message = "the mock failed in the middle of the stream";
    std::string body;
    write_error(body, failure);
    out_.push_back({dialect::aws_frame({{":exception-type", "internalServerException"},
                                        {":content-type", "application/json"},
                                        {":message-type", "exception"}},
                                       body),
                    0, false});
  }

  // A round of content. False: the stream ends here.
  bool round(std::string_view kind, std::string_view json, std::int64_t tokens) {
    if (fault_ == Fault::error_event && rounds_ >= behaviour_.after_chunks) {
      fail();
      return false;
    }
    ++rounds_;
    add(kind, json, tokens, true);
    return true;
  }

  std::string delta(std::string_view inside) const {
    return "{\"contentBlockIndex\":" + std::to_string(index_) +
           ",\"delta\":" + std::string(inside) + "}";
  }
  static std::string object(std::string_view key, std::string_view text) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().field(key, text).end_object();
    return out;
  }
  void close() {
    add("contentBlockStop", "{\"contentBlockIndex\":" + std::to_string(index_++) + "}");
  }

  void think() {
    add("contentBlockDelta", delta(R"({"reasoningContent":)" + object("text", thought) + "}"));
    add("contentBlockDelta",
        delta(R"({"reasoningContent":)" + object("signature", thought_signature) + "}"));
    close();
  }

  // `wrap`: what stands around the piece.
  bool pieces(bool tool, std::int64_t& budget) {
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
      if (fault_ == Fault::huge_line && rounds_ == 0)
        piece.assign(static_cast<std::size_t>(behaviour_.huge_line_bytes), 'x');
      const std::string inside =
          tool ? R"({"toolUse":)" + object("input", piece) + "}" : object("text", piece);
      if (!round("contentBlockDelta", delta(inside), tokens)) return false;
    }
    return true;
  }

  bool text() {
    if (plan_.kind == Answer::empty) return true;
    std::int64_t budget = plan_.tokens;
    if (!pieces(false, budget)) return false;
    close();
    return true;
  }

  bool calls() {
    std::int64_t budget = plan_.tokens;
    for (std::int64_t call = 0; call < plan_.calls && budget >= kToolHeadTokens; ++call) {
      budget -= kToolHeadTokens;
      std::string start;
      JsonWriter json(start);
      json.begin_object().field("contentBlockIndex", index_).key("start").begin_object();
      json.key("toolUse").begin_object().field("toolUseId", tool_id(names_, call));
      json.field("name", plan_.tool_name).end_object().end_object().end_object();
      if (!round("contentBlockStart", start, kToolHeadTokens)) return false;
      if (!pieces(true, budget)) return false;
      close();
    }
    return true;
  }

  std::vector<ScriptEvent>& out_;
  const AnswerNames& names_;
  const AnswerPlan& plan_;
  const Behaviour& behaviour_;
  Fault fault_;
  std::int64_t rounds_ = 0;
  int index_ = 0;
};

void script(std::vector<ScriptEvent>& out, const AnswerNames& names, const AnswerPlan& plan,
            const Behaviour& behaviour, Fault fault) {
  Speaker(out, names, plan, behaviour, fault).run();
}

}  // namespace

std::string_view bedrock_error_kind(int status) {
  switch (status) {
    case 400: return "ValidationException";
    case 401:
    case 403: return "AccessDeniedException";
    case 404: return "ResourceNotFoundException";
    case 408: return "ModelTimeoutException";
    case 424: return "ModelErrorException";
    case 429: return "ThrottlingException";
    case 503: return "ServiceUnavailableException";
    default: return "InternalServerException";
  }
}

const Dialect bedrock_dialect{"bedrock", read,        "msg_", write,
                              script,    write_error, "",     "application/vnd.amazon.eventstream"};

}  // namespace steelyard::mock
