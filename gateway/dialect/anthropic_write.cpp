#include "gateway/dialect/anthropic_write.h"

#include <algorithm>
#include <charconv>

#include "gateway/dialect/anthropic_turns.h"
#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/hub_lost.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/openai_request.h"

namespace steelyard::dialect::anthropic {
namespace {

using hub::Effort;
using hub::Loss;
using hub::Thinking;

constexpr std::int64_t kBudgetMin = 1'024;  // Anthropic's own bound

bool above_one(std::string_view number) {
  double value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  return value > 1.0;
}

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
    limit_ = limit();
    plan_thinking();
    json_.field_number("max_tokens", limit_);
    if (request_.stream) json_.field_bool("stream", true);
    turns_.write(asks_json_by_words());
    tools();
    tool_choice();
    thinking();
    output_config();
    sampling();
    rest();
    json_.close('}');
  }

 private:
  bool same_wire() const { return request_.wire == hub::Wire::anthropic; }

  std::int64_t limit() const {
    if (request_.max_tokens.zero) return 0;
    std::int64_t limit =
        std::max(request_.max_tokens.tokens, request_.max_completion_tokens.tokens);
    if (limit == 0) limit = options_.default_max_tokens;
    const std::int64_t cap = options_.output_tokens_cap;
    return cap > 0 ? std::min(limit, cap) : limit;
  }

  // What the client asked for, in the one way this model takes it. Thinking and a forced tool do
  // not go together at Anthropic: the tool wins.
  void plan_thinking() {
    const bool asked = request_.effort != Effort::unset || request_.thinking != Thinking::unset;
    if (!asked) return;
    const bool off = request_.thinking == Thinking::off || request_.effort == Effort::none;
    if (options_.thinking == ThinkingStyle::none) {
      if (!off) dropped_.add(Loss::reasoning);
      return;
    }
    if (off) {
      plan_ = options_.can_disable_thinking ? Thinking::off : Thinking::unset;
      if (!options_.can_disable_thinking) dropped_.add(Loss::reasoning);
      return;
    }
    const bool forced =
        request_.tool_choice == ToolChoice::required || request_.tool_choice == ToolChoice::named;
    if (forced && options_.forced_tool_choice) return dropped_.add(Loss::reasoning);
    if (options_.thinking == ThinkingStyle::adaptive) {
      plan_ = Thinking::adaptive;
      effort_ = request_.effort == Effort::minimal ? Effort::low : request_.effort;
      if (request_.thinking == Thinking::budget) {
        if (effort_ == Effort::unset) effort_ = effort_of(request_.thinking_budget);
        dropped_.add(Loss::reasoning);
      }
      return;
    }
    budget_ = request_.thinking_budget > 0 ? request_.thinking_budget : budget_of(request_.effort);
    if (budget_ == 0) budget_ = budget_of(Effort::medium);
    // The budget is part of max_tokens and must leave room for the answer.
    budget_ = std::min(std::max(budget_, kBudgetMin), limit_ / 2);
    if (budget_ < kBudgetMin) {
      budget_ = 0;
      return dropped_.add(Loss::reasoning);
    }
    // A loop of calls that began without thinking cannot go on with it (research/wire 2.7).
    if (turns_.calls_without_thinking()) {
      budget_ = 0;
      return dropped_.add(Loss::reasoning);
    }
    plan_ = Thinking::budget;
  }

