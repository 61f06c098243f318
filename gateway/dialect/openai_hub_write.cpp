#include "gateway/dialect/openai_hub_write.h"

#include <algorithm>

#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/hub_lost.h"
#include "gateway/dialect/openai_hub_turns.h"
#include "gateway/dialect/openai_request.h"

namespace steelyard::dialect::openai {
namespace {

using hub::Effort;
using hub::Loss;
using hub::Thinking;

constexpr std::size_t kStopsMax = 4;  // OpenAI's own bound

// Of other dialects' fields, those that mean the same in Chat; the hub has them by Chat's names.
bool is_shared(std::string_view key) {
  return key == "seed" || key == "presence_penalty" || key == "frequency_penalty" ||
         key == "logprobs" || key == "top_logprobs";
}

class BodyWriter {
 public:
  BodyWriter(const hub::Request& request, const HubWriteOptions& options, std::string& out,
             std::string& scratch, hub::Dropped& dropped)
      : request_(request),
        options_(options),
        json_(out),
        turns_(request, options, json_, scratch, dropped),
        dropped_(dropped) {}

  void write() {
    json_.open('{').field("model", options_.model);
    turns_.write();
    limit();
    stream();
    tools();
    tool_choice();
    reasoning();
    format();
    sampling();
    rest();
    json_.close('}');
  }

 private:
  bool same_wire() const { return request_.wire == hub::Wire::openai_chat; }

  void limit() {
    std::int64_t limit =
        std::max(request_.max_tokens.tokens, request_.max_completion_tokens.tokens);
    const std::int64_t cap = options_.output_tokens_cap;
    if (cap > 0) limit = limit == 0 ? cap : std::min(limit, cap);
    if (request_.max_tokens.zero) limit = 1;  // "only fill the cache": as little as Chat can
    if (limit == 0) return;
    json_.field_number(
        options_.limit_key == LimitKey::max_tokens ? "max_tokens" : "max_completion_tokens", limit);
  }

  void stream() {
    if (!request_.stream) return;
    json_.field_bool("stream", true);
    if (options_.include_usage)
      json_.key("stream_options").open('{').field_bool("include_usage", true).close('}');
  }

  void tools() {
    for (const hub::Tool& tool : request_.tools) {
      if (tool.kind == hub::ToolKind::native && !same_wire()) {
        dropped_.add(Loss::tools);
        continue;
      }
      if (!has_tools_) json_.key("tools").open('[');
      has_tools_ = true;
      if (same_wire() && tool.kind != hub::ToolKind::function)
        json_.raw(tool.raw);
      else
        write_tool(tool);
    }
    if (has_tools_) json_.close(']');
  }

  void write_tool(const hub::Tool& tool) {
    json_.open('{').field("type", "function").key("function").open('{');
    json_.field("name", tool.name).given("description", tool.description);
    if (tool.kind == hub::ToolKind::custom) {
      dropped_.add(Loss::tools);  // its grammar
      json_.field_raw("parameters", hub::custom_tool_schema);
    } else {
      json_.given_raw("parameters", tool.schema);
    }
    if (tool.strict != hub::Tristate::unset)
      json_.field_bool("strict", tool.strict == hub::Tristate::yes);
    json_.close('}');
    if (options_.cache_marks) json_.given_raw("cache_control", tool.cache);
    if (!options_.cache_marks && !tool.cache.empty()) dropped_.add(Loss::cache_control);
    json_.close('}');
  }

  void tool_choice() {
    const bool raw = !request_.tool_choice_raw.empty();
    if (raw && !same_wire()) dropped_.add(Loss::tool_choice);
    if (!has_tools_) return;
    if (raw && same_wire()) json_.field_raw("tool_choice", request_.tool_choice_raw);
    switch (request_.tool_choice) {
      case ToolChoice::unset: break;
      case ToolChoice::automatic: json_.field("tool_choice", "auto"); break;
      case ToolChoice::none: json_.field("tool_choice", "none"); break;
      case ToolChoice::required: json_.field("tool_choice", "required"); break;
      case ToolChoice::named:
        json_.key("tool_choice").open('{').field("type", "function").key("function").open('{');
        json_.field("name", request_.tool_choice_name).close('}').close('}');
        break;
    }
    if (request_.parallel_tools != hub::Tristate::unset)
      json_.field_bool("parallel_tool_calls", request_.parallel_tools == hub::Tristate::yes);
  }

