#include "tests/unit/dialect/answer_frames.h"

#include <algorithm>

#include "tests/unit/dialect/answer_members.h"

namespace steelyard::dialect::testing {
namespace {

using hub::Wire;

// Calls: "index" before all else.
std::string indexed(dom::parser& parser, const std::string& calls) {
  std::string out = "[";
  int index = 0;
  for (const dom::element call : elements(parser, calls)) {
    const std::string text = simdjson::minify(call);
    out.append(index > 0 ? ",{" : "{").append("\"index\":" + std::to_string(index) + ",");
    out += text.substr(1);
    ++index;
  }
  return out + "]";
}

Answers chat(dom::parser& parser, const dom::object& said) {
  Members top({{"id", R"("chatcmpl-1")"},
               {"object", R"("chat.completion")"},
               {"created", "1700000000"},
               {"model", R"("m-1")"},
               {"usage", R"({"prompt_tokens":5,"completion_tokens":3,"total_tokens":8})"}});
  Members message({{"role", R"("assistant")"}, {"content", R"("x")"}});
  Members choice({{"index", "0"}, {"finish_reason", R"("stop")"}});
  for (const auto field : said) {
    if (field.key == "message")
      message.put_all(field.value.get_object());
    else if (field.key == "choice")
      choice.put_all(field.value.get_object());
    else
      top.put(field.key, simdjson::minify(field.value));
  }
  Answers out;
  const std::string error = top.take("error");
  std::string others = top.take("more_choices");
  if (!others.empty()) others = "," + others.substr(1, others.size() - 2);
  Members whole = top, whole_choice = choice;
  whole_choice.put("message", message.json());
  whole.put("choices", "[" + whole_choice.json() + others + "]");
  if (!error.empty()) whole.put("error", error);
  out.whole = whole.json();

  const std::string usage = top.take("usage"), finish = choice.take("finish_reason");
  top.put("object", R"("chat.completion.chunk")");
  const auto chunk = [&](const std::string& choices, const std::string& more = {}) {
    Members document = top;
    document.put("choices", choices);
    if (!more.empty()) document.put("usage", more);
    out.stream += "data: " + document.json() + "\n\n";
  };
  if (const std::string calls = message.take("tool_calls"); !calls.empty())
    message.put("tool_calls", indexed(parser, calls));
  Members with_delta = choice;
  with_delta.put("delta", message.json());
  chunk("[" + with_delta.json() + "]");
  for (const dom::element other :
       elements(parser, "[" + (others.empty() ? "" : others.substr(1)) + "]")) {
    const std::string text = simdjson::minify(other);
    const std::size_t at = text.find("\"message\"");
    chunk("[" + text.substr(0, at) + "\"delta\"" + text.substr(at + 9) + "]");
  }
  if (!error.empty()) {
    out.stream += "data: {\"error\":" + error + "}\n\n";
    return out;
  }
  chunk(R"([{"index":0,"delta":{},"finish_reason":)" + finish + "}]");
  chunk("[]", usage);
  out.stream += "data: [DONE]\n\n";
  return out;
}

std::string named(std::string_view type, Members members) {
  Members all({{"type", "\"" + std::string(type) + "\""}});
  return "event: " + std::string(type) + "\ndata: " + all.json().substr(0, all.json().size() - 1) +
         (members.json().size() > 2 ? "," + members.json().substr(1) : "}") + "\n\n";
}

std::string anthropic_block(const dom::element& block, const std::string& index) {
  const std::string type = text_of(block, "type");
  std::string start = simdjson::minify(block);
  std::vector<std::string> deltas;
  const auto delta = [&](const char* kind, const char* key, const std::string& value) {
    deltas.push_back(Members({{"type", quoted(kind)}, {key, value}}).json());
  };
  if (type == "text") {
    start = R"({"type":"text","text":""})";
    delta("text_delta", "text", raw_of(block, "text"));
    dom::array citations;
    if (block["citations"].get(citations) == simdjson::SUCCESS)
      for (const dom::element one : citations)
        delta("citations_delta", "citation", simdjson::minify(one));
  } else if (type == "thinking") {
    start = R"({"type":"thinking","thinking":"","signature":""})";
    if (!text_of(block, "thinking").empty())
      delta("thinking_delta", "thinking", raw_of(block, "thinking"));
    if (!text_of(block, "signature").empty())
      delta("signature_delta", "signature", raw_of(block, "signature"));
  } else if (type == "tool_use" || type == "server_tool_use") {
    start = Members(block).put("input", "{}").json();
    delta("input_json_delta", "partial_json", quoted(raw_of(block, "input")));
  }
  std::string out =
      named("content_block_start", Members({{"index", index}, {"content_block", start}}));
  for (const std::string& one : deltas)
    out += named("content_block_delta", Members({{"index", index}, {"delta", one}}));
  return out + named("content_block_stop", Members({{"index", index}}));
}

Answers messages(dom::parser& parser, const dom::object& said) {
  Members top({{"id", R"("msg_1")"},
               {"type", R"("message")"},
               {"role", R"("assistant")"},
               {"model", R"("m-1")"},
               {"content", R"([{"type":"text","text":"x"}])"},
               {"stop_reason", R"("end_turn")"},
               {"stop_sequence", "null"},
               {"usage", R"({"input_tokens":5,"output_tokens":3})"}});
  top.put_all(said);
  Answers out;
  const std::string error = top.take("error");
  out.whole = error.empty() ? top.json() : R"({"type":"error","error":)" + error + "}";
  Members end = top.split({"stop_reason", "stop_sequence", "stop_details", "container"});
  Members beside = top.split({"context_management"});
  const std::string content = top.take("content");
  Members start = top;
  start.put("content", "[]").put("stop_reason", "null").put("stop_sequence", "null");
  out.stream = named("message_start", Members({{"message", start.json()}}));
  int index = 0;
  for (const dom::element block : elements(parser, content))
    out.stream += anthropic_block(block, std::to_string(index++));
  if (!error.empty()) {
    out.stream += named("error", Members({{"error", error}}));
    return out;
  }
  beside.put("delta", end.json()).put("usage", top.take("usage"));
  out.stream += named("message_delta", beside) + named("message_stop", {});
  return out;
}

Answers contents(const dom::object& said) {
  Members top({{"modelVersion", R"("m-1")"}, {"responseId", R"("r1")"}});
  Members candidate({{"index", "0"}, {"finishReason", R"("STOP")"}});
  std::string parts = R"([{"text":"x"}])",
              usage = R"({"promptTokenCount":5,"candidatesTokenCount":3,"totalTokenCount":8})",
              more, error;
  for (const auto field : said) {
    const std::string value = simdjson::minify(field.value);
    if (field.key == "candidate")
      candidate.put_all(field.value.get_object());
    else if (field.key == "parts")
      parts = value;
    else if (field.key == "usageMetadata")
      usage = value;
    else if (field.key == "more_candidates")
      more = "," + value.substr(1, value.size() - 2);
    else if (field.key == "error")
      error = value;
    else
      top.put(field.key, value);
  }
  const std::string content = "{\"role\":\"model\",\"parts\":" + parts + "}";
  const auto document = [&](const std::string& list) {
    Members all = top;
    all.put("candidates", list).put("usageMetadata", usage);
    return all.json();
  };
  Answers out;
  Members whole = candidate, first = candidate;
  whole.put("content", content);
  if (parts == "[]") whole.take("content");
  const std::string list = parts == "null" ? "[]" : "[" + whole.json() + more + "]";
  out.whole = error.empty() ? document(list) : "{\"error\":" + error + "}";
  first = first.split({"index", "logprobsResult"});
  first.put("content", content);
  const auto frame = [&](const std::string& json) { out.stream += "data: " + json + "\r\n\r\n"; };
  if (parts != "null") frame(document("[" + first.json() + more + "]"));
  if (!error.empty()) {
    frame("{\"error\":" + error + "}");
    return out;
  }
  candidate.take("logprobsResult");
  frame(document(parts == "null" ? "[]" : "[" + candidate.json() + "]"));
  return out;
}

std::string response_item(const dom::element& item, const std::string& index) {
  const std::string type = text_of(item, "type"), whole = simdjson::minify(item);
  Members begun(item);
  begun = begun.split({"type", "id", "call_id", "name", "role", "phase"});
  Members place({{"output_index", index}});
  const auto event = [&](std::string_view name, Members extra) {
    std::string json = place.json();
    json.pop_back();
    const std::string rest = extra.json();
    return "event: " + std::string(name) + "\ndata: {\"type\":\"" + std::string(name) + "\"," +
           json.substr(1) + (rest.size() > 2 ? "," + rest.substr(1) : "}") + "\n\n";
  };
  std::string out = event("response.output_item.added", Members({{"item", begun.json()}}));
  if (type == "function_call")
    out += event("response.function_call_arguments.delta",
                 Members({{"delta", raw_of(item, "arguments")}}));
  int part = 0;
  dom::array content;
  if (type == "message" && item["content"].get(content) == simdjson::SUCCESS)
    for (const dom::element one : content) {
      const std::string at = std::to_string(part++);
      const bool refusal = text_of(one, "type") == "refusal";
      if (!refusal && text_of(one, "type") != "output_text") continue;
      Members delta({{"content_index", at}, {"delta", raw_of(one, refusal ? "refusal" : "text")}});
      if (!raw_of(one, "logprobs").empty()) delta.put("logprobs", raw_of(one, "logprobs"));
      out += event(refusal ? "response.refusal.delta" : "response.output_text.delta", delta);
    }
  return out + event("response.output_item.done", Members({{"item", whole}}));
}

Answers responses(dom::parser& parser, const dom::object& said) {
  Members top(
      {{"id", R"("resp_1")"},
       {"object", R"("response")"},
       {"status", R"("completed")"},
       {"model", R"("m-1")"},
       {"output",
        R"([{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[]}]}])"},
       {"usage", R"({"input_tokens":5,"output_tokens":3,"total_tokens":8})"}});
  top.put_all(said);
  Answers out;
  const bool failed = !Members(top).take("error").empty();
  if (failed) top.put("status", R"("failed")");
  out.whole = top.json();
  Members begun = top;
  begun.put("output", "[]").put("status", R"("in_progress")").put("usage", "null");
  begun.take("error");
  out.stream = named("response.created", Members({{"response", begun.json()}}));
  int index = 0;
  for (const dom::element item : elements(parser, Members(top).take("output")))
    out.stream += response_item(item, std::to_string(index++));
  const std::string status = Members(top).take("status");
  out.stream +=
      named("response." + status.substr(1, status.size() - 2), Members({{"response", top.json()}}));
  return out;
}

}  // namespace

Answers answers_of(Wire provider, const dom::object& said) {
  dom::parser parser;
  switch (provider) {
    case Wire::anthropic: return messages(parser, said);
    case Wire::openai_responses: return responses(parser, said);
    case Wire::gemini: return contents(said);
    case Wire::converse: return converse_answers(parser, said);
    case Wire::openai_chat: break;
  }
  return chat(parser, said);
}

std::vector<std::string> documents_of(std::string_view stream) {
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = stream.find("data: ", at)) != std::string_view::npos;) {
    at += 6;
    const std::size_t end = std::min(stream.find_first_of("\r\n", at), stream.size());
    out.emplace_back(stream.substr(at, end - at));
    at = end;
  }
  return out;
}

}  // namespace steelyard::dialect::testing
