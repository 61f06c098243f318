// OpenAI Responses. Usage: input with what was cached, output with reasoning.
#include <algorithm>

#include "config/types/json_writer.h"
#include "gateway/mock/dialect.h"
#include "gateway/mock/dialect_read.h"
#include "gateway/mock/dialect_speech.h"

namespace steelyard::mock {
namespace {

constexpr std::string_view state = "gAAAAABtb2Nr";

void read_item(const Element& item, bool directives, ChatRequest& out) {
  Element value;
  const std::string_view type = text_at(item, "type"), role = text_at(item, "role");
  const bool message = type.empty() || type == "message";
  if (message && child_at(item, "content", value))
    add_content(value, role == "user", directives, out);
  if (child_at(item, "output", value)) add_content(value, false, directives, out);
  for (const std::string_view key : {"arguments", "input"})
    out.prompt_bytes += static_cast<std::int64_t>(text_at(item, key).size());
}

const char* read(const Element& body, bool directives, ChatRequest& out) {
  Element value;
  simdjson::dom::array list;
  std::string_view text;
  out.model.assign(text_at(body, "model"));
  if (out.model.empty()) return "Missing required parameter: 'model'.";
  out.max_tokens = number_at(body, "max_output_tokens", -1);
  out.stream = flag_at(body, "stream");
  out.prompt_bytes += static_cast<std::int64_t>(text_at(body, "instructions").size());
  if (!child_at(body, "input", value)) return "Missing required parameter: 'input'.";
  if (value.get(text) == simdjson::SUCCESS) {
    out.prompt_bytes += static_cast<std::int64_t>(text.size());
    take_question(text, directives, out);
  } else if (value.get(list) == simdjson::SUCCESS) {
    for (const Element item : list) read_item(item, directives, out);
  } else {
    return "Invalid type for 'input': expected a string or an array.";
  }
  std::string_view wanted;
  if (child_at(body, "tool_choice", value)) {
    out.tool_required = value.get(text) == simdjson::SUCCESS ? text == "required" : true;
    if (value.is_object()) wanted = text_at(value, "name");
  }
  if (body["tools"].get(list) == simdjson::SUCCESS)
    for (const Element tool : list) {
      Element schema;
      if (text_at(tool, "type") != "function") continue;
      const bool has = child_at(tool, "parameters", schema);
      offer_tool(text_at(tool, "name"), wanted, has ? &schema : nullptr, out);
    }
  Element config, format, schema;
  if (child_at(body, "text", config) && child_at(config, "format", format)) {
    out.wants_json = text_at(format, "type").starts_with("json");
    if (child_at(format, "schema", schema)) append_instance(out.json_instance, schema);
  }
  return nullptr;
}

void write_usage(JsonWriter& json, const AnswerPlan& plan) {
  json.key("usage").begin_object().field("input_tokens", plan.input);
  json.key("input_tokens_details").begin_object().field("cached_tokens", plan.cached).end_object();
  json.field("output_tokens", plan.output()).key("output_tokens_details").begin_object();
  json.field("reasoning_tokens", plan.reasoning).end_object();
  json.field("total_tokens", plan.input + plan.output()).end_object();
}

// One item of the output, and its text in pieces.
struct Item {
  std::string id, type;
  std::vector<std::string> pieces;
  std::vector<std::int64_t> tokens;  // by piece
  std::string call_id;               // of a search: what it does
  std::string whole() const {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    return all;
  }
};

std::vector<Item> items_of(const AnswerNames& names, const AnswerPlan& plan, std::int64_t step) {
  std::vector<Item> items;
  const std::string suffix(suffix_of(names));
  if (plan.reasoning > 0)
    items.push_back({"rs_" + suffix, "reasoning", {std::string(thought)}, {0}, {}});
  // One more opens what was found: that is a call, and no search.
  for (std::int64_t i = 0; plan.searches != 0 && i <= plan.searches; ++i) {
    Item& item = items.emplace_back();
    item.id = "ws_" + suffix + "_" + std::to_string(i);
    item.type = "web_search_call";
    item.call_id = i < plan.searches ? "search" : "open_page";
  }
  std::int64_t budget = plan.tokens;
  const auto fill = [&](Item& item) {
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
      item.pieces.push_back(std::move(piece));
      item.tokens.push_back(tokens);
    }
  };
  if (plan.kind == Answer::tool_call) {
    for (std::int64_t call = 0; call < plan.calls && budget >= kToolHeadTokens; ++call) {
      budget -= kToolHeadTokens;
      const std::string number = suffix + "_" + std::to_string(call);
      Item& item = items.emplace_back();
      item.id = "fc_" + number;
      item.type = "function_call";
      item.call_id = "call_" + number;
      fill(item);
      if (item.pieces.empty()) {
        item.pieces.emplace_back();
        item.tokens.push_back(0);
      }
      item.tokens[0] += kToolHeadTokens;
    }
  } else if (plan.kind != Answer::empty) {
    Item& item = items.emplace_back();
    item.id = "msg_" + suffix;
    item.type = "message";
    fill(item);
  }
  return items;
}

void write_part(JsonWriter& json, const AnswerPlan& plan, std::string_view text) {
  json.begin_object();
  if (plan.kind == Answer::refusal) {
    json.field("type", "refusal").field("refusal", text);
  } else {
    json.field("type", "output_text").key("annotations").begin_array().end_array();
    json.key("logprobs").begin_array().end_array().field("text", text);
  }
  json.end_object();
}

void write_item(JsonWriter& json, const AnswerPlan& plan, const Item& item, bool done) {
  json.begin_object().field("id", item.id).field("type", item.type);
  const std::string text = done ? item.whole() : std::string();
  if (item.type == "reasoning") {
    json.key("summary").begin_array();
    if (done) json.begin_object().field("type", "summary_text").field("text", text).end_object();
    json.end_array().field("encrypted_content", state);
  } else {
    json.field("status", done ? "completed" : "in_progress");
    if (item.type == "web_search_call") {
      json.key("action").begin_object().field("type", item.call_id).end_object().end_object();
      return;
    }
    if (item.type == "message") {
      json.field("role", "assistant").key("content").begin_array();
      if (done) write_part(json, plan, text);
      json.end_array();
    } else {
      json.field("call_id", item.call_id).field("name", plan.tool_name).field("arguments", text);
    }
  }
  json.end_object();
}

void write_response(JsonWriter& json, const AnswerNames& names, const AnswerPlan& plan,
                    const Behaviour& behaviour, const std::vector<Item>& items, bool done,
                    Fault fault) {
  const bool cut = plan.finish == "length";
  json.begin_object().field("id", names.id).field("object", "response");
  json.field("created_at", names.created);
  const std::string_view end = cut ? "incomplete" : "completed";
  if (done && (fault == Fault::no_finish || plan.finish.empty()))
    json.key("status").null();
  else
    json.field("status", done ? end : std::string_view("in_progress"));
  json.key("error").null();
  if (done && cut)
    json.key("incomplete_details").raw(R"({"reason":"max_output_tokens"})");
  else
    json.key("incomplete_details").null();
  json.key("model").raw("\"" + names.model + "\"").key("output").begin_array();
  if (done)
    for (const Item& item : items) write_item(json, plan, item, true);
  json.end_array().field("parallel_tool_calls", true).field("tool_choice", "auto");
  json.key("tools").begin_array().end_array();
  if (done && behaviour.usage != UsageMode::none)
    write_usage(json, plan);
  else
    json.key("usage").null();
  json.end_object();
}

void write(std::string& out, const AnswerNames& names, const AnswerPlan& plan,
           const Behaviour& behaviour) {
  JsonWriter json(out);
  write_response(json, names, plan, behaviour, items_of(names, plan, INT64_MAX), true, Fault::none);
}

class Speaker {
 public:
  Speaker(std::vector<ScriptEvent>& out, const AnswerNames& names, const AnswerPlan& plan,
          const Behaviour& behaviour, Fault fault)
      : names_(names),
        plan_(plan),
        behaviour_(behaviour),
        fault_(fault),
        items_(items_of(names, plan, std::max<std::int64_t>(behaviour.tokens_per_chunk, 1))),
        writer_(out, behaviour, fault) {}

