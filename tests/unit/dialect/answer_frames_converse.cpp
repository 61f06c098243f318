// Converse's answers: blocks of Amazon's, and the frames they are streamed in.
#include <zlib.h>

#include "tests/unit/dialect/answer_members.h"

namespace steelyard::dialect::testing {
namespace {

std::string big_endian(std::size_t n) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift & 0xFF);
  return out;
}

std::string crc_of(const std::string& bytes) {
  return big_endian(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::string frame(const std::string& type, const std::string& payload, bool exception = false) {
  std::string headers;
  const auto header = [&](const std::string& name, const std::string& value) {
    headers += static_cast<char>(name.size());
    headers += name + '\x07' + big_endian(value.size()).substr(2) + value;
  };
  header(exception ? ":exception-type" : ":event-type", type);
  header(":content-type", "application/json");
  header(":message-type", exception ? "exception" : "event");
  std::string out = big_endian(headers.size() + payload.size() + 16) + big_endian(headers.size());
  out += crc_of(out);
  out += headers + payload;
  return out + crc_of(out);
}

std::string converse_block(const dom::element& block, const std::string& index) {
  const dom::object members = block.get_object();
  const std::string key((*members.begin()).key);
  const dom::element inside = (*members.begin()).value;
  std::vector<std::string> deltas;
  std::string start;
  if (key == "text") {
    deltas.push_back(simdjson::minify(block));
  } else if (key == "toolUse") {
    Members call(inside);
    const std::string input = call.take("input");
    start = "{\"toolUse\":" + call.json() + "}";
    deltas.push_back("{\"toolUse\":{\"input\":" + quoted(input) + "}}");
  } else if (key == "reasoningContent") {
    dom::element text;
    if (inside["reasoningText"].get(text) == simdjson::SUCCESS) {
      for (const char* part : {"text", "signature"})
        if (!raw_of(text, part).empty())
          deltas.push_back("{\"reasoningContent\":{\"" + std::string(part) +
                           "\":" + raw_of(text, part) + "}}");
    } else {
      deltas.push_back(simdjson::minify(block));
    }
  } else if (key == "citationsContent") {
    for (const dom::element one : inside["content"].get_array())
      deltas.push_back(simdjson::minify(one));
    for (const dom::element one : inside["citations"].get_array())
      deltas.push_back("{\"citation\":" + simdjson::minify(one) + "}");
  } else {
    start = simdjson::minify(block);
  }
  const std::string at = "{\"contentBlockIndex\":" + index;
  std::string out;
  if (!start.empty()) out += frame("contentBlockStart", at + ",\"start\":" + start + "}");
  for (const std::string& one : deltas)
    out += frame("contentBlockDelta", at + ",\"delta\":" + one + "}");
  return out + frame("contentBlockStop", at + "}");
}

}  // namespace

Answers converse_answers(dom::parser& parser, const dom::object& said) {
  Members top({{"stopReason", R"("end_turn")"},
               {"usage", R"({"inputTokens":5,"outputTokens":3,"totalTokens":8})"},
               {"metrics", R"({"latencyMs":9})"}});
  std::string content = R"([{"text":"x"}])", error;
  for (const auto field : said) {
    const std::string value = simdjson::minify(field.value);
    if (field.key == "content")
      content = value;
    else if (field.key == "error")
      error = value;
    else
      top.put(field.key, value);
  }
  Answers out;
  Members whole = top;
  whole.put("output", R"({"message":{"role":"assistant","content":)" + content + "}}");
  out.whole = error.empty() ? whole.json() : error;
  out.stream = frame("messageStart", R"({"role":"assistant"})");
  int index = 0;
  for (const dom::element block : elements(parser, content))
    out.stream += converse_block(block, std::to_string(index++));
  if (!error.empty()) {
    out.stream += frame("throttlingException", error, true);
    return out;
  }
  out.stream +=
      frame("messageStop", top.split({"stopReason", "additionalModelResponseFields"}).json());
  out.stream += frame("metadata", top.json());
  return out;
}

}  // namespace steelyard::dialect::testing
