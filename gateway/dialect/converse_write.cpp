#include "gateway/dialect/converse_write.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "gateway/dialect/converse_turns.h"
#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/hub_lost.h"
#include "gateway/dialect/hub_text.h"

namespace steelyard::dialect::converse {
namespace {

using hub::Effort;
using hub::Loss;
using hub::Thinking;

constexpr std::int64_t kBudgetMin = 1'024;     // Anthropic's own bound
constexpr std::int64_t kLimitUnsaid = 32'000;  // room for thoughts where no limit is given

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
        turns_(request, options, json_, scratch, dropped),
        dropped_(dropped) {}

  void write() {
    json_.open('{');
    limit_ = limit();
    plan_thinking();
    turns_.write(asks_json_by_words());
    inference();
    tools();
    additional();
    output_config();
    rest();
    json_.close('}');
  }

 private:
  std::int64_t limit() const {
    std::int64_t limit =
        std::max(request_.max_tokens.tokens, request_.max_completion_tokens.tokens);
    const std::int64_t cap = options_.output_tokens_cap;
    if (cap > 0) limit = limit == 0 ? cap : std::min(limit, cap);
    if (request_.max_tokens.zero) limit = 1;  // "only fill the cache": as little as there is
    return limit;
  }

  // What the client asked for, in the one way this model takes it.
  void plan_thinking() {
    const bool asked = request_.effort != Effort::unset || request_.thinking != Thinking::unset;
    if (!asked) return;
    const bool off = request_.thinking == Thinking::off || request_.effort == Effort::none;
    const bool claude = options_.is_claude;
    const bool none = options_.thinking == ThinkingStyle::none ||
                      (claude && options_.claude.thinking == anthropic::ThinkingStyle::none);
    if (none) {
      if (!off) dropped_.add(Loss::reasoning);
      return;
    }
    if (off) {
      if (!claude || options_.claude.can_disable_thinking)
        plan_ = Thinking::off;
      else
        dropped_.add(Loss::reasoning);
      return;
    }
    effort_ = request_.effort;
    if (effort_ == Effort::unset && request_.thinking == Thinking::budget)
      effort_ = effort_of(request_.thinking_budget);
    if (claude) return plan_claude();
    plan_ = Thinking::adaptive;
    if (request_.thinking == Thinking::budget) dropped_.add(Loss::reasoning);
  }

  void plan_claude() {
    const bool forced =
        request_.tool_choice == ToolChoice::required || request_.tool_choice == ToolChoice::named;
    if (forced && options_.claude.forced_tool_choice) {
      effort_ = Effort::unset;
      return dropped_.add(Loss::reasoning);
    }
    if (options_.claude.thinking == anthropic::ThinkingStyle::adaptive) {
      plan_ = Thinking::adaptive;
      if (effort_ == Effort::minimal) effort_ = Effort::low;
      if (request_.thinking == Thinking::budget) dropped_.add(Loss::reasoning);
      return;
    }
    budget_ =
        request_.thinking_budget > 0 ? request_.thinking_budget : anthropic::budget_of(effort_);
    if (budget_ == 0) budget_ = anthropic::budget_of(Effort::medium);
    effort_ = Effort::unset;
    // The budget is part of maxTokens and must leave room for the answer.
    if (limit_ == 0) limit_ = std::max(kLimitUnsaid, 2 * budget_);
    budget_ = std::min(std::max(budget_, kBudgetMin), limit_ / 2);
    if (budget_ < kBudgetMin || turns_.calls_without_thinking()) {
      budget_ = 0;
      return dropped_.add(Loss::reasoning);
    }
    plan_ = Thinking::budget;
  }

