#include "gateway/dialect/responses_write.h"

#include <algorithm>

#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/hub_lost.h"
#include "gateway/dialect/openai_request.h"
#include "gateway/dialect/responses_turns.h"

namespace steelyard::dialect::responses {
namespace {

using hub::Effort;
using hub::Loss;
using hub::Thinking;

class BodyWriter {
 public:
  BodyWriter(const hub::Request& request, const WriteOptions& options, std::string& out,
             std::string& scratch, hub::Dropped& dropped)
      : request_(request),
        options_(options),
        json_(out),
        turns_(request, json_, scratch, dropped),
        dropped_(dropped) {}

  void write() {
    json_.open('{').field("model", options_.model);
    turns_.write();
    limit();
    if (request_.stream) json_.field_bool("stream", true);
    json_.field_bool("store", false);
    tools();
    tool_choice();
    reasoning();
    include();
    format();
    sampling();
    rest();
    json_.close('}');
  }

 private:
  void limit() {
    std::int64_t limit =
        std::max(request_.max_tokens.tokens, request_.max_completion_tokens.tokens);
    const std::int64_t cap = options_.output_tokens_cap;
    if (cap > 0) limit = limit == 0 ? cap : std::min(limit, cap);
    if (request_.max_tokens.zero) limit = 16;  // OpenAI's least
    if (limit != 0) json_.field_number("max_output_tokens", limit);
  }

  void tools() {
    for (const hub::Tool& tool : request_.tools) {
      if (!tool.cache.empty()) dropped_.add(Loss::cache_control);
      if (tool.kind == hub::ToolKind::native) {
        dropped_.add(Loss::tools);
        continue;
      }
      if (!has_tools_) json_.key("tools").open('[');
      has_tools_ = true;
      write_tool(tool);
    }
    if (has_tools_) json_.close(']');
  }

  void write_tool(const hub::Tool& tool) {
    const bool custom = tool.kind == hub::ToolKind::custom;
    json_.open('{').field("type", custom ? "custom" : "function").field("name", tool.name);
    json_.given("description", tool.description);
    if (!custom) {
      json_.field_raw("parameters", tool.schema.empty()
                                        ? std::string_view(R"({"type":"object","properties":{}})")
                                        : tool.schema);
      // Left out it would mean yes, and OpenAI then refuses most schemas.
      json_.field_bool("strict", tool.strict == hub::Tristate::yes);
    }
    json_.close('}');
  }

  void tool_choice() {
    if (!request_.tool_choice_raw.empty()) dropped_.add(Loss::tool_choice);
    if (!has_tools_) return;
    switch (request_.tool_choice) {
      case ToolChoice::unset: break;
      case ToolChoice::automatic: json_.field("tool_choice", "auto"); break;
      case ToolChoice::none: json_.field("tool_choice", "none"); break;
      case ToolChoice::required: json_.field("tool_choice", "required"); break;
      case ToolChoice::named:
        json_.key("tool_choice").open('{').field("type", is_custom() ? "custom" : "function");
        json_.field("name", request_.tool_choice_name).close('}');
        break;
    }
    if (request_.parallel_tools != hub::Tristate::unset)
      json_.field_bool("parallel_tool_calls", request_.parallel_tools == hub::Tristate::yes);
  }

  bool is_custom() const {
    return std::any_of(request_.tools.begin(), request_.tools.end(), [this](const hub::Tool& t) {
      return t.kind == hub::ToolKind::custom && t.name == request_.tool_choice_name;
    });
  }

  // Encrypted reasoning is asked for where the model reasons: others refuse to be asked.
  void reasoning() {
    Effort effort = request_.effort;
    if (request_.thinking == Thinking::off) effort = Effort::none;
    if (effort == Effort::unset && request_.thinking == Thinking::budget) {
      const std::int64_t budget = request_.thinking_budget;
      effort = budget <= 4'096 ? Effort::low : budget <= 8'192 ? Effort::medium : Effort::high;
      dropped_.add(Loss::reasoning);
    }
    const bool thinks = (effort != Effort::unset && effort != Effort::none) ||
                        request_.thinking == Thinking::adaptive;
    if (effort != Effort::unset || thinks) {
      json_.key("reasoning").open('{');
      if (effort != Effort::unset) json_.field("effort", hub::name_of(effort));
      // Clients of Anthropic's dialect show what the model thinks.
      if (thinks && request_.wire == hub::Wire::anthropic) json_.field("summary", "auto");
      json_.close('}');
    }
    encrypted_ = thinks || turns_.has_state();
  }

