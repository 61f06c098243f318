#include "gateway/dialect/openai_response.h"

#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/openai_answer.h"

namespace steelyard::dialect::openai {
namespace {

constexpr KeyTable kTool(key_names("function", "custom", "name"));
constexpr KeyTable kName(key_names("name"));

// The raw name of one element of `tools`; of `functions`, whose elements have it at the top.
bool read_tool_name(LenientReader& reader, std::string_view& name) {
  return reader.object(kTool, [&](int key) {
    if (key < 0) return reader.cursor.skip_value();
    if (key == 2) return name.empty() ? reader.text(name) : reader.cursor.skip_value();
    return reader.object(
        kName, [&](int k) { return k == 0 ? reader.text(name) : reader.cursor.skip_value(); });
  });
}

// One name of a list with one a line; takes it off.
std::string_view take_line(std::string_view& lines) {
  const std::size_t end = lines.find('\n');
  const std::string_view line = lines.substr(0, end);
  lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  return line;
}

}  // namespace

bool ResponseParser::is_json(std::string_view escaped) {
  unescaped_.clear();
  append_unescaped(unescaped_, escaped);
  JsonCursor cursor(unescaped_, LoneSurrogates::taken);
  return cursor.skip_value() && cursor.at_end();
}

bool ResponseParser::is_object(std::string_view escaped) {
  return is_json(escaped) && JsonCursor(unescaped_).peek() == '{';
}

void ResponseParser::parse_in_full(std::string_view body, ChatAnswer& out, AnswerGaps* gaps) {
  std::string names = std::move(out.tool_names);
  names.clear();
  out = ChatAnswer{};
  arguments_.clear();
  AnswerDocument document;
  const bool json = read_answer(body, document, {&names, 4096, &arguments_, gaps, &out.states});
  out.tool_names = std::move(names);
  out.valid = json && document.choices;
  out.usage = document.usage;
  out.finish = document.finish;
  out.finishes = document.finishes;
  out.model = document.model;
  out.service_tier = document.service_tier;
  out.content = document.content;
  out.refusal = document.refusal || document.finishes.has(FinishReason::content_filter);
  out.empty = out.valid && (document.choice_count == 0 || document.empty_choice);
  out.one_choice = document.choice_count == 1;
  out.tool_calls = document.tool_calls;
  out.output_bytes = document.text_bytes;
  out.fault = std::move(document.fault);
  for (const std::string_view arguments : arguments_) {
    // "" is what some providers send for a function without parameters.
    out.arguments_invalid |= !arguments.empty() && !is_object(arguments);
  }
}

namespace {

// An answer of plain text: nothing in it but what a shape's gaps explain.
bool is_plain(std::string_view body, const ChatAnswer& answer, const AnswerGaps& gaps) {
  const bool ordinary = answer.valid && answer.one_choice && !answer.empty && !answer.refusal &&
                        answer.tool_calls == 0 && !answer.fault;
  if (!ordinary) return false;
  const char* content = nullptr;
  for (const Gap& gap : gaps.list())
    if (gap.kind == GapKind::content) content = body.data() + gap.begin;
  return content != nullptr && content == answer.content.data();
}

void take_shape(const ShapeFacts& shape, const GapValues& values, ChatAnswer& out) {
  out.valid = out.one_choice = true;
  out.usage = values.usage;
  out.finish = shape.finish;
  out.finishes = shape.finishes;
  out.model = shape.model;
  out.service_tier = shape.service_tier;
  out.content = values.content;
  out.refusal = out.empty = out.arguments_invalid = false;
  out.tool_calls = 0;
  out.output_bytes = values.text_bytes();
  out.tool_names.clear();
  out.states.clear();
  if (out.fault) out.fault = {};
}

}  // namespace

void ResponseParser::parse(std::string_view body, ChatAnswer& out, ShapeMemory* shapes) {
  if (shapes == nullptr) return parse_in_full(body, out, nullptr);
  GapValues values;
  const char* const end = body.data() + body.size();
  const AnswerShape* shape = shapes->match(body.data(), end, values);
  if (shape != nullptr && values.end == end) return take_shape(shape->facts(), values, out);
  parse_in_full(body, out, &gaps_);
  if (arguments_.empty() && is_plain(body, out, gaps_) && shapes->wants_more()) {
    shapes->learn(body, gaps_, out.output_bytes,
                  {out.usage, out.finish, out.finishes, std::string(out.model),
                   std::string(out.service_tier)});
  }
}

bool ResponseParser::tools_declared(std::string_view tools, std::string_view names) {
  while (!names.empty()) {
    const std::string_view wanted = take_line(names);
    LenientReader reader(tools);
    bool found = false;
    reader.array([&] {
      std::string_view raw;
      if (!read_tool_name(reader, raw)) return false;
      unescaped_.clear();
      append_unescaped(unescaped_, raw);
      found = found || unescaped_ == wanted;
      return true;
    });
    if (!found) return false;
  }
  return true;
}

}  // namespace steelyard::dialect::openai