  static Effort effort_of(std::int64_t budget) {
    if (budget <= 4'096) return Effort::low;
    return budget <= 8'192 ? Effort::medium : Effort::high;
  }

  bool has_schema() const {
    return request_.format == ResponseFormat::json_schema && options_.structured_output &&
           !request_.schema.empty();
  }

  bool asks_json_by_words() {
    if (request_.format == ResponseFormat::text) return false;
    if (request_.format == ResponseFormat::other) {
      dropped_.add(Loss::response_format);
      return false;
    }
    if (has_schema()) return false;
    dropped_.add(Loss::response_format);
    return true;
  }

  void inference() {
    const bool thinks = plan_ == Thinking::adaptive || plan_ == Thinking::budget;
    const bool sampling = !options_.is_claude || (options_.claude.sampling && !thinks);
    json_.key("inferenceConfig").open('{');
    if (limit_ > 0) json_.field_number("maxTokens", limit_);
    if (sampling) {
      const bool high = options_.is_claude && above_one(request_.temperature);
      if (high) dropped_.add(Loss::temperature);
      json_.given_raw("temperature", high ? "1" : request_.temperature);
      json_.given_raw("topP", request_.top_p);
    } else {
      if (!request_.temperature.empty()) dropped_.add(Loss::temperature);
      if (!request_.top_p.empty()) dropped_.add(Loss::top_p);
    }
    top_k_ = sampling && !options_.top_k_key.empty();
    if (!request_.top_k.empty() && !top_k_) dropped_.add(Loss::top_k);
    stops();
    json_.close('}');
  }

  void stops() {
    bool any = false;
    for (const std::string_view stop : request_.stops) {
      if (hub::is_blank(stop)) {
        dropped_.add(Loss::stop);
        continue;
      }
      if (!any) json_.key("stopSequences").open('[');
      any = true;
      json_.escaped(stop);
    }
    if (any) json_.close(']');
  }

  // Calls in the history without tools are refused: those that were called are declared then.
  void tools() {
    const auto native = [](const hub::Tool& t) { return t.kind == hub::ToolKind::native; };
    if (std::any_of(request_.tools.begin(), request_.tools.end(), native))
      dropped_.add(Loss::tools);
    const bool declared = !std::all_of(request_.tools.begin(), request_.tools.end(), native);
    const auto used = [](const hub::Part& p) {
      return p.kind == hub::PartKind::tool_use || p.kind == hub::PartKind::tool_result;
    };
    const bool history = std::any_of(request_.parts.begin(), request_.parts.end(), used);
    if (!request_.tool_choice_raw.empty()) dropped_.add(Loss::tool_choice);
    if (!declared && !history) return;
    json_.key("toolConfig").open('{').key("tools").open('[');
    for (const hub::Tool& one : request_.tools)
      if (!native(one)) tool(one);
    if (!declared) called_tools();
    json_.close(']');
    if (declared) tool_choice();
    json_.close('}');
    if (request_.parallel_tools == hub::Tristate::no) dropped_.add(Loss::parallel_tool_calls);
  }

  void tool(const hub::Tool& one) {
    json_.open('{').key("toolSpec").open('{').field("name", one.name);
    if (!hub::is_blank(one.description)) json_.field("description", one.description);
    json_.key("inputSchema").open('{').key("json");
    if (one.kind == hub::ToolKind::custom) {
      dropped_.add(Loss::tools);  // its grammar
      json_.raw(hub::custom_tool_schema);
    } else {
      json_.raw(one.schema.empty() ? R"({"type":"object","properties":{}})" : one.schema);
    }
    json_.close('}');
    if (one.strict == hub::Tristate::yes && options_.structured_output)
      json_.field_bool("strict", true);
    json_.close('}').close('}');
    turns_.cache_point(one.cache);
  }

  void called_tools() {
    std::vector<std::string_view> known;
    for (const hub::Part& part : request_.parts) {
      const bool fresh = part.kind == hub::PartKind::tool_use &&
                         std::find(known.begin(), known.end(), part.name) == known.end();
      if (!fresh) continue;
      known.push_back(part.name);
      hub::Tool made;
      made.name = part.name;
      tool(made);
    }
    if (!known.empty()) return;
    hub::Tool made;  // results of calls that are not shown
    made.name = "tool";
    tool(made);
  }

  void tool_choice() {
    const ToolChoice choice = request_.tool_choice;
    const bool forced = choice == ToolChoice::required || choice == ToolChoice::named;
    const bool refused = options_.is_claude && !options_.claude.forced_tool_choice;
    if (choice == ToolChoice::none || (forced && refused)) return dropped_.add(Loss::tool_choice);
    if (choice == ToolChoice::unset) return;
    json_.key("toolChoice").open('{');
    if (choice == ToolChoice::required)
      json_.field_raw("any", "{}");
    else if (choice == ToolChoice::named)
      json_.key("tool").open('{').field("name", request_.tool_choice_name).close('}');
    else
      json_.field_raw("auto", "{}");
    json_.close('}');
  }

  void additional() {
    const bool thinks = plan_ == Thinking::adaptive || plan_ == Thinking::budget;
    const bool top_k = top_k_ && !request_.top_k.empty();
    const bool says = plan_ == Thinking::off ? options_.is_claude : thinks;
    if (!says && !top_k) return;
    json_.key("additionalModelRequestFields").open('{');
    if (top_k) json_.field_raw(options_.top_k_key, request_.top_k);
    if (says) thinking();
    json_.close('}');
  }

  void thinking() {
    switch (options_.thinking) {
      case ThinkingStyle::claude:
        json_.key("thinking").open('{');
        if (plan_ == Thinking::off) json_.field("type", "disabled");
        if (plan_ == Thinking::adaptive) json_.field("type", "adaptive");
        if (plan_ == Thinking::budget)
          json_.field("type", "enabled").field_number("budget_tokens", budget_);
        json_.close('}');
        return;
      case ThinkingStyle::reasoning_effort: json_.field("reasoning_effort", level()); return;
      case ThinkingStyle::nova:
        json_.key("reasoningConfig").open('{').field("type", "enabled");
        json_.field("maxReasoningEffort", level()).close('}');
        return;
      case ThinkingStyle::none: return;
    }
  }

  std::string_view level() const {
    if (effort_ == Effort::minimal || effort_ == Effort::low) return "low";
    return effort_ == Effort::medium || effort_ == Effort::unset ? "medium" : "high";
  }

  void output_config() {
    const bool effort = options_.is_claude && effort_ != Effort::unset;
    if (!effort && !has_schema()) return;
    json_.key("outputConfig").open('{');
    if (effort) json_.field("effort", hub::name_of(effort_));
    if (has_schema()) {
      json_.key("textFormat").open('{').field("type", "json_schema").key("structure").open('{');
      json_.key("jsonSchema").open('{').key("schema").text(request_.schema);
      json_.given("name", request_.schema_name).given("description", request_.schema_description);
      json_.close('}').close('}').close('}');
      if (request_.schema_strict == hub::Tristate::no) dropped_.add(Loss::schema_details);
    }
    json_.close('}');
  }

  void rest() {
    if (!request_.user.empty()) dropped_.add(Loss::user);
    // All that Anthropic's holds is the user's id.
    if (!request_.metadata.empty() && request_.wire != hub::Wire::anthropic)
      dropped_.add(Loss::metadata);
    if (!request_.cache.empty()) dropped_.add(Loss::cache_control);
    if (!request_.cache_key.empty()) dropped_.add(Loss::prompt_cache_key);
    const std::string_view tier = request_.service_tier;
    if (tier == "flex" || tier == "priority" || tier == "default")
      json_.key("serviceTier").open('{').field("type", tier).close('}');
    else if (tier == "standard_only")
      json_.key("serviceTier").open('{').field("type", "default").close('}');
    else if (!tier.empty() && tier != "auto")
      dropped_.add(Loss::service_tier);
    for (const hub::Extra& extra : request_.extras)
      hub::lose_extra(extra, dropped_, options_.lost_fields);
  }

  const hub::Request& request_;
  const WriteOptions& options_;
  hub::PieceWriter json_;
  TurnWriter turns_;
  hub::Dropped& dropped_;
  std::int64_t limit_ = 0, budget_ = 0;
  Thinking plan_ = Thinking::unset;
  Effort effort_ = Effort::unset;
  bool top_k_ = false;
};

}  // namespace

Result<void> RequestWriter::write(const hub::Request& request, const WriteOptions& options,
                                  std::string& out, hub::Dropped& dropped) {
  if (const Result<void> one = hub::refuse_choices(request, "Bedrock's interface"); !one)
    return one;
  BodyWriter(request, options, out, scratch_, dropped).write();
  return {};
}

}  // namespace steelyard::dialect::converse
