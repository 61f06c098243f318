#include "gateway/dialect/responses_output.h"

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/openai_annotation.h"
#include "gateway/dialect/responses_errors.h"

namespace steelyard::dialect::responses {
namespace {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::PieceWriter;
using hub::StopReason;

// In the order they are written, with what they are when the request does not say.
constexpr KeyTable kEchoed(key_names("instructions", "max_output_tokens", "max_tool_calls",
                                     "metadata", "parallel_tool_calls", "prompt_cache_key",
                                     "reasoning", "safety_identifier", "service_tier",
                                     "temperature", "text", "tool_choice", "tools", "top_p",
                                     "truncation", "user"));
constexpr std::string_view kDefaults[] = {"null",
                                          "null",
                                          "null",
                                          "{}",
                                          "true",
                                          "null",
                                          R"({"effort":null,"summary":null})",
                                          "null",
                                          R"("default")",
                                          "1.0",
                                          R"({"format":{"type":"text"}})",
                                          R"("auto")",
                                          "[]",
                                          "1.0",
                                          R"("disabled")",
                                          "null"};
static_assert(std::size(kDefaults) == kEchoed.size());
constexpr std::size_t kTierEchoed = 8;
static_assert(kEchoed.name(kTierEchoed) == "service_tier");

constexpr KeyTable kInput(key_names("input"));

// What a model wrote into the one argument of the function that stands for a custom tool; the whole
// text where that is not what it wrote.
std::string custom_input(const std::string& escaped_arguments) {
  std::string plain, out;
  append_unescaped(plain, escaped_arguments);
  LenientReader reader(plain);
  std::string_view input;
  bool found = false;
  const bool ok = reader.cursor.peek() == '{' && reader.object(kInput, [&](int key) {
    if (key != 0 || reader.cursor.peek() != '"') return reader.cursor.skip_value();
    found = true;
    return reader.text(input);
  });
  return ok && found ? std::string(input) : escaped_arguments;
}

// "chatcmpl-abc" and "msg_abc" say the same about an answer: "abc".
std::string_view stem_of(std::string_view id) {
  for (const std::string_view prefix : {"resp_", "chatcmpl-", "msg_"})
    if (id.starts_with(prefix)) return id.substr(prefix.size());
  return id;
}

}  // namespace

Echo::Echo(std::string_view body) {
  static_assert(fields == kEchoed.size());
  if (body.empty()) return;
  LenientReader reader(body);
  reader.object(kEchoed, [&](int key) {
    const std::size_t begin = reader.cursor.offset();
    if (!reader.cursor.skip_value()) return false;
    if (key >= 0) values_[key] = body.substr(begin, reader.cursor.end_of_previous() - begin);
    return true;
  });
  // An event's data is one line. Line ends in JSON are white space.
  for (std::string_view& value : values_) {
    if (value.find_first_of("\r\n") == std::string_view::npos) continue;
    if (lines_.empty()) lines_.reserve(body.size());  // views into it must stay
    const std::size_t begin = lines_.size();
    for (const char c : value)
      if (c != '\r' && c != '\n') lines_ += c;
    value = std::string_view(lines_).substr(begin);
  }
}

void Echo::write(PieceWriter& json, std::string_view tier) const {
  for (std::size_t i = 0; i < fields; ++i) {
    if (i == kTierEchoed && !tier.empty())
      json.field(kEchoed.name(i), tier);
    else
      json.field_raw(kEchoed.name(i),
                     values_[i].empty() || values_[i] == "null" ? kDefaults[i] : values_[i]);
  }
}

Output::Output(const EncodeOptions& options)
    : options_(options), echo_(options.client_body), names_(options.client_body), id_("resp_0") {}

void Output::take(const Event& event) {
  switch (event.kind) {
    case EventKind::start: return start(event);
    case EventKind::open: return open(event);
    case EventKind::delta:
      if (event.delta == DeltaKind::text) words(event);
      if (event.delta == DeltaKind::signature) seal(event.text);
      return;
    case EventKind::citation: {
      PieceWriter json(item_.annotations, true);
      openai::write_responses_annotation(json, *event.citation);
      ++item_.annotated;
      return;
    }
    case EventKind::close: return close();
    case EventKind::usage: usage_ = event.usage; return;
    case EventKind::stop: stop_ = event.stop; return;
    case EventKind::ping:
    case EventKind::fault:
    case EventKind::end: return;
  }
}

void Output::words(const Event& event) {
  item_.text += event.text;
  if (event.raw.empty()) return;
  item_.logprobs.append(item_.logprobs.empty() ? "" : ",").append(hub::inside_of(event.raw));
}

// OpenAI's own state comes back as it was, others' with a tag: the first piece has it, or gets it.
void Output::seal(std::string_view piece) {
  if (item_.sealed.empty()) {
    if (piece.starts_with(hub::openai_tag))
      piece.remove_prefix(hub::openai_tag.size());
    else if (!hub::is_carrier(piece))
      item_.sealed = hub::anthropic_tag;
  }
  item_.sealed += piece;
}

void Output::start(const Event& event) {
  stem_ = stem_of(event.id);
  if (stem_.empty()) stem_ = "0";
  id_ = "resp_" + stem_;
  model_ = options_.model.empty() ? event.name : options_.model;
  tier_ = event.tier;
}

void Output::open(const Event& event) {
  item_ = {};
  item_.kind = event.block;
  item_.shown = event.block != BlockKind::native;  // another dialect's server tools
  if (!item_.shown) return;
  index_ = next_++;
  std::string_view prefix = "msg_";
  if (event.block == BlockKind::thinking || event.block == BlockKind::redacted_thinking)
    prefix = "rs_";
  if (event.block == BlockKind::redacted_thinking)
    item_.sealed.assign(hub::redacted_tag).append(event.text);
  if (event.block == BlockKind::tool_call) {
    item_.custom = event.custom_tool;
    item_.call_id = event.id;
    item_.name = event.name;
    if (const ToolNames::Tool* tool = names_.find(event.name)) {
      item_.custom = tool->custom;
      item_.name = tool->name;
      item_.space = tool->space;
    }
    prefix = item_.custom ? "ctc_" : "fc_";
  }
  item_.id.append(prefix).append(stem_.empty() ? "0" : stem_).append("_");
  item_.id += std::to_string(index_);
  // Free text came as such from a provider that has custom tools too.
  if (event.custom_tool) item_.custom = true;
  plain_custom_ = event.custom_tool;
}

void Output::close() {
  if (!item_.shown) return;
  if (item_.custom && !plain_custom_) item_.text = custom_input(item_.text);
  if (item_.kind == BlockKind::tool_call && !item_.custom && item_.text.empty()) item_.text = "{}";
  if (!done_.empty()) done_ += ',';
  std::string text;
  PieceWriter json(text);
  write_item(json, true);
  done_ += text;
}

void Output::write_item(PieceWriter& json, bool whole) const {
  const std::string_view status = whole ? "completed" : "in_progress";
  const std::string_view text = whole ? std::string_view(item_.text) : std::string_view();
  json.open('{').field("id", item_.id);
  switch (item_.kind) {
    case BlockKind::tool_call:
      json.field("type", item_.custom ? "custom_tool_call" : "function_call");
      json.field("status", status).field("call_id", item_.call_id).field("name", item_.name);
      json.given("namespace", item_.space);
      json.field(item_.custom ? "input" : "arguments", text);
      break;
    case BlockKind::thinking:
    case BlockKind::redacted_thinking:
      json.field("type", "reasoning").key("summary").open('[');
      if (!text.empty())
        json.open('{').field("type", "summary_text").field("text", text).close('}');
      json.close(']');
      if (whole && !item_.sealed.empty()) json.field("encrypted_content", item_.sealed);
      break;
    default:
      json.field("type", "message").field("status", status).field("role", "assistant");
      json.key("content").open('[');
      if (whole) write_part(json, true);
      json.close(']');
  }
  json.close('}');
}

void Output::write_part(PieceWriter& json, bool whole) const {
  const std::string_view none;
  json.open('{');
  if (item_.kind == BlockKind::refusal) {
    json.field("type", "refusal").field("refusal", whole ? item_.text : none);
  } else {
    json.field("type", "output_text").key("annotations").open('[');
    if (whole && !item_.annotations.empty()) json.raw(item_.annotations);
    json.close(']').key("logprobs").open('[');
    if (whole && !item_.logprobs.empty()) json.raw(item_.logprobs);
    json.close(']').field("text", whole ? item_.text : none);
  }
  json.close('}');
}

Status Output::final_status() const {
  switch (stop_) {
    case StopReason::length:
    case StopReason::context_full:
    case StopReason::refusal: return Status::incomplete;
    case StopReason::error: return Status::failed;
    default: return Status::completed;
  }
}

void Output::write(PieceWriter& json, Status status, const UpstreamFault* fault) const {
  constexpr std::string_view names[] = {"in_progress", "completed", "incomplete", "failed"};
  const bool over = status == Status::completed || status == Status::incomplete;
  json.open('{').field("id", id_).field("object", "response");
  json.field_number("created_at", options_.created);
  json.field("status", names[static_cast<std::size_t>(status)]).field_raw("background", "false");
  if (over)
    json.field_number("completed_at", options_.created);
  else
    json.field_raw("completed_at", "null");
  json.key("error");
  if (status == Status::failed && fault == nullptr)
    json.raw(R"({"code":"server_error","message":"the model's call could not be read"})");
  else if (fault != nullptr)
    json.open('{')
        .key("code")
        .text(code_of(*fault))
        .key("message")
        .text(message_of(*fault))
        .close('}');
  else
    json.raw("null");
  json.key("incomplete_details");
  if (status == Status::incomplete)
    json.open('{')
        .field("reason", stop_ == StopReason::refusal ? "content_filter" : "max_output_tokens")
        .close('}');
  else
    json.raw("null");
  json.field("model", model_).key("output").open('[');
  if (status != Status::in_progress && !done_.empty()) json.raw(done_);
  json.close(']').field_raw("previous_response_id", "null").field_raw("store", "false");
  echo_.write(json, tier_);
  if (over && usage_.present)
    write_usage(json);
  else
    json.field_raw("usage", "null");
  json.close('}');
}

void Output::write_usage(PieceWriter& json) const {
  const TokenUsage usage = normalise(usage_, options_.quirks);
  json.key("usage").open('{').field_number("input_tokens", usage.input());
  json.key("input_tokens_details").open('{').field_number("cached_tokens", usage.cache_read);
  if (usage.cache_write > 0) json.field_number("cache_write_tokens", usage.cache_write);
  json.close('}').field_number("output_tokens", usage.output);
  json.key("output_tokens_details").open('{').field_number("reasoning_tokens", usage.reasoning);
  json.close('}').field_number("total_tokens", usage.input() + usage.output).close('}');
}

}  // namespace steelyard::dialect::responses
