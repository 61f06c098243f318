#include "tests/unit/dialect/hub_support.h"

#include <simdjson.h>

#include <set>

#include "gateway/dialect/anthropic_request.h"
#include "gateway/dialect/openai_hub_request.h"
#include "gateway/dialect/responses_request.h"
#include "gateway/dialect/responses_write.h"

namespace steelyard::dialect::testing {
namespace {

namespace dom = simdjson::dom;

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool legal_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string_view::npos;
}

// Rules of research/wire 2.2 for one message of Anthropic's dialect. `open`: calls not answered.
std::string check_blocks(const dom::element& message, std::set<std::string>& open) {
  const std::string_view role = message["role"];
  std::string_view plain;
  if (message["content"].get(plain) == simdjson::SUCCESS) return blank(plain) ? "blank text" : "";
  dom::array blocks;
  if (message["content"].get(blocks) != simdjson::SUCCESS) return "content is no array";
  if (blocks.size() == 0) return "no blocks";
  bool other = false;
  std::set<std::string> answered;
  for (const dom::element block : blocks) {
    const std::string_view type = block["type"];
    if (type == "text" && blank(std::string_view(block["text"]))) return "blank text block";
    if (type == "tool_result") {
      if (role != "user") return "a result outside a user turn";
      if (other) return "a result after other blocks";
      const std::string_view id = block["tool_use_id"];
      if (!legal_id(id)) return "an id that is not legal";
      answered.emplace(id);
    } else {
      other = true;
    }
    if (type == "tool_use") {
      if (role != "assistant") return "a call outside an assistant turn";
      if (!legal_id(std::string_view(block["id"]))) return "an id that is not legal";
      if (!block["input"].is_object()) return "input is no object";
    }
  }
  for (const std::string& id : open)
    if (answered.count(id) == 0) return "call " + id + " is not answered in the next turn";
  open.clear();
  for (const dom::element block : blocks)
    if (std::string_view(block["type"]) == "tool_use") open.emplace(std::string_view(block["id"]));
  return "";
}

}  // namespace

std::string read_chat(std::string_view body, hub::Request& out) {
  static openai::HubRequestParser parser;
  const auto done = parser.parse(body, out);
  return done ? "" : done.error().context;
}

std::string read_messages(std::string_view body, hub::Request& out) {
  static anthropic::RequestParser parser;
  const auto done = parser.parse(body, out);
  return done ? "" : done.error().context;
}

std::string read_responses(std::string_view body, hub::Request& out) {
  static responses::RequestParser parser;
  const auto done = parser.parse(body, out);
  return done ? "" : done.error().context;
}

std::string as_responses(const hub::Request& request, hub::Dropped& dropped) {
  static responses::RequestWriter writer;
  responses::WriteOptions options;
  options.model = "gpt-test";
  std::string out;
  const auto done = writer.write(request, options, out, dropped);
  return done ? out : "!" + done.error().context;
}

anthropic::WriteOptions usual_messages() {
  anthropic::WriteOptions options;
  options.model = "claude-test";
  options.default_max_tokens = 32'000;
  return options;
}

openai::HubWriteOptions usual_chat() {
  openai::HubWriteOptions options;
  options.model = "gpt-test";
  return options;
}

std::string as_messages(const hub::Request& request, hub::Dropped& dropped,
                        const anthropic::WriteOptions& options) {
  static anthropic::RequestWriter writer;
  std::string out;
  const auto done = writer.write(request, options, out, dropped);
  return done ? out : "!" + done.error().context;
}

std::string as_chat(const hub::Request& request, hub::Dropped& dropped,
                    const openai::HubWriteOptions& options) {
  static openai::HubRequestWriter writer;
  std::string out;
  const auto done = writer.write(request, options, out, dropped);
  return done ? out : "!" + done.error().context;
}

