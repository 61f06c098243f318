#include "gateway/dialect/responses_socket.h"

#include <algorithm>

#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::responses {
namespace {

constexpr std::string_view not_understood =
    R"({"type":"error","status":400,"error":{"type":"invalid_request_error","code":null,"param":null,"message":")";

std::string_view raw_value(JsonCursor& cursor, std::string_view json, bool& ok) {
  const std::size_t begin = cursor.offset();
  ok = cursor.skip_value();
  return ok ? json.substr(begin, cursor.end_of_previous() - begin) : std::string_view();
}

std::string_view inside_of_string(std::string_view raw) {
  return raw.size() >= 2 && raw.front() == '"' ? raw.substr(1, raw.size() - 2) : std::string_view();
}

// Items of an array without its brackets; a string is what a user says.
std::string items_of(std::string_view input) {
  std::string items;
  if (input.starts_with('[')) {
    items = input.substr(1, input.size() - 2);
    if (items.find_first_not_of(" \t\r\n") == items.npos) items.clear();
  } else if (input.starts_with('"')) {
    items.append(R"({"type":"message","role":"user","content":)").append(input).append("}");
  }
  return items;
}

std::string joined(std::string_view a, std::string_view b) {
  std::string all(a);
  if (!a.empty() && !b.empty()) all += ',';
  return all += b;
}

// Codex repeats in the body what its connection's head cannot say, or cannot say for each turn.
void read_metadata(std::string_view json, std::string_view& metadata, std::string_view& lite) {
  constexpr KeyTable<2> names(key_names(
      "x-codex-turn-metadata", "ws_request_header_x_openai_internal_codex_responses_lite"));
  LenientReader reader(json);
  (void)reader.object(names, [&](int key) {
    if (key < 0) return reader.cursor.skip_value();
    return reader.text(key == 0 ? metadata : lite);
  });
}

bool may_stand_in_head(std::string_view text) {
  constexpr std::size_t most = 4096;
  return text.size() <= most &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

struct WebSocketTurns::Frame {
  std::string_view type, previous, input, model, metadata, lite;
  bool generate = true;
  // Members that are posted as they are, a comma behind each; so are those of a wrong type, and
  // what comes twice: they are refused there, with their place.
  std::string others;

  bool read(std::string_view json) {
    JsonCursor cursor(json);
    if (cursor.peek() != '{' || !cursor.open('{')) return false;
    std::string_view key;
    bool ok = true;
    for (bool first = true; ok && cursor.next_member(first, key);) {
      const std::string_view value = raw_value(cursor, json, ok);
      const bool is_text = value.starts_with('"'), is_null = value == "null";
      if (key == "type")
        type = inside_of_string(value);
      else if (key == "previous_response_id" && previous.empty() && (is_text || is_null))
        previous = inside_of_string(value);
      else if (key == "input" && input.empty() && (is_text || is_null || value.starts_with('[')))
        input = value;
      else if (key == "generate")
        generate = value != "false";
      else if (key != "stream" && key != "background")
        others.append(1, '"').append(key).append("\":").append(value).append(1, ',');
      if (key == "model") model = inside_of_string(value);
      if (key == "client_metadata") read_metadata(value, metadata, lite);
    }
    return ok && cursor.fault() == JsonFault::none && cursor.at_end();
  }
};

WebSocketTurns::Step WebSocketTurns::take(std::string_view message, std::string& out) {
  Frame frame;
  out.clear();
  if (!frame.read(message)) {
    out.append(not_understood).append("the message is not a JSON object\"}}\n");
    return Step::answered;
  }
  if (frame.type != "response.create") {
    out.append(not_understood).append("`/type` must be `response.create`\"}}\n");
    return Step::answered;
  }
  metadata_.clear();
  append_unescaped(metadata_, frame.metadata);
  if (!may_stand_in_head(metadata_)) metadata_.clear();
  lite_ = frame.lite == "true";
  const std::string items = items_of(frame.input);
  const bool follows = !frame.previous.empty() && frame.previous == last_id_ && whole_;
  asked_ = follows ? joined(history_, items) : items;
  asked_whole_ = follows || frame.previous.empty();
  if (!frame.generate) {
    prewarm(frame, out);
    return Step::answered;
  }
  out.append("{").append(frame.others).append("\"stream\":true");
  if (!asked_whole_) out.append(",\"previous_response_id\":\"").append(frame.previous).append("\"");
  if (!frame.input.empty() || follows) out.append(",\"input\":[").append(asked_).append("]");
  out += '}';
  return Step::post;
}

// Nothing is to be generated: the next turn shall only find its way. Nobody is asked, nothing is
// billed.
void WebSocketTurns::prewarm(const Frame& frame, std::string& out) {
  const std::string id = "resp_sy_prewarm_" + std::to_string(++prewarmed_);
  for (const std::string_view status : {"in_progress", "completed"}) {
    const bool done = status == "completed";
    hub::PieceWriter json(out);
    json.open('{').field("type", done ? "response.completed" : "response.created");
    json.field_number("sequence_number", done ? 1 : 0).key("response").open('{');
    json.field("id", id).field("object", "response").field_number("created_at", 0);
    json.field("status", status).field("model", frame.model).field_raw("output", "[]");
    json.field_raw("error", "null").field_raw("incomplete_details", "null");
    if (done)
      json.field_raw("usage", R"({"input_tokens":0,"input_tokens_details":{"cached_tokens":0},)"
                              R"("output_tokens":0,"output_tokens_details":{"reasoning_tokens":0},)"
                              R"("total_tokens":0})");
    json.close('}').close('}');
    out += '\n';
  }
  keep(id, asked_, asked_whole_);
}

void WebSocketTurns::keep(std::string_view id, std::string conversation, bool whole) {
  last_id_ = id;
  whole_ = whole && conversation.size() <= history_max_;
  history_ = whole_ ? std::move(conversation) : std::string();
}

void WebSocketTurns::saw(std::string_view type, std::string_view event) {
  if (type != "response.completed" && type != "response.incomplete") return;
  constexpr KeyTable<1> response(key_names("response"));
  constexpr KeyTable<2> members(key_names("id", "output"));
  std::string_view id, output;
  LenientReader reader(event);
  (void)reader.object(response, [&](int key) {
    if (key != 0) return reader.cursor.skip_value();
    return reader.object(members, [&](int member) {
      if (member == 0) return reader.text(id);
      bool ok = true;
      const std::string_view value = raw_value(reader.cursor, event, ok);
      if (member == 1) output = value;
      return ok;
    });
  });
  keep(id, joined(asked_, items_of(output)), asked_whole_ && !id.empty());
}

std::string WebSocketTurns::error_message(unsigned status, std::string_view body) {
  std::string message = R"({"type":"error","status":)" + std::to_string(status);
  const std::size_t begin = body.find_first_not_of(" \t\r\n");
  // The body is an object of ours or of a provider, with `error` in it.
  if (begin != body.npos && body[begin] == '{' && body.size() > begin + 2)
    message.append(1, ',').append(body.substr(begin + 1));
  else
    message.append(
        R"(,"error":{"type":"server_error","code":null,"param":null,"message":"no answer"}})");
  return message;
}

}  // namespace steelyard::dialect::responses