  void run() {
    whole("response.created", false);
    whole("response.in_progress", false);
    for (index_ = 0; index_ < static_cast<std::int64_t>(items_.size()); ++index_)
      if (!item(items_[static_cast<std::size_t>(index_)])) return;
    if (writer_.failed_late("error", error())) return;
    if (fault_ == Fault::no_done) return;
    whole(plan_.finish == "length" ? "response.incomplete" : "response.completed", true);
  }

 private:
  template <class Fill>
  std::string make(std::string_view type, Fill&& fill) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().field("type", type).field("sequence_number", sequence_++);
    fill(json);
    json.end_object();
    return out;
  }

  std::string error() {
    const ErrorReply failure = usual_error(500, behaviour_);
    return make("error", [&](JsonWriter& json) {
      json.field("code", "server_error");
      json.field("message", behaviour_.error_message.empty()
                                ? std::string_view("the mock failed in the middle of the stream")
                                : failure.message);
      json.key("param").null();
    });
  }

  void whole(std::string_view type, bool done) {
    writer_.add(type, make(type, [&](JsonWriter& json) {
                  json.key("response");
                  std::string response;
                  JsonWriter inner(response);
                  write_response(inner, names_, plan_, behaviour_, items_, done, fault_);
                  json.raw(response);
                }));
  }