std::string fault_of_messages(std::string_view body) {
  dom::parser parser;
  dom::element doc;
  if (parser.parse(body.data(), body.size()).get(doc) != simdjson::SUCCESS) return "not JSON";
  if (!doc["model"].is_string()) return "no model";
  std::int64_t limit = 0, budget = 0;
  if (doc["max_tokens"].get(limit) != simdjson::SUCCESS) return "no max_tokens";
  if (doc["thinking"]["budget_tokens"].get(budget) == simdjson::SUCCESS &&
      (budget < 1'024 || budget >= limit))
    return "a budget that does not fit";
  std::set<std::string> open;
  bool first = true;
  for (const dom::element message : dom::array(doc["messages"])) {
    const std::string_view role = message["role"];
    if (first && role != "user") return "the first turn is not the user's";
    first = false;
    const std::string fault = check_blocks(message, open);
    if (!fault.empty()) return fault;
  }
  if (first) return "no messages";
  dom::array tools;
  const bool choice = doc["tool_choice"].is_object();
  if (doc["tools"].get(tools) != simdjson::SUCCESS) return choice ? "a choice of no tools" : "";
  for (const dom::element tool : tools)
    if (!tool["input_schema"].is_object() && !tool["type"].is_string())
      return "a tool without a schema";
  return "";
}

// Rules of research/wire 1.3: every call is answered once, by an output of its own kind.
std::string fault_of_responses(std::string_view body) {
  dom::parser parser;
  dom::element doc;
  if (parser.parse(body.data(), body.size()).get(doc) != simdjson::SUCCESS) return "not JSON";
  if (!doc["model"].is_string()) return "no model";
  bool store = true;
  if (doc["store"].get(store) != simdjson::SUCCESS || store) return "it would be stored";
  std::set<std::string> open;
  std::size_t items = 0;
  for (const dom::element item : dom::array(doc["input"])) {
    ++items;
    const std::string_view type = item["type"];
    std::string_view text;
    if (type == "message") {
      const std::string_view role = item["role"];
      dom::array content;
      if (item["content"].get(content) != simdjson::SUCCESS || content.size() == 0)
        return "a message without content";
      for (const dom::element part : content) {
        const std::string_view kind = part["type"];
        const bool out = kind == "output_text" || kind == "refusal";
        if (out != (role == "assistant")) return "a part on the wrong side";
      }
      continue;
    }
    if (type == "reasoning") {
      if (item["encrypted_content"].get(text) != simdjson::SUCCESS)
        return "reasoning without state";
      continue;
    }
    const bool output = type.ends_with("_output");
    if (item["call_id"].get(text) != simdjson::SUCCESS || text.empty() || text.size() > 64)
      return "no legal call_id";
    const std::string key =
        std::string(output ? type.substr(0, type.size() - 7) : type) + std::string(text);
    if (!output) open.insert(key);
    if (output && open.erase(key) == 0) return "an output without its call";
    if (type == "function_call" && item["arguments"].get(text) != simdjson::SUCCESS)
      return "arguments are no text";
  }
  if (items == 0) return "no input";
  return open.empty() ? "" : "a call that is not answered";
}

std::string fault_of_chat(std::string_view body) {
  dom::parser parser;
  dom::element doc;
  if (parser.parse(body.data(), body.size()).get(doc) != simdjson::SUCCESS) return "not JSON";
  std::set<std::string> open;
  bool any = false;
  for (const dom::element message : dom::array(doc["messages"])) {
    any = true;
    const std::string_view role = message["role"];
    if (role == "tool") {
      if (!message["content"].is_string()) return "a result that is no string";
      if (open.erase(std::string(std::string_view(message["tool_call_id"]))) == 0)
        return "a result without its call";
      continue;
    }
    if (!open.empty()) return "a call that is not answered";
    dom::array calls;
    if (message["tool_calls"].get(calls) == simdjson::SUCCESS) {
      if (role != "assistant") return "calls outside an assistant turn";
      for (const dom::element call : calls) {
        open.emplace(std::string_view(call["id"]));
        if (!call["function"]["arguments"].is_string()) return "arguments that are no string";
      }
    } else if (message["content"].is_null()) {
      return "neither content nor calls";
    }
  }
  return any ? "" : "no messages";
}

std::string names(const hub::Dropped& dropped) {
  std::string out;
  dropped.append_names(out);
  return out;
}

}  // namespace steelyard::dialect::testing