  static Effort effort_of(std::int64_t budget) {
    if (budget <= 4'096) return Effort::low;
    return budget <= 8'192 ? Effort::medium : Effort::high;
  }

  // JSON without a schema is nothing Anthropic can be held to.
  bool asks_json_by_words() {
    const bool schema = request_.format == ResponseFormat::json_schema;
    const bool words =
        request_.format == ResponseFormat::json_object || (schema && !options_.structured_output);
    if (words) dropped_.add(Loss::response_format);
    return words;
  }

  void tools() {
    const auto wanted = [this](const hub::Tool& tool) {
      return tool.kind != hub::ToolKind::native || same_wire();
    };
    if (std::none_of(request_.tools.begin(), request_.tools.end(), wanted)) {
      if (!request_.tools.empty()) dropped_.add(Loss::tools);
      return;
    }
    has_tools_ = true;
    json_.key("tools").open('[');
    for (const hub::Tool& tool : request_.tools) {
      if (!wanted(tool)) {
        dropped_.add(Loss::tools);
        continue;
      }
      if (same_wire()) {
        json_.raw(tool.raw);
        continue;
      }
      json_.open('{').field("name", tool.name).given("description", tool.description);
      json_.key("input_schema");
      if (tool.kind == hub::ToolKind::custom) {
        dropped_.add(Loss::tools);  // its grammar
        json_.raw(hub::custom_tool_schema);
      } else {
        json_.raw(tool.schema.empty() ? R"({"type":"object","properties":{}})" : tool.schema);
      }
      if (tool.strict == hub::Tristate::yes) json_.field_bool("strict", true);
      json_.given_raw("cache_control", tool.cache).close('}');
    }
    json_.close(']');
  }

  void tool_choice() {
    ToolChoice choice = request_.tool_choice;
    if (!request_.tool_choice_raw.empty()) dropped_.add(Loss::tool_choice);
    if (!has_tools_) return;
    const bool forced = choice == ToolChoice::required || choice == ToolChoice::named;
    if (forced && !options_.forced_tool_choice) {
      dropped_.add(Loss::tool_choice);
      choice = ToolChoice::automatic;
    }
    const bool single = request_.parallel_tools == hub::Tristate::no;
    if (choice == ToolChoice::unset && !single) return;
    json_.key("tool_choice").open('{');
    switch (choice) {
      case ToolChoice::none: json_.field("type", "none"); break;
      case ToolChoice::required: json_.field("type", "any"); break;
      case ToolChoice::named:
        json_.field("type", "tool").field("name", request_.tool_choice_name);
        break;
      default: json_.field("type", "auto");
    }
    if (single && choice != ToolChoice::none) json_.field_bool("disable_parallel_tool_use", true);
    json_.close('}');
  }

  void thinking() {
    if (plan_ == Thinking::unset) return;
    json_.key("thinking").open('{');
    switch (plan_) {
      case Thinking::off: json_.field("type", "disabled"); break;
      case Thinking::adaptive: json_.field("type", "adaptive"); break;
      default: json_.field("type", "enabled").field_number("budget_tokens", budget_);
    }
    json_.close('}');
  }

  void output_config() {
    const bool schema = request_.format == ResponseFormat::json_schema &&
                        options_.structured_output && !request_.schema.empty();
    if (effort_ == Effort::unset && !schema) return;
    json_.key("output_config").open('{');
    if (effort_ != Effort::unset) json_.field("effort", hub::name_of(effort_));
    if (schema) {
      json_.key("format").open('{').field("type", "json_schema");
      json_.field_raw("schema", request_.schema).close('}');
      if (!request_.schema_description.empty() || request_.schema_strict == hub::Tristate::no)
        dropped_.add(Loss::schema_details);
    }
    json_.close('}');
  }

  void sampling() {
    const auto& r = request_;
    // Sampling is not taken while the model thinks (temperature must then be 1).
    const bool thinks = plan_ == Thinking::adaptive || plan_ == Thinking::budget;
    if (!options_.sampling || thinks) {
      if (!r.temperature.empty()) dropped_.add(Loss::temperature);
      if (!r.top_p.empty()) dropped_.add(Loss::top_p);
      if (!r.top_k.empty()) dropped_.add(Loss::top_k);
      return;
    }
    if (!r.temperature.empty()) {
      const bool high = above_one(r.temperature);
      if (high) dropped_.add(Loss::temperature);
      json_.field_raw("temperature", high ? "1" : r.temperature);
    }
    json_.given_raw("top_p", r.top_p).given_raw("top_k", r.top_k);
  }

  void rest() {
    stops();
    if (!request_.user.empty())
      json_.key("metadata").open('{').field("user_id", request_.user).close('}');
    if (!same_wire() && !request_.metadata.empty()) dropped_.add(Loss::metadata);
    service_tier();
    if (!request_.cache.empty())
      json_.field_raw("cache_control", request_.cache);
    else if (options_.auto_cache && !same_wire() && !has_marks())
      json_.field_raw("cache_control", R"({"type":"ephemeral"})");
    if (!request_.cache_key.empty()) dropped_.add(Loss::prompt_cache_key);
    for (const hub::Extra& extra : request_.extras) {
      if (same_wire())
        json_.field_raw(extra.key, extra.value);
      else
        hub::lose_extra(extra, dropped_, options_.lost_fields);
    }
  }

  bool has_marks() const {
    const auto marked = [](const auto& x) { return !x.cache.empty(); };
    return std::any_of(request_.parts.begin(), request_.parts.end(), marked) ||
           std::any_of(request_.tools.begin(), request_.tools.end(), marked);
  }

  void stops() {
    const auto blank = [](std::string_view s) { return hub::is_blank(s); };
    if (std::all_of(request_.stops.begin(), request_.stops.end(), blank)) {
      if (!request_.stops.empty()) dropped_.add(Loss::stop);
      return;
    }
    json_.key("stop_sequences").open('[');
    for (const std::string_view stop : request_.stops) {
      if (blank(stop))
        dropped_.add(Loss::stop);
      else
        json_.escaped(stop);
    }
    json_.close(']');
  }

  void service_tier() {
    const std::string_view tier = request_.service_tier;
    if (tier.empty()) return;
    if (same_wire() || tier == "auto")
      json_.field("service_tier", tier);
    else if (tier == "default")
      json_.field("service_tier", "standard_only");
    else
      dropped_.add(Loss::service_tier);
  }

  const hub::Request& request_;
  const WriteOptions& options_;
  hub::PieceWriter json_;
  TurnWriter turns_;
  hub::Dropped& dropped_;
  std::int64_t limit_ = 0, budget_ = 0;
  Thinking plan_ = Thinking::unset;
  Effort effort_ = Effort::unset;
  bool has_tools_ = false;
};

}  // namespace

std::int64_t budget_of(Effort effort) {
  switch (effort) {
    case Effort::unset:
    case Effort::none: return 0;
    case Effort::minimal: return 1'024;
    case Effort::low: return 4'096;
    case Effort::medium: return 8'192;
    case Effort::high: return 16'384;
    case Effort::xhigh:
    case Effort::max: return 32'768;
  }
  return 0;
}

Result<void> RequestWriter::write(const hub::Request& request, const WriteOptions& options,
                                  std::string& out, hub::Dropped& dropped) {
  if (!openai::is_model_token(options.model) || options.default_max_tokens < 1) {
    return fail(ErrorKind::internal, ErrorSource::gateway, Retry::never,
                "a provider's model name or its output limit cannot be used");
  }
  if (const Result<void> one = hub::refuse_choices(request, "Anthropic's interface"); !one)
    return one;
  BodyWriter(request, options, out, scratch_, dropped).write();
  return {};
}

}  // namespace steelyard::dialect::anthropic