  void event(std::string_view type, const Item& item, bool with_id, auto&& fill) {
    writer_.add(type, make(type, [&](JsonWriter& json) {
                  json.field("output_index", index_);
                  if (with_id) json.field("item_id", item.id);
                  fill(json);
                }));
  }

  void item_event(std::string_view type, const Item& item, bool done) {
    event(type, item, false, [&](JsonWriter& json) {
      std::string text;
      JsonWriter inner(text);
      write_item(inner, plan_, item, done);
      json.key("item").raw(text);
    });
  }

  bool deltas(std::string_view type, const Item& item, std::string_view at) {
    for (std::size_t i = 0; i < item.pieces.size(); ++i) {
      const std::string failure = error();
      --sequence_;
      const std::string piece = writer_.text(item.pieces[i]);
      std::string json = make(type, [&](JsonWriter& out) {
        out.field("output_index", index_).field("item_id", item.id);
        if (!at.empty()) out.field(at, 0);
        out.field("delta", piece);
      });
      if (!writer_.round(type, std::move(json), item.tokens[i], "error", failure)) return false;
    }
    return true;
  }

  bool item(const Item& item) {
    item_event("response.output_item.added", item, false);
    const bool done = item.type == "reasoning" ? reasoning(item)
                      : item.type == "message" ? message(item)
                                               : item.type == "web_search_call" || call(item);
    if (done) item_event("response.output_item.done", item, true);
    return done;
  }

  // Hidden: no round of its own.
  bool reasoning(const Item& item) {
    const auto part = [&](std::string_view type, std::string_view key, std::string_view value) {
      event(type, item, true, [&](JsonWriter& json) {
        json.field("summary_index", 0).key(key);
        if (key == "part")
          json.begin_object().field("type", "summary_text").field("text", value).end_object();
        else
          json.string(value);
      });
    };
    part("response.reasoning_summary_part.added", "part", "");
    part("response.reasoning_summary_text.delta", "delta", thought);
    part("response.reasoning_summary_text.done", "text", thought);
    part("response.reasoning_summary_part.done", "part", thought);
    return true;
  }

  bool message(const Item& item) {
    const bool refusal = plan_.kind == Answer::refusal;
    const auto part = [&](std::string_view type, std::string_view text) {
      event(type, item, true, [&](JsonWriter& json) {
        std::string made;
        JsonWriter inner(made);
        write_part(inner, plan_, text);
        json.field("content_index", 0).key("part").raw(made);
      });
    };
    part("response.content_part.added", "");
    if (!deltas(refusal ? "response.refusal.delta" : "response.output_text.delta", item,
                "content_index"))
      return false;
    const std::string all = item.whole();
    event(refusal ? "response.refusal.done" : "response.output_text.done", item, true,
          [&](JsonWriter& json) {
            json.field("content_index", 0).field(refusal ? "refusal" : "text", all);
          });
    part("response.content_part.done", all);
    return true;
  }

  bool call(const Item& item) {
    if (!deltas("response.function_call_arguments.delta", item, {})) return false;
    const std::string all = item.whole();
    event("response.function_call_arguments.done", item, true,
          [&](JsonWriter& json) { json.field("arguments", all); });
    return true;
  }

  const AnswerNames& names_;
  const AnswerPlan& plan_;
  const Behaviour& behaviour_;
  Fault fault_;
  std::vector<Item> items_;
  ScriptWriter writer_;
  std::int64_t index_ = 0, sequence_ = 0;
};

void script(std::vector<ScriptEvent>& out, const AnswerNames& names, const AnswerPlan& plan,
            const Behaviour& behaviour, Fault fault) {
  Speaker(out, names, plan, behaviour, fault).run();
}

}  // namespace

const Dialect responses_dialect{
    "responses", read, "resp_", write, script, append_error_body, ": mock is thinking\n\n"};

}  // namespace steelyard::mock