  // What Chat and Gemini say with fields of their own.
  void include() {
    const auto asked = [this](std::string_view name) {
      return std::any_of(request_.extras.begin(), request_.extras.end(), [name](const auto& e) {
        return e.key == name && e.value != "false" && e.value != "0";
      });
    };
    const bool logprobs = asked("logprobs") || asked("top_logprobs");
    if (!encrypted_ && !logprobs) return;
    json_.key("include").open('[');
    if (encrypted_) json_.escaped("reasoning.encrypted_content");
    if (logprobs) json_.escaped("message.output_text.logprobs");
    json_.close(']');
  }

  void format() {
    const bool other = request_.format == ResponseFormat::other;
    if (other) dropped_.add(Loss::response_format);
    const bool plain = other || request_.format == ResponseFormat::text;
    const std::string_view verbosity = verbosity_of_chat();
    if (plain && verbosity.empty()) return;
    json_.key("text").open('{').given_raw("verbosity", verbosity);
    if (!plain) schema();
    json_.close('}');
  }

  std::string_view verbosity_of_chat() const {
    if (request_.wire != hub::Wire::openai_chat) return {};
    for (const hub::Extra& extra : request_.extras)
      if (extra.key == "verbosity") return extra.value;
    return {};
  }

  void schema() {
    json_.key("format").open('{');
    if (request_.format == ResponseFormat::json_object) {
      json_.field("type", "json_object");
    } else {
      json_.field("type", "json_schema");
      json_.field("name", request_.schema_name.empty() ? "answer" : request_.schema_name);
      json_.given("description", request_.schema_description);
      json_.field_raw("schema", request_.schema.empty() ? "{}" : request_.schema);
      json_.field_bool("strict", request_.schema_strict == hub::Tristate::yes);
    }
    json_.close('}');
  }

  void sampling() {
    json_.given_raw("temperature", request_.temperature).given_raw("top_p", request_.top_p);
    if (!request_.top_k.empty()) dropped_.add(Loss::top_k);
    if (!request_.stops.empty()) dropped_.add(Loss::stop);
  }

  void rest() {
    json_.given("prompt_cache_key", request_.cache_key);
    if (request_.wire == hub::Wire::openai_chat) {
      json_.given("safety_identifier", request_.user);
      json_.given("service_tier", request_.service_tier);
      json_.given_raw("metadata", request_.metadata.of(request_.body));
    } else {
      // Another company's user id names a person to OpenAI.
      if (!request_.user.empty()) dropped_.add(Loss::user);
      if (request_.service_tier == "standard_only")
        json_.field("service_tier", "default");
      else
        json_.given("service_tier", request_.service_tier);
    }
    if (!request_.cache.empty()) dropped_.add(Loss::cache_control);
    for (const hub::Extra& extra : request_.extras) lose(extra);
  }

  void lose(const hub::Extra& extra) {
    if (extra.key == "logprobs") return;                                              // include()
    if (extra.key == "verbosity" && request_.wire == hub::Wire::openai_chat) return;  // format()
    if (extra.key == "top_logprobs") {
      json_.field_raw("top_logprobs", extra.value);
      return;
    }
    hub::lose_extra(extra, dropped_, options_.lost_fields);
  }

  const hub::Request& request_;
  const WriteOptions& options_;
  hub::PieceWriter json_;
  TurnWriter turns_;
  hub::Dropped& dropped_;
  bool has_tools_ = false;
  bool encrypted_ = false;  // reasoning is to come with its state
};

}  // namespace

Result<void> RequestWriter::write(const hub::Request& request, const WriteOptions& options,
                                  std::string& out, hub::Dropped& dropped) {
  if (!openai::is_model_token(options.model)) {
    return fail(ErrorKind::internal, ErrorSource::gateway, Retry::never,
                "a provider's model name cannot be used");
  }
  if (const Result<void> one = hub::refuse_choices(request, "OpenAI's Responses interface"); !one)
    return one;
  BodyWriter(request, options, out, scratch_, dropped).write();
  return {};
}

}  // namespace steelyard::dialect::responses