  void reasoning() {
    Effort effort = request_.effort;
    if (request_.thinking == Thinking::off) effort = Effort::none;
    if (effort == Effort::unset && request_.thinking == Thinking::budget) {
      const std::int64_t budget = request_.thinking_budget;
      effort = budget <= 4'096 ? Effort::low : budget <= 8'192 ? Effort::medium : Effort::high;
      dropped_.add(Loss::reasoning);
    }
    if (effort == Effort::unset) return;
    if (options_.reasoning_effort)
      json_.field("reasoning_effort", hub::name_of(effort));
    else if (effort != Effort::none)
      dropped_.add(Loss::reasoning);
  }

  void format() {
    if (request_.format == ResponseFormat::text) return;
    if (same_wire() && !request_.format_raw.empty()) {
      json_.field_raw("response_format", request_.format_raw.of(request_.body));
      return;
    }
    if (request_.wire == hub::Wire::openai_responses) return responses_format();
    if (request_.format == ResponseFormat::json_object) {
      json_.key("response_format").open('{').field("type", "json_object").close('}');
      return;
    }
    if (request_.format != ResponseFormat::json_schema || request_.schema.empty())
      return dropped_.add(Loss::response_format);
    json_.key("response_format").open('{').field("type", "json_schema").key("json_schema");
    // Not `strict`: OpenAI then refuses schemas that Anthropic takes (every key must be required).
    json_.open('{').field("name", "answer").field_raw("schema", request_.schema);
    json_.close('}').close('}');
    dropped_.add(Loss::schema_details);
  }

  // The same things, one level deeper.
  void responses_format() {
    if (request_.format == ResponseFormat::other) return dropped_.add(Loss::response_format);
    json_.key("response_format").open('{');
    if (request_.format == ResponseFormat::json_object) {
      json_.field("type", "json_object").close('}');
      return;
    }
    json_.field("type", "json_schema").key("json_schema").open('{');
    json_.field("name", request_.schema_name.empty() ? "answer" : request_.schema_name);
    json_.given("description", request_.schema_description);
    json_.given_raw("schema", request_.schema);
    if (request_.schema_strict != hub::Tristate::unset)
      json_.field_bool("strict", request_.schema_strict == hub::Tristate::yes);
    json_.close('}').close('}');
  }

  void sampling() {
    json_.given_raw("temperature", request_.temperature).given_raw("top_p", request_.top_p);
    if (options_.top_k || same_wire())
      json_.given_raw("top_k", request_.top_k);
    else if (!request_.top_k.empty())
      dropped_.add(Loss::top_k);
    if (request_.stops.empty()) return;
    json_.key("stop").open('[');
    for (std::size_t i = 0; i < std::min(request_.stops.size(), kStopsMax); ++i)
      json_.escaped(request_.stops[i]);
    json_.close(']');
    if (request_.stops.size() > kStopsMax) dropped_.add(Loss::stop);
  }

  // What OpenAI's own Chat has from its Responses; others refuse, or pass over, what they do not
  // know.
  bool is_openais(std::string_view key) const {
    return key == "verbosity" && request_.wire == hub::Wire::openai_responses &&
           options_.limit_key == LimitKey::max_completion_tokens;
  }

  void rest() {
    if (request_.choices > 1) json_.field_number("n", request_.choices);
    const bool openai = same_wire() || request_.wire == hub::Wire::openai_responses;
    if (openai) {
      json_.given("user", request_.user).given("prompt_cache_key", request_.cache_key);
      json_.given("service_tier", request_.service_tier);
      json_.given_raw("metadata", request_.metadata.of(request_.body));
    } else {
      // An Anthropic user id is longer than Chat's field, and names a person to another company.
      if (!request_.user.empty()) dropped_.add(Loss::user);
      if (request_.service_tier == "standard_only")
        json_.field("service_tier", "default");
      else
        json_.given("service_tier", request_.service_tier);
    }
    if (!request_.cache.empty()) dropped_.add(Loss::cache_control);
    for (const hub::Extra& extra : request_.extras) {
      if (same_wire() || is_shared(extra.key) || is_openais(extra.key))
        json_.field_raw(extra.key, extra.value);
      else
        hub::lose_extra(extra, dropped_, options_.lost_fields);
    }
  }

  const hub::Request& request_;
  const HubWriteOptions& options_;
  hub::PieceWriter json_;
  TurnWriter turns_;
  hub::Dropped& dropped_;
  bool has_tools_ = false;
};

}  // namespace

Result<void> HubRequestWriter::write(const hub::Request& request, const HubWriteOptions& options,
                                     std::string& out, hub::Dropped& dropped) {
  if (!is_model_token(options.model)) {
    return fail(ErrorKind::internal, ErrorSource::gateway, Retry::never,
                "a provider's model name cannot be used");
  }
  BodyWriter(request, options, out, scratch_, dropped).write();
  return {};
}

}  // namespace steelyard::dialect::openai
