// What Bedrock's Converse refuses (research/wire 1.5, 2.2), read another way.
#include <simdjson.h>

#include <set>

#include "gateway/dialect/converse_models.h"
#include "gateway/dialect/converse_write.h"
#include "tests/unit/dialect/hub_support.h"

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

struct Turn {
  bool user = false, document = false, text = false, other = false;
  std::set<std::string> calls, results;
};

std::string check_block(const dom::element& block, Turn& turn, std::set<std::string>& names) {
  const dom::object members = block.get_object();
  if (members.size() != 1) return "a block that is not one thing";
  const dom::key_value_pair one = *members.begin();
  if (one.key == "text") {
    turn.text = true;
    return blank(std::string_view(one.value)) ? "a blank text" : "";
  }
  if (one.key == "cachePoint")
    return std::string_view(one.value["type"]) == "default" ? "" : "a cache point without a type";
  if (one.key == "toolResult") {
    if (!turn.user) return "a result outside a user turn";
    if (turn.other || turn.text) return "a result after other blocks";
    if (!legal_id(std::string_view(one.value["toolUseId"]))) return "an id that is not legal";
    turn.results.emplace(std::string_view(one.value["toolUseId"]));
    for (const dom::element inside : dom::array(one.value["content"])) {
      std::string_view text;
      if (inside["text"].get(text) == simdjson::SUCCESS && text.empty()) return "an empty result";
    }
    return "";
  }
  turn.other = true;
  if (one.key == "toolUse") {
    if (turn.user) return "a call outside an assistant turn";
    if (!legal_id(std::string_view(one.value["toolUseId"]))) return "an id that is not legal";
    if (!one.value["input"].is_object()) return "input is no object";
    turn.calls.emplace(std::string_view(one.value["toolUseId"]));
    return "";
  }
  if (one.key == "document") {
    turn.document = true;
    const std::string name(std::string_view(one.value["name"]));
    for (const char c : name)
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
          std::string_view(" -()[]").find(c) == std::string_view::npos)
        return "a name of a document that is not legal";
    if (!names.insert(name).second) return "two documents of one name";
  }
  const std::set<std::string_view> known{"image", "document", "audio", "reasoningContent"};
  return known.count(one.key) != 0 ? "" : "a block that is not known";
}

}  // namespace

std::string as_converse(const hub::Request& request, hub::Dropped& dropped,
                        std::string_view model) {
  converse::WriteOptions options;
  (void)converse::apply_model(model, options);
  converse::RequestWriter writer;
  std::string out;
  dropped.clear();
  const auto done = writer.write(request, options, out, dropped);
  return done ? out : "!" + done.error().context;
}

std::string fault_of_converse(std::string_view body) {
  dom::parser parser;
  dom::element doc;
  if (parser.parse(body.data(), body.size()).get(doc) != simdjson::SUCCESS) return "not JSON";
  std::set<std::string> open, names;
  bool first = true, user = false, tools_used = false;
  for (const dom::element message : dom::array(doc["messages"])) {
    const std::string_view role = message["role"];
    Turn turn;
    turn.user = role == "user";
    if (first && !turn.user) return "the first turn is not the user's";
    if (!first && turn.user == user) return "two turns of one side";
    first = false;
    user = turn.user;
    const dom::array blocks = message["content"];
    if (blocks.size() == 0) return "no blocks";
    for (const dom::element block : blocks)
      if (const std::string fault = check_block(block, turn, names); !fault.empty()) return fault;
    if (turn.document && !turn.text) return "a document without a text";
    for (const std::string& id : open)
      if (turn.results.count(id) == 0) return "call " + id + " is not answered in the next turn";
    tools_used = tools_used || !turn.calls.empty() || !turn.results.empty();
    open = turn.calls;
  }
  if (first) return "no messages";
  dom::array tools;
  const bool declared = doc["toolConfig"]["tools"].get(tools) == simdjson::SUCCESS;
  if (declared && tools.size() == 0) return "an empty list of tools";
  if (tools_used && !declared) return "calls without tools";
  std::int64_t limit = 0, budget = 0;
  const bool limited = doc["inferenceConfig"]["maxTokens"].get(limit) == simdjson::SUCCESS;
  if (limited && limit < 1) return "a limit of nothing";
  if (doc["additionalModelRequestFields"]["thinking"]["budget_tokens"].get(budget) ==
          simdjson::SUCCESS &&
      (!limited || budget < 1'024 || budget >= limit))
    return "a budget that does not fit";
  return "";
}

}  // namespace steelyard::dialect::testing
